"""What ``newsletter i18n check`` costs: 500, 1,000 and 2,000 messages of 500 characters, which must be linear.

``.venv/bin/python -m tests.bench.i18n_check``.  The target is 2,000 in under
3 seconds (issue 4).  Measured twice: as newsletters are, with one paragraph in
four full of dates, amounts, links and terms; and with all of them so.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time

import polib

from newsletter.content.blocks import Text
from newsletter.content.load import LoadedIssue
from newsletter.content.schema import Issue
from newsletter.i18n.checks.edition import Rules, check_edition
from newsletter.i18n.glossary import Glossary
from newsletter.i18n.messages import messages

SIZES = (500, 1_000, 2_000)  # messages
BLOCKS = 20  # of an issue; the messages are its paragraphs
RUNS = 5
SOURCE = (
    "On Monday, June 10, at 6 PM, **{number} people** of Migrant Justice met in Burlington; nearly 1,300 had written "
    "[a letter](https://example.org/letters/{number}). “¡Ya basta!” they said, and asked for $15 an hour, three days "
    "of rest and a house that is warm in winter. By 2018 more than 70% of the farms had signed, and you can help us to "
    "win the rest: come to the meeting, bring a friend, call your senator and tell them what you have seen. It takes "
    "two minutes, and nobody else can do it for you. See you on the {number}th of July!"
)
TARGET = (
    "El lunes 10 de junio, a las 6 de la tarde, **{number} personas** de Justicia Migrante se reunieron en Burlington; "
    "casi 1300 habían escrito [una carta](https://example.org/letters/{number}). “¡Ya basta!”, dijeron, y pidieron 15 "
    "dólares la hora, tres días de descanso y una casa caliente en invierno. Para 2018 había firmado más del 70 % de "
    "los ranchos, y tú puedes ayudarnos a ganar el resto: ven a la reunión, trae a alguien, llama a tu senador y "
    "cuenta lo que has visto. Toma dos minutos y nadie más puede hacerlo por ti. ¡Nos vemos el {number} de julio!"
)
PROSE = (
    "Before there is milk in the glass, somebody has to milk the cows. Paragraph {number} is about them: about people "
    "who rise in the dark, who send money to their mothers, and who decided that they would no longer be silent. They "
    "told their story to anyone who would listen, in kitchens and in barns, and little by little others joined. Nobody "
    "asked for a gift. They asked for what the law promises to everyone, and for a place at the table where it is "
    "decided how the work is done. That is why we are still here."
)
PROSE_TARGET = (
    "Para que haya leche en el vaso, alguien tiene que ordeñar las vacas. El párrafo {number} habla de esa gente: de "
    "quienes se levantan a oscuras, mandan dinero a sus madres y decidieron que ya no iban a callar. Contaron su "
    "historia a quien quisiera oírla, en cocinas y en establos, y poco a poco se sumaron los demás. Nadie pidió un "
    "regalo. Pidieron lo que la ley promete a todo el mundo y un lugar en la mesa donde se decide cómo se hace el "
    "trabajo. Por eso seguimos aquí."
)
GLOSSARY = Glossary(
    (
        ("Migrant Justice", {"en": ("Migrant Justice",), "es": ("Justicia Migrante",)}),
        ("¡Ya basta!", {"en": ("¡Ya basta!",), "es": ("¡Ya basta!",)}),
    )
)


def edition(size: int, *, one_in: int) -> tuple[LoadedIssue, polib.POFile]:
    """An issue of ``size`` paragraphs, ``one_in`` so many full of values, with a translation that agrees."""
    translations = {"News": "Noticias", "More news": "Más noticias"}
    for number in range(100, 100 + size):
        source, target = (SOURCE, TARGET) if number % one_in == 0 else (PROSE, PROSE_TARGET)
        translations[source.format(number=number)] = target.format(number=number)
    paragraphs, each = list(translations)[2:], size // BLOCKS
    texts = tuple(  # longer than a text may be in a file, so they are built without being checked
        Text.model_construct(type="text", id=f"b{n}", body="\n\n".join(paragraphs[n * each : (n + 1) * each]))
        for n in range(BLOCKS)
    )
    issue = Issue.model_construct(
        source_locale="en", date=dt.date(2019, 6, 3), subject="News", preheader="More news", blocks=texts
    )
    catalog = polib.POFile(wrapwidth=0)
    for line, message in enumerate(messages(issue, "es"), 1):
        entry = polib.POEntry(msgctxt=message.context, msgid=message.text, msgstr=translations[message.text])
        entry.linenum = line
        catalog.append(entry)
    return LoadedIssue("bench", issue), catalog


def main() -> None:
    """Measure and print; exit 1 when there are findings, since then something else is measured."""
    for told, one_in in (("one paragraph in four full of values", 4), ("every paragraph full of values", 1)):
        print(told)  # noqa: T201
        for size in SIZES:
            loaded, catalog = edition(size, one_in=one_in)
            rules = Rules(glossary=GLOSSARY)
            times = []
            for _run in range(RUNS):
                started = time.process_time()
                findings = check_edition(loaded, "es", catalog, rules, "x.po")
                times.append(time.process_time() - started)
                if findings:
                    sys.exit(str(findings[0]))
            middle = statistics.median(times)
            low, high = min(times), max(times)
            each = middle / size * 1e3
            print(f"{size:>6,} messages  {middle:5.2f} s ({low:.2f} to {high:.2f})  {each:.2f} ms each")  # noqa: T201


if __name__ == "__main__":
    main()
