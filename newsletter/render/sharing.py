"""What people pass on by WhatsApp or SMS, and how many messages it takes.

An SMS has 140 octets: 160 letters of GSM's own alphabet, or 70 of any other
(UCS-2) as soon as one letter is not in it.  Longer texts go as several, each a
little shorter.  So typographic signs are written plainly where that alone
keeps a text in the small alphabet; accents stay, since they are spelling.

Source: 3GPP TS 23.038 §6.2.1 (the alphabet), TS 23.040 §9.2.3.24.1 (parts);
the addresses as WhatsApp documents them, and RFC 5724.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from newsletter.render.facts import Facts

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # after an escape, so each counts twice
_PLAIN = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "‘": "'",
        "’": "'",
        "–": "-",
        "—": "-",
        "…": "...",
        "\u00a0": " ",
    }
)


class Alphabet(StrEnum):
    """How a phone encodes a text."""

    GSM = "GSM 7-bit"
    UCS2 = "UCS-2"


# alphabet → units of a single SMS, and of each of several
_ROOM = {Alphabet.GSM: (160, 153), Alphabet.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Shared:
    """A text to pass on, with its size: bytes of UTF-8, units of the alphabet, messages."""

    text: str
    alphabet: Alphabet
    units: int
    messages: int

    @property
    def bytes(self) -> int:
        """As WhatsApp and data plans count."""
        return len(self.text.encode())


def share_text(subject: str, facts: Facts, page: str, now: dt.datetime) -> Shared:
    """What the edition is about, what one can do, and where it stands.  For WhatsApp and the like."""
    still_open = [ask.title for ask in facts.asks if not ask.is_over(now)]
    return measured("\n".join((subject, *still_open[:1], page)))


def sms_text(subject: str, page: str) -> Shared:
    """The same in short, in plain signs where that makes it shorter."""
    written = measured(f"{subject}\n{page}")
    simple = measured(f"{subject.translate(_PLAIN)}\n{page}")
    return simple if simple.alphabet is Alphabet.GSM else written


def measured(text: str) -> Shared:
    """A text with its size as an SMS."""
    if set(text) <= _BASIC | _EXTENDED:
        alphabet, sizes = Alphabet.GSM, [2 if char in _EXTENDED else 1 for char in text]
    else:
        alphabet, sizes = Alphabet.UCS2, [len(char.encode("utf-16-be")) // 2 for char in text]
    single, part = _ROOM[alphabet]
    units = sum(sizes)
    return Shared(text, alphabet, units, 1 if units <= single else _parts(sizes, part))


def _parts(sizes: Iterable[int], room: int) -> int:
    """How many parts: what takes two units is never cut in two."""
    parts, used = 1, 0
    for size in sizes:
        if used + size > room:
            parts, used = parts + 1, 0
        used += size
    return parts


def whatsapp_url(text: str) -> str:
    """Opens WhatsApp, which asks to whom."""
    return f"https://wa.me/?text={quote(text, safe='')}"


def sms_url(text: str) -> str:
    """Opens the program for text messages; iPhones read what follows "&", Android what follows "?"."""
    return f"sms:?&body={quote(text, safe='')}"
