"""Edition → message template with slots; template + reader → the bytes that go over the wire.

An edition is encoded once: multipart/alternative, quoted-printable, CRLF.  The
pictures that its page carries become parts beside the page, in base64; a file
with its events is attached behind all that, in a multipart/mixed.  A reader's
values are filled into slots between segments that are already bytes, each
escaped for the place it stands in.  A slot is set between two soft line breaks,
so that no value can make a line too long.

The bytes are ready for DATA as they are: lines end in CRLF, none begins with a
dot and none is longer than 78 octets but for a long List-Unsubscribe (at most
998).  Source: RFC 5322 §2.1.1; RFC 2045 §6.7; RFC 2369 and RFC 8058 (List-…);
RFC 2387 and RFC 2392 (pictures beside their page); RFC 6047 §2.4 (events).
"""

from __future__ import annotations

import binascii
import datetime as dt
import email.utils
import hashlib
import html
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.quoprimime import body_encode
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote

from newsletter.audience.subscribers import Addressee, clean_text
from newsletter.audience.tokens import Tokens
from newsletter.content.placeholders import MARK, fill_marks
from newsletter.delivery.headers import address_field, encode_text, list_field
from newsletter.errors import TemplateError
from newsletter.i18n.locales import content_language
from newsletter.render.links import PREFERENCES_FIELD, UNSUBSCRIBE_FIELD
from newsletter.render.pictures import place_media, without_media
from newsletter.render.rendered import Rendered
from newsletter.wording import said

MAX_FILLED = 80  # characters of a reader's value in a text; a name longer than that is a joke or an attack
MAX_LINE = 998  # octets without CRLF; RFC 5322 §2.1.1
SMALL = 4096  # octets of pieces that are joined: to hand each to the operating system would cost more
LINE = 72  # columns of quoted-printable, so that an encoded leading dot still fits in 76
# An attachment, and no alternative to the words.
CALENDAR_HEAD = (
    b'Content-Type: text/calendar; charset=utf-8; method=PUBLISH;\r\n name="events.ics"\r\n'
    b'Content-Disposition: attachment; filename="events.ics"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n"
)
_LEADING_DOT = re.compile(rb"(?m)^\.")
_DATA_URL = re.compile(r'(?<= src=")data:(?P<type>image/(?:png|jpeg|gif));base64,(?P<data>[A-Za-z0-9+/=]+)(?=")')


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail it is, as readers of one locale see it.  ``public_url`` has no slash at its end."""

    name: str
    address: str
    reply_to: str
    public_url: str

    @property
    def domain(self) -> str:
        """The domain of the sender's address, for Message-IDs and List-Id."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class FrozenEdition:
    """What a campaign keeps of an edition: its texts, in which reader placeholders stand as marks, and its sender."""

    locale: str
    segments: frozenset[str]
    sender: Sender
    subject: str
    text: str
    html: str
    calendar: str = ""  # its events as a file to attach, lines ended by CRLF; "" for none


class Reader(NamedTuple):
    """What a message needs to know of the person it is for; ``token`` is what their own links are made of."""

    email: str
    name: str
    first_name: str
    token: str


@dataclass(frozen=True, slots=True)
class Message:
    """A finished message: its header fields with the blank line after them, and the pieces of its body.

    Most pieces are shared by all readers of an edition, and to join them would copy them for each.
    ``eight_bit`` tells whether it needs 8BITMIME (RFC 6152).
    """

    head: bytes
    body: tuple[bytes, ...] = ()
    eight_bit: bool = False

    @classmethod
    def of(cls, data: bytes) -> Message:
        """The message that these bytes are."""
        head, blank, body = data.partition(b"\r\n\r\n")
        return cls(head + blank, (body,), eight_bit=not data.isascii())

    def __bytes__(self) -> bytes:
        return b"".join((self.head, *self.body))

    def __len__(self) -> int:
        return len(self.head) + sum(map(len, self.body))


@dataclass(frozen=True, slots=True)
class Mail:
    """One message, ready for DATA, and its envelope.

    ``envelope_id`` names this delivery in the reports of other servers (RFC
    3461 §4.4): the left side of its Message-ID, in ASCII, the same at every
    attempt.  ``mail_from`` is the sender of this envelope alone; "" for that
    of the mail server's settings.
    """

    recipient: str
    envelope_id: str
    message: Message
    mail_from: str = ""


def reader_of(person: Addressee, tokens: Tokens) -> Reader:
    """The reader behind an addressee.  Names are cleaned again, whatever the store holds."""
    return Reader(
        email=person.email,
        name=clean_text(person.name, MAX_FILLED),
        first_name=clean_text(person.first_name, MAX_FILLED),
        token=tokens.reader_token(person.ref),
    )


def freeze_edition(
    rendered: Rendered, sender: Sender, inline: Callable[[str], str] | None = None, calendar: str = ""
) -> FrozenEdition:
    """What is kept of a rendered edition, with the pictures at their public address, or as ``inline`` puts them in.

    A specimen is written here, where a mistake can still be mended: a campaign
    that holds an edition which cannot be written would be stuck.
    """
    if inline:
        text, page = without_media(rendered.text), inline(rendered.html)
    else:
        text, page = (place_media(part, f"{sender.public_url}/") for part in (rendered.text, rendered.html))
    edition = FrozenEdition(rendered.locale, rendered.segments, sender, rendered.subject, text, page, calendar)
    specimen = Reader("specimen@example.org", "Ñ" * MAX_FILLED, "Ñ" * MAX_FILLED, token="t" * 40)
    message = bytes(MessageTemplate(edition).fill(specimen, "<specimen@example.org>", dt.datetime.now(dt.UTC)))
    if not message.isascii() or max(map(len, message.split(b"\r\n"))) > MAX_LINE:
        told = said("the %(locale)s edition makes a line that mail cannot carry", locale=rendered.locale)
        raise TemplateError(told, said("look for long URLs"))
    return edition


class MessageTemplate:
    """One edition, encoded; fills in a few microseconds a reader."""

    def __init__(self, edition: FrozenEdition) -> None:
        self.sender = sender = edition.sender
        self._subject = edition.subject
        self._fixed_subject = None if MARK.search(edition.subject) else encode_text(edition.subject)
        boundary, outer = _boundary(), _boundary()
        inside = b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n'
        around = b'Content-Type: multipart/mixed;\r\n boundary="' + outer + b'"\r\n'
        # What comes before a reader's token, and the date of the last message: all cost more than to fill a slot.
        links = {UNSUBSCRIBE_FIELD: f"{sender.public_url}/u/", PREFERENCES_FIELD: f"{sender.public_url}/p/"}
        mail_to = f"mailto:{quote(sender.reply_to, safe='@')}?subject=unsubscribe%20"
        self._unsubscribe = (
            f"List-Unsubscribe: <{links[UNSUBSCRIBE_FIELD]}".encode("ascii"),
            f">,\r\n <{mail_to}".encode("ascii"),
            b">\r\n",
        )
        self._dated: tuple[int, bytes] = (0, b"")
        self._from = b"From: " + address_field(sender.name, sender.address) + b"\r\n"
        self._rest = b"".join(
            (
                b"Reply-To: " + address_field("", sender.reply_to) + b"\r\n",
                b"List-Id: " + list_field(sender.name, f"news.{sender.domain}") + b"\r\n",
                b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
                b"Content-Language: " + content_language(edition.locale).encode() + b"\r\n",
                b"Auto-Submitted: auto-generated\r\n",
                b"MIME-Version: 1.0\r\n",
                around if edition.calendar else inside,
                b"\r\n",
            )
        )
        # Of a slot, the fall-back, encoded for its place.  Where the slots of each field are: in the text, in the HTML.
        self._slots: dict[str, tuple[list[int], list[int]]] = {}
        self._parts: list[bytes] = [b"\r\n--" + outer + b"\r\n" + inside] if edition.calendar else []
        self._add_text(boundary, b"plain", edition.text)
        page, pictures = _taken_out(edition.html, sender.domain)
        if pictures:
            beside = _boundary()
            self._parts.append(
                b"\r\n--" + boundary + b'\r\nContent-Type: multipart/related; type="text/html";\r\n'
                b' boundary="' + beside + b'"\r\n'
            )
            self._add_text(beside, b"html", page)
            self._parts += [b"\r\n--" + beside + b"\r\n" + picture for picture in pictures]
            self._parts.append(b"\r\n--" + beside + b"--\r\n")
        else:
            self._add_text(boundary, b"html", page)
        self._parts.append(b"\r\n--" + boundary + b"--\r\n")
        if edition.calendar:
            events = quoted(edition.calendar.replace("\r\n", "\n"))
            self._parts.append(b"\r\n--" + outer + b"\r\n" + CALENDAR_HEAD + b"\r\n" + events)
            self._parts.append(b"\r\n--" + outer + b"--\r\n")
        self._parts[0] = self._parts[0].removeprefix(b"\r\n")  # the line before a first boundary is the blank one
        self._links = [
            (_slot(html.escape(link) if in_html else link), place)
            for field, link in links.items()
            for in_html, places in enumerate(self._slots.pop(field, ()))
            for place in places
        ]
        small = [len(part) < SMALL for part in self._parts]
        starts = [at for at, one in enumerate(small) if not (one and at and small[at - 1])]
        self._stretches = list(pairwise([*starts, len(small)]))

    def _add_text(self, boundary: bytes, subtype: bytes, body: str) -> None:
        self._parts.append(
            b"\r\n--" + boundary + b"\r\nContent-Type: text/" + subtype + b"; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        self._add_body(body, in_html=subtype == b"html")

    def _add_body(self, body: str, *, in_html: bool) -> None:
        at = 0
        for found in MARK.finditer(body):
            self._parts.append(quoted(body[at : found.start()]))
            self._slots.setdefault(found["field"], ([], []))[in_html].append(len(self._parts))
            self._parts.append(_slot(found["fallback"]))
            at = found.end()
        self._parts.append(quoted(body[at:]))

    def fill(self, reader: Reader, message_id: str, now: dt.datetime) -> Message:
        """The message for one reader.  ``message_id`` has its angle brackets; ``now`` is aware."""
        values = {"name": reader.name, "first_name": reader.first_name}  # empty where a fall-back is to stand
        token = reader.token.encode("ascii")
        before_url, before_mail, after = self._unsubscribe
        lines = [
            self._date(now),
            self._from,
            b"To: " + address_field(reader.name, reader.email) + b"\r\n",
            b"Subject: " + (self._fixed_subject or self._subject_for(values)) + b"\r\n",
            b"Message-ID: " + message_id.encode() + b"\r\n",
            # Literal, never an encoded word, or one-click unsubscribing breaks (RFC 8058 §3.1).
            before_url + token + before_mail + token + after,
            self._rest,
        ]
        parts = self._parts.copy()
        for before, place in self._links:
            parts[place] = before + token + b"=\r\n"
        for field, (in_text, in_html) in self._slots.items():
            if value := values[field]:
                escaped = html.escape(value)
                filled = _slot(value)
                for place in in_text:
                    parts[place] = filled
                if escaped != value:
                    filled = _slot(escaped)
                for place in in_html:
                    parts[place] = filled
        head = b"".join(lines)
        body = tuple([b"".join(parts[start:end]) for start, end in self._stretches])  # a single part is not copied
        # An address may have letters beyond ASCII.  The body has none: all of it is encoded.
        return Message(head, body, eight_bit=not head.isascii())

    def _subject_for(self, values: Mapping[str, str]) -> bytes:
        return encode_text(fill_marks(self._subject, lambda field, fallback: values[field] or fallback))

    def _date(self, now: dt.datetime) -> bytes:
        second = int(now.timestamp())
        if self._dated[0] != second:
            self._dated = (second, b"Date: " + email.utils.format_datetime(now).encode() + b"\r\n")
        return self._dated[1]


def _taken_out(page: str, domain: str) -> tuple[str, list[bytes]]:
    """A page that names its pictures by Content-ID, and each picture as the inside of a part.

    A picture that the page shows twice is one part.  The data of ``data:``
    URLs is base64 already and needs lines only (RFC 2045 §6.8).
    """
    parts: dict[str, bytes] = {}

    def named(found: re.Match[str]) -> str:
        data = found["data"]
        name = hashlib.sha256(data.encode()).hexdigest()[:16]
        suffix = found["type"].removeprefix("image/").replace("jpeg", "jpg")
        lines = "\r\n".join(data[at : at + 76] for at in range(0, len(data), 76))
        parts[name] = (
            f"Content-Type: {found['type']}\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            f"Content-ID: <{name}@{domain}>\r\n"
            f'Content-Disposition: inline; filename="{name}.{suffix}"\r\n\r\n'
            f"{lines}"
        ).encode()
        return f"cid:{name}@{domain}"

    return _DATA_URL.sub(named, page), list(parts.values())


def _boundary() -> bytes:
    return f"=_{secrets.token_hex(12)}".encode()  # "=_" cannot occur in quoted-printable


def quoted(text: str) -> bytes:
    """Text as quoted-printable with CRLF, in the relaxed form of DKIM (RFC 6376 §3.4.4).

    No line begins with a dot or ends in a space, and none holds a tab or two
    spaces in a row: a soft line break stands between these.  To bring every
    message into that form would take as long as the signature itself.
    """
    raw = text.replace("\t", " ").encode("utf-8").decode("latin-1")
    encoded = body_encode(raw, maxlinelen=LINE, eol="\n").encode("ascii")
    while b"  " in encoded:
        encoded = encoded.replace(b"  ", b" =\n ")
    return _LEADING_DOT.sub(b"=2E", encoded).replace(b"\n", b"\r\n")


def _slot(value: str) -> bytes:
    """A value between two soft line breaks; nothing for an empty value."""
    if not value:
        return b""
    if value.isprintable() and "  " not in value and value[0] != ".":
        line = binascii.b2a_qp(value.encode())
        if len(line) < LINE:  # as nearly every name is
            return b"=\r\n" + line + b"=\r\n"
    return b"=\r\n" + quoted(value) + b"=\r\n"
