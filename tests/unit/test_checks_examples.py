"""Every check by an example in which it must speak and one in which it must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from newsletter.content.load import LoadedIssue
from newsletter.content.placeholders import mark
from newsletter.i18n.checks.edition import Rules, check_edition
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.glossary import Glossary, read_glossary
from newsletter.i18n.waivers import Waiver, Waivers
from newsletter.render.links import UNSUBSCRIBE_FIELD
from newsletter.render.quality.look import look_over
from newsletter.render.quality.remarks import Quality
from newsletter.render.rendered import Rendered
from tests.integration.test_check_links import EXAMPLES as FOLLOWED

from .helpers import ROOT, body_issue, catalog_of, edition_of, issue_of, rendered

# Translations: the source, what must be found, what must pass.

PAIRS: dict[Check, tuple[str, str, str]] = {
    Check.MISSING: ("We won.", "", "Ganamos."),
    Check.FUZZY: ("We won.", "fuzzy:Ganamos.", "Ganamos."),
    Check.PLURAL_FORMS: (
        "count:Now {count|one farm|# farms}.",
        "Ahora {count|un rancho}.",
        "Ahora {count|un rancho|# ranchos}.",
    ),
    Check.PLACEHOLDERS: ("Dear {first_name|friend}!", "¡Hola!", "¡Hola, {first_name|compa}!"),
    Check.LINKS: (
        "See [us](https://example.org/a).",
        "Visita [nuestra página](https://example.org/b).",
        "Visita [nuestra página](https://example.org/a).",
    ),
    Check.MARKDOWN: ("We **won** today.", "Hoy ganamos.", "Hoy **ganamos**."),
    Check.EDGE_SPACE: ("We won.", "Ganamos. ", "Ganamos."),
    Check.TOO_LONG: ("label:Tell us", f"Cuéntanos {'todo ' * 9}", "Cuéntanos"),
    Check.NUMBERS: ("There are 1,300 letters.", "Hay 13.000 cartas.", "Hay 1.300 cartas."),
    Check.AMOUNTS: ("Give $25 today.", "Da 25 euros hoy.", "Da 25 dólares hoy."),
    Check.DATES: ("Come on June 10.", "Ven el 10 de julio.", "Ven el 10 de junio."),
    Check.TIMES: ("Doors open at 6 PM.", "Abrimos a las 7 de la tarde.", "Abrimos a las 6 de la tarde."),
    Check.UNTRANSLATED: ("Read more about the law.", "Read more about the law.", "Lee más sobre la ley."),
    Check.INVERTED_MARKS: ("Are you coming?", "Vienes?", "¿Vienes?"),
    Check.GLOSSARY: ("Migrant Justice won.", "Ganaron los Migrantes Justos.", "Justicia Migrante ganó."),
    Check.FORM_OF_ADDRESS: ("You can.\n\nWrite to us.", "Puedes.\n\nEscríbanos.", "Puedes.\n\nEscríbenos."),
    Check.EMPHASIS: ("We *won* today.", "Hoy ganamos.", "Hoy *ganamos*."),
    Check.DOUBLE_SPACE: ("We won today.", "Hoy  ganamos.", "Hoy ganamos."),
    Check.FINAL_PUNCTUATION: ("We won today.", "Hoy ganamos", "Hoy ganamos."),
    Check.OTHER_LANGUAGE_LINK: (
        "See [us](https://example.org/en/a).",
        "Visita [nuestra página](https://example.org/en/a).",
        "Visita [nuestra página](https://example.org/es/a).",
    ),
    Check.LINK_ORDER: (
        "[One](https://example.org/1), [two](https://example.org/2).",
        "[Uno](https://example.org/2), [dos](https://example.org/1).",
        "[Uno](https://example.org/1), [dos](https://example.org/2).",
    ),
    Check.SHORTENED: (
        "We won today. Nobody was alone. Come and see.",
        "Hoy ganamos. Ven a ver.",
        "Hoy ganamos: nadie estuvo a solas. Ven a verlo.",
    ),
    Check.VALUE_ORDER: (
        "From $20 to $30 an hour.",
        "De 30 a 20 dólares la hora.",
        "De 20 a 30 dólares la hora.",
    ),
    Check.READING_LEVEL: (
        "Long.",
        "La institucionalización interdepartamental imposibilitaba sistemáticamente la participación comunitaria "
        "responsabilizada, contrariamente a recomendaciones internacionales mayoritariamente consensuadas. "
        * 8
        + "Fin.",
        "Hoy la ley dice que no. " * 30 + "Fin.",
    ),
    Check.STALE_WAIVER: ("We won.", "waived:Ganamos.", "Ganamos."),
}
HEAD = {"Victory": "Victoria", "One more line": "Una línea más"}


def found_between(source: str, target: str) -> set[str]:
    if source.startswith("label:"):
        loaded = issue_of(
            {"type": "story", "id": "a", "title": "Victory", "body": "Victory", "link": _link(source[6:])}
        )
        texts = {source[6:]: target}
    elif source.startswith("count:"):
        action = {"type": "action", "id": "a", "kind": "share", "title": source[6:], "count": 2}
        loaded = issue_of(action | {"targets": [_link("Victory")]})
        texts = {source[6:]: target}
    else:
        loaded = body_issue(*source.split("\n\n"))
        texts = dict(zip(source.split("\n\n"), target.split("\n\n"), strict=True))
    catalog = catalog_of(loaded, {**HEAD, **{one: other.rpartition(":")[2] for one, other in texts.items()}})
    for one, other in texts.items():
        entry = next(entry for entry in catalog if entry.msgid == one)
        entry.msgstr = other.removeprefix("fuzzy:").removeprefix("waived:")
        entry.flags += ["fuzzy"] if other.startswith("fuzzy:") else []
    waivers = Waivers()
    if "waived:" in target:
        waiver = {"issue": "x", "locale": "es", "context": "a.body", "check": "numbers", "reason": "why", "hash": "0"}
        waivers = Waivers(entries=((Waiver.model_validate(waiver), 1),))
    rules = Rules(glossary=glossary(), waivers=waivers)
    return {finding.code for finding in check_edition(loaded, "es", catalog, rules, "es.po")}


def glossary() -> Glossary:
    return read_glossary(ROOT / "locales" / "glossary.csv", "glossary.csv", ("en", "es"))


@pytest.mark.parametrize("check", list(Check))
def test_check_of_translations_finds_what_it_is_for_and_no_more(check: Check) -> None:
    source, wrong, right = PAIRS[check]
    assert check in found_between(source, wrong)
    assert found_between(source, right) == set()


# Quality: an issue and what becomes of its page.


def _link(label: str, url: str = "https://example.org/a") -> dict[str, str]:
    return {"label": label, "url": url}


def text(body: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "id": "a", "body": body}


def story(label: str, url: str = "https://example.org/a", name: str = "a") -> dict[str, Any]:
    """A block with a button."""
    return {"type": "story", "id": name, "title": "What happened", "body": "We won.", "link": _link(label, url)}


def letter(body: str) -> dict[str, Any]:
    """A letter to send."""
    words = {"to": ["director@example.org"], "subject": "Por favor, libere a Eli", "body": body}
    return {"type": "action", "id": "a", "kind": "letter", "title": "Write to the director", "letter": words}


def picture(alt: str, caption: str = "", **more: Any) -> dict[str, Any]:
    """A picture on its own."""
    image = {"src": "https://example.org/march.png", "alt": alt, "caption": caption}
    return {"type": "image", "id": "a", "image": image, **more}


@dataclass(frozen=True)
class Case:
    """An issue, and what is done to its page before it is looked over."""

    blocks: tuple[dict[str, Any], ...] = (text("We won. " * 60),)
    subject: str = "Victory"
    preheader: str = "The law was signed, and now it comes to every town."
    change: Callable[[Rendered], Rendered] = lambda made: made

    def codes(self) -> set[str]:
        """What is found."""
        loaded: LoadedIssue = issue_of(*self.blocks, subject=self.subject, preheader=self.preheader)
        made = self.change(rendered(loaded))
        return {remark.code for remark in look_over(edition_of(loaded), made, "1 Main Street, Anytown")}


def _without(what: str) -> Callable[[Rendered], Rendered]:
    return lambda made: replace(made, html=made.html.replace(what, ""), text=made.text.replace(what, ""))


def _as_heavy_as(size: int, at: str = "<body") -> Callable[[Rendered], Rendered]:
    def padded(html: str) -> str:
        return html.replace(at, " " * (size - len(html.encode())) + at, 1)

    return lambda made: replace(made, html=padded(made.html))


MARCH = "A crowd with banners before the State House."
CASES: dict[Quality, tuple[Case, Case]] = {
    Quality.NO_UNSUBSCRIBE: (Case(change=_without(mark(UNSUBSCRIBE_FIELD))), Case()),
    Quality.NO_POSTAL_ADDRESS: (Case(change=_without("1 Main Street, Anytown")), Case()),
    Quality.MISLEADING_LINK: (
        Case((text("Read [example.org/law](https://example.com/law)."),)),
        Case((text("Read [example.org/law](https://www.example.org/law)."),)),
    ),
    Quality.CLIPPED: (Case(change=_as_heavy_as(101_000)), Case(change=_as_heavy_as(101_000, at="</body"))),
    Quality.OVER_BUDGET: (Case(change=_as_heavy_as(90_001)), Case(change=_as_heavy_as(90_000))),
    Quality.MOSTLY_PICTURES: (Case((picture(MARCH),)), Case((picture(MARCH), text("We won. " * 60) | {"id": "b"}))),
    Quality.HEADING_ORDER: (Case((text("## Why\n\nBecause."),)), Case((text("Hello.") | {"title": "Why"},))),
    Quality.NO_ALT: (Case((picture("", link="https://example.org/a"),)), Case((picture("", caption="The march"),))),
    Quality.ALT_FILE_NAME: (Case((picture("IMG_2031.jpg"),)), Case((picture(MARCH),))),
    Quality.ALT_LONG: (Case((picture("A crowd. " * 30),)), Case((picture(MARCH),))),
    Quality.ALT_REPEATS: (Case((picture(MARCH, MARCH),)), Case((picture(MARCH, "May 30, Montpelier"),))),
    Quality.ALT_ANNOUNCES: (Case((picture("Picture of a crowd"),)), Case((picture("A crowd"),))),
    Quality.SUBJECT_LONG: (Case(subject="A word " * 10 + "more"), Case(subject="A word " * 9)),
    Quality.PREHEADER_LONG: (Case(preheader="A word more. " * 11), Case(preheader="A word more. " * 10)),
    Quality.PREHEADER_SHORT: (Case(preheader="Now read on."), Case()),
    Quality.PREHEADER_REPEATS: (
        Case(subject="Victory: the law was signed", preheader="Victory! The law was signed, and more to read."),
        Case(subject="Victory: the law was signed"),
    ),
    Quality.SHOUTING: (
        Case(subject="VICTORY TODAY FOR FARMWORKERS"),
        Case(subject="ICE, USDA and the DMV: what Vermont’s NO POLIMIGRA says"),
    ),
    Quality.EXCLAMATIONS: (Case((text("We won!! " + "And so on. " * 50),)), Case((text("¡Ganamos! We won! " * 30),))),
    Quality.FILTER_WORDS: (
        Case((text("Say: Hello, my name is {first_name|…}."),)),
        Case((text("Dear {first_name|friends}, say: Hello, I’m {first_name|…}."),)),
    ),
    Quality.LETTER_LONG: (Case((letter("Déjenlo volver aquí. " * 56),)), Case((letter("Let him come home. " * 62),))),
    Quality.VAGUE_LINK: (Case((story("Read more"),)), Case((story("Read the ruling"),))),
    Quality.SAME_WORDS: (
        Case((story("Sign the petition"), story("Sign the petition", "https://example.org/b", "b"))),
        Case((story("Sign the petition"), story("Sign the petition", name="b"))),
    ),
    Quality.BARE_ADDRESS: (
        Case((text("See <https://example.org/a-very-long-address/that-nobody-reads>."),)),
        Case((text("See <https://example.org/law>."),)),
    ),
    Quality.INSECURE_LINK: (Case((story("Read it all", "http://example.org/a"),)), Case((story("Read it all"),))),
    Quality.SHORT_LINK: (Case((story("Sign it", "https://bit.ly/x1"),)), Case((story("Sign it"),))),
    Quality.TRACKED_LINK: (
        Case((story("Sign it", "https://example.org/a?utm_source=news&x=1"),)),
        Case((story("Sign it", "https://example.org/a?source=2"),)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("check", list(CASES))
def test_check_of_quality_finds_what_it_is_for_and_not_its_neighbour(check: Quality) -> None:
    wrong, right = CASES[check]
    assert check in wrong.codes()
    assert check not in right.codes()


def test_every_check_has_its_pair_of_examples() -> None:
    assert set(PAIRS) == set(Check)
    pictured = {Quality.PICTURE_SMALL, Quality.PICTURE_HEAVY}  # test_picture_files.py, from files
    assert {*CASES, *FOLLOWED} | pictured == set(Quality)
