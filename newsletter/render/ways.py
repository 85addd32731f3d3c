"""Addresses that act: letters and messages ready to send, calls, maps, shares, gifts.

All are plain links.  None holds anything about a reader but the language of
the edition, and none goes through a service that counts.

Source: RFC 6068 (mailto; §5: lines end in ``%0D%0A``), RFC 3966 (tel), RFC 5724
(sms), RFC 5870 (geo), and what each service documents as its address for sharing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit, urlunsplit

from newsletter.content.contacts import dialled
from newsletter.content.event import coordinates
from newsletter.content.markup import paragraphs, to_text
from newsletter.content.parts import DonationQuery, LetterDraft, Way
from newsletter.content.placeholders import fill_marks, to_marks

CRLF = "\r\n"


class MapService(StrEnum):
    """What opens when a reader follows a link to a place."""

    OPENSTREETMAP = "openstreetmap"
    GEO = "geo"


@dataclass(frozen=True, slots=True)
class Donations:
    """What a donation page calls things in the query of its address; an empty name is left out.

    ``monthly`` is a whole ``name=value``.
    """

    amount: str = "amount"
    locale: str = "locale"
    monthly: str = "monthly=1"

    def named(self, own: DonationQuery | None) -> Donations:
        """The names of one appeal, which may have some of its own."""
        if own is None:
            return self
        return Donations(
            self.amount if own.amount is None else own.amount,
            self.locale if own.locale is None else own.locale,
            self.monthly if own.monthly is None else own.monthly,
        )


def donation_url(url: str, names: Donations, locale: str, amount: int | None = None, *, monthly: bool = False) -> str:
    """The donation page for one amount, in the readers' language.

    What the address has already stays, but for parameters of the same names,
    which are replaced; so does a fragment.  An address that is no web page
    stays as it is.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    wanted = [names.monthly] if monthly and names.monthly else []
    wanted += [f"{names.locale}={locale}"] if names.locale else []
    wanted += [f"{names.amount}={amount}"] if names.amount and amount is not None else []
    own = {pair.partition("=")[0] for pair in wanted}
    kept = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] not in own]
    return urlunsplit(parts._replace(query="&".join((*kept, *reversed(wanted)))))


def phone_url(number: str) -> str:
    """What dials a number."""
    return f"tel:{dialled(number)}"


def map_url(place: str, service: MapService) -> str:
    """The place on a map: coordinates by ``service``, an address of a map as it is."""
    point = coordinates(place)
    if point is None:
        return place
    latitude, longitude = (f"{degrees:.6f}".rstrip("0").rstrip(".") for degrees in point)
    if service is MapService.GEO:
        return f"geo:{latitude},{longitude}"
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


def letter_url(letter: LetterDraft) -> str:
    """A letter that opens in the reader's mail program, ready to be changed and sent."""
    return mailto(letter.to, letter.subject, CRLF.join(letter_lines(letter)))


def letter_lines(letter: LetterDraft) -> list[str]:
    """The words of a letter as lines, with empty ones between paragraphs."""
    lines: list[str] = []
    for piece in paragraphs(letter.body):
        lines += [""] if lines else []
        for first, rest, text in to_text(piece).paragraphs:
            lines += [f"{rest if number else first}{line}" for number, line in enumerate(_plain(text).split("\n"))]
    return lines


def mailto(to: Sequence[str], subject: str, body: str) -> str:
    """A ``mailto:`` address.  ``body`` has its lines ended by CRLF."""
    people = ",".join(quote(address, safe="@") for address in to)
    return f"mailto:{people}?subject={_encoded(_plain(subject))}&body={_encoded(body)}"


def share_url(way: Way, text: str, url: str) -> str:
    """What passes ``text`` and ``url`` on by one way, after the reader has chosen to whom."""
    text = _plain(text)
    both, page = _encoded(f"{text} {url}"), _encoded(url)
    match way:
        case Way.WHATSAPP:
            return f"https://wa.me/?text={both}"
        case Way.SMS:
            return f"sms:?&body={both}"  # iPhones read what follows "&", Android what follows "?"
        case Way.EMAIL:
            return mailto((), text, f"{text}{CRLF}{CRLF}{url}{CRLF}")
        case Way.FACEBOOK:
            return f"https://www.facebook.com/sharer/sharer.php?u={page}"
        case Way.BLUESKY:
            return f"https://bsky.app/intent/compose?text={both}"
        case Way.TELEGRAM:
            return f"https://t.me/share/url?url={page}&text={_encoded(text)}"


def _plain(text: str) -> str:
    """Text with the fall-backs of placeholders: no address may depend on the reader."""
    return fill_marks(to_marks(text), lambda _field, fallback: fallback)


def _encoded(text: str) -> str:
    return quote(text, safe="")
