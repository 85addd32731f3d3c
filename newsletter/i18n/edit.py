"""One message of a catalog, edited: only if it is still what the editor was looking at.

A *print* is what an entry says and whether it is finished, in a few digits.
Whoever edits keeps the print of what they saw; if the file says something else
by then, nothing is written.
"""

from __future__ import annotations

import hashlib

import polib

from newsletter.content.characters import FORBIDDEN, complaint
from newsletter.content.fields import TextKind, normal_text
from newsletter.i18n.catalog import State, state
from newsletter.i18n.messages import Message

DIGITS = 16  # hexadecimal digits: nobody forges a print
FUZZY = "fuzzy"


def print_of(entry: polib.POEntry | None) -> str:
    """The print of an entry; that of one which is not there is the print of an empty one."""
    found = state(entry)
    text = "" if entry is None or found is State.MISSING else entry.msgstr
    return hashlib.sha256(f"{found}\n{text}".encode()).hexdigest()[:DIGITS]


def tidy(kind: TextKind, text: str) -> str:
    """A text from a form as a catalog holds it: its line ends, and nothing around it."""
    return normal_text(kind, text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def refusal(text: str) -> str:
    """Why a text cannot stand in a catalog at all, which could not be read any more then; "" if it can."""
    found = FORBIDDEN.search(text)
    return complaint(found.group()) if found else ""


def put(entry: polib.POEntry, text: str, *, unsure: bool) -> None:
    """Give an entry this translation; unless somebody is unsure of it, it is finished."""
    entry.msgstr = text
    entry.flags = [flag for flag in entry.flags if flag != FUZZY]
    if unsure and text:
        entry.flags.append(FUZZY)
    elif entry.previous_msgid:
        entry.previous_msgid = None  # it translates the text as it is now


def find(catalog: polib.POFile, message: Message) -> polib.POEntry | None:
    """The living entry of a message."""
    return next(
        (
            entry
            for entry in catalog
            if not entry.obsolete and (entry.msgctxt or "", entry.msgid) == (message.context, message.text)
        ),
        None,
    )
