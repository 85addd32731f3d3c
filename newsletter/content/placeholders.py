"""Reader placeholders: ``{first_name|friend}`` in a text becomes the reader's own name.

The fall-back after the bar is what a reader without that field gets; it is
required, and is translated with the text around it.  ``{count}`` and ``{goal}``
are no reader placeholders: an edition replaces them by the block's numbers
before anything is rendered; ``{count|# letter|# letters}`` chooses among as
many plural forms as the language has, in the order of gettext.  Nothing else
in braces is allowed, so that no template syntax of any kind can reach a
renderer.

Inside the house a placeholder travels as a *mark*: OPEN field|fall-back CLOSE,
in two private-use characters which the YAML reader refuses in what staff
write (``source.py``).  So no text can forge a mark, and whoever escapes the
text around it escapes the fall-back for the same place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from newsletter.content.problems import Problem
from newsletter.errors import did_you_mean
from newsletter.wording import said

READER_FIELDS = ("first_name", "name")
NUMBERS = ("count", "goal")  # keys of a block
COUNTED = re.compile(r"\{(?P<number>" + "|".join(NUMBERS) + r")(?:\|(?P<forms>[^{}]*))?\}")
MAX_FORMS = 6  # as many as Arabic has
OPEN, CLOSE = "\ue000", "\ue001"

PLACEHOLDER = re.compile(r"\{(?P<field>" + "|".join(READER_FIELDS) + r")\|(?P<fallback>[^{}|]*[^{}|\s][^{}|]*)\}")
MARK = re.compile(OPEN + r"(?P<field>[a-z_]+)\|(?P<fallback>[^" + OPEN + CLOSE + "]*)" + CLOSE)
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{[^{}]*\}?|\}")


def check_placeholders(text: str) -> list[Problem]:
    """Report whatever stands in braces and is no known placeholder."""
    problems = []
    hint: str
    for found in _BRACES.finditer(text):
        piece = found.group()
        counted = COUNTED.fullmatch(piece)
        if PLACEHOLDER.fullmatch(piece) or (counted and _good_forms(counted["forms"])):
            continue
        if counted:
            hint = said(
                "give the words for one and for many, # being the number: %(example)s",
                example=f"{{{counted['number']}|# letter|# letters}}",
            )
            message = said("%(piece)s has no plural forms", piece=repr(piece))
            problems.append(Problem("bad-placeholder", message, hint, piece))
            continue
        name = piece.strip("{}%# ").partition("|")[0].strip()
        if name in READER_FIELDS:
            hint = said("give a fall-back for readers without one: %(example)s", example=f"{{{name}|friend}}")
            message = said("the placeholder %(piece)s has no fall-back", piece=repr(piece))
            problems.append(Problem("bad-placeholder", message, hint, piece))
        else:
            hint = did_you_mean(name, [*READER_FIELDS, *NUMBERS])
            message = said("unknown placeholder %(piece)s", piece=repr(piece))
            problems.append(Problem("unknown-placeholder", message, hint, piece))
    return problems


def _good_forms(forms: str | None) -> bool:
    if forms is None:
        return True
    each = forms.split("|")
    return 2 <= len(each) <= MAX_FORMS and all(form.strip() for form in each)  # noqa: PLR2004 - one and many


def write_numbers(
    text: str, numbers: Mapping[str, int], write: Callable[[int], str], choose: Callable[[int, Sequence[str]], str]
) -> str:
    """Put numbers where ``{count}`` and ``{goal}`` stand; ``write`` gives digits, ``choose`` a plural form."""

    def written(found: re.Match[str]) -> str:
        number = numbers.get(found["number"])
        if number is None:
            return found.group()
        forms = found["forms"]
        return write(number) if forms is None else choose(number, forms.split("|")).replace("#", write(number))

    return COUNTED.sub(written, text)


def mark(field: str, fallback: str = "") -> str:
    """The mark that a renderer leaves where ``field`` of the reader belongs."""
    return f"{OPEN}{field}|{fallback}{CLOSE}"


def to_marks(text: str) -> str:
    """Plain text in which every reader placeholder has become a mark."""
    return PLACEHOLDER.sub(lambda found: mark(found["field"], found["fallback"]), text)


def fill_marks(text: str, value: Callable[[str, str], str]) -> str:
    """Replace every mark by ``value(field, fallback)``, which escapes for the place it stands in."""
    return MARK.sub(lambda found: value(found["field"], found["fallback"]), text)
