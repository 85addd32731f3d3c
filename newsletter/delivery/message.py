"""Edition → message template with slots; template + reader → the bytes that go over the wire.

An edition is encoded once: multipart/alternative, quoted-printable, CRLF.  A
reader's values are filled into slots between segments that are already bytes,
each escaped for the place it stands in.  A slot is set between two soft line
breaks, so that no value can make a line too long.

The bytes are ready for DATA as they are: lines end in CRLF, none begins with a
dot and none is longer than 78 octets but for a long List-Unsubscribe (at most
998).  Source: RFC 5322 §2.1.1; RFC 2045 §6.7; RFC 2369 and RFC 8058 (List-…).
"""

from __future__ import annotations

import datetime as dt
import email.utils
import html
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.quoprimime import body_encode

from newsletter.audience.subscribers import Subscriber, clean_text, first_name
from newsletter.audience.tokens import Tokens
from newsletter.content.placeholders import MARK, fill_marks
from newsletter.delivery.headers import address_field, encode_text
from newsletter.i18n.locales import language_tag
from newsletter.render.links import PREFERENCES_FIELD, UNSUBSCRIBE_FIELD
from newsletter.render.pictures import place_media
from newsletter.render.rendered import Rendered

MAX_FILLED = 80  # characters of a reader's value in a text; a name longer than that is a joke or an attack
LINE = 72  # columns of quoted-printable, so that an encoded leading dot still fits in 76
_LEADING_DOT = re.compile(rb"(?m)^\.")
_PLAIN_SLOT = re.compile(r"[A-Za-z0-9 _/:,~@'+-][A-Za-z0-9 ._/:,~@'+-]*")


@dataclass(frozen=True, slots=True)
class FrozenEdition:
    """What a campaign keeps of an edition: its texts, in which reader placeholders stand as marks."""

    locale: str
    segments: frozenset[str]
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail it is, the same for every edition.  ``names`` is by locale."""

    names: Mapping[str, str]
    address: str
    reply_to: str
    public_url: str

    @property
    def domain(self) -> str:
        """The domain of the sender's address, for Message-IDs and List-Id."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Reader:
    """What a message needs to know of the person it is for."""

    email: str
    name: str
    first_name: str
    token: str
    public_url: str

    @property
    def unsubscribe_url(self) -> str:
        """Where one click unsubscribes; also the page behind the link in the footer."""
        return f"{self.public_url}/u/{self.token}"

    def values(self) -> dict[str, str]:
        """The value of every field that a mark can name; empty where a fall-back is to stand."""
        return {
            "name": self.name,
            "first_name": self.first_name,
            UNSUBSCRIBE_FIELD: self.unsubscribe_url,
            PREFERENCES_FIELD: f"{self.public_url}/p/{self.token}",
        }


def reader_of(subscriber: Subscriber, tokens: Tokens, public_url: str) -> Reader:
    """The reader behind a subscriber.  Names are cleaned again, whatever the store holds."""
    return Reader(
        email=subscriber.email,
        name=clean_text(subscriber.name, MAX_FILLED),
        first_name=clean_text(first_name(subscriber.name, subscriber.attributes), MAX_FILLED),
        token=tokens.reader_token(subscriber.ref),
        public_url=public_url,
    )


def freeze_edition(rendered: Rendered, public_url: str) -> FrozenEdition:
    """What is kept of a rendered edition, with the pictures at their public address."""
    page = place_media(rendered.html, f"{public_url}/")
    return FrozenEdition(rendered.locale, rendered.segments, rendered.subject, rendered.text, page)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a value of the reader goes, with the fall-back already encoded for its place."""

    field: str
    fallback: bytes
    in_html: bool


class MessageTemplate:
    """One edition, encoded; fills in a few microseconds a reader."""

    def __init__(self, edition: FrozenEdition, sender: Sender) -> None:
        self._sender = sender
        self._subject = edition.subject
        self._fixed_subject = None if MARK.search(edition.subject) else encode_text(edition.subject)
        name = sender.names[edition.locale]
        boundary = f"=_{secrets.token_hex(12)}".encode()  # "=_" cannot occur in quoted-printable
        self._from = b"From: " + address_field(name, sender.address) + b"\r\n"
        self._rest = b"".join(
            (
                b"Reply-To: " + address_field("", sender.reply_to) + b"\r\n",
                b"List-Id: " + address_field(name, f"news.{sender.domain}") + b"\r\n",
                b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
                b"Content-Language: " + language_tag(edition.locale).encode() + b"\r\n",
                b"Auto-Submitted: auto-generated\r\n",
                b"MIME-Version: 1.0\r\n",
                b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n',
            )
        )
        self._parts: list[bytes | _Slot] = []
        for subtype, body, in_html in ((b"plain", edition.text, False), (b"html", edition.html, True)):
            self._parts.append(
                b"\r\n--" + boundary + b"\r\nContent-Type: text/" + subtype + b"; charset=utf-8\r\n"
                b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            )
            self._add_body(body, in_html=in_html)
        self._parts.append(b"\r\n--" + boundary + b"--\r\n")

    def _add_body(self, body: str, *, in_html: bool) -> None:
        at = 0
        for found in MARK.finditer(body):
            self._parts.append(_quoted(body[at : found.start()]))
            self._parts.append(_Slot(found["field"], _slot(found["fallback"]), in_html))
            at = found.end()
        self._parts.append(_quoted(body[at:]))

    def fill(self, reader: Reader, message_id: str, now: dt.datetime) -> bytes:
        """The message for one reader.  ``message_id`` has its angle brackets; ``now`` is aware."""
        values = reader.values()
        filled: dict[tuple[str, bool], bytes] = {}
        out = [
            b"Date: " + email.utils.format_datetime(now).encode() + b"\r\n",
            self._from,
            b"To: " + address_field(reader.name, reader.email) + b"\r\n",
            b"Subject: " + (self._fixed_subject or self._subject_for(values)) + b"\r\n",
            b"Message-ID: " + message_id.encode() + b"\r\n",
            self._unsubscribe(reader),
            self._rest,
        ]
        for part in self._parts:
            if isinstance(part, bytes):
                out.append(part)
                continue
            key = (part.field, part.in_html)
            if key not in filled:
                value = values[part.field]
                filled[key] = _slot(html.escape(value) if part.in_html else value)
            out.append(filled[key] or part.fallback)
        return b"".join(out)

    def _subject_for(self, values: Mapping[str, str]) -> bytes:
        return encode_text(fill_marks(self._subject, lambda field, fallback: values[field] or fallback))

    def _unsubscribe(self, reader: Reader) -> bytes:
        mailbox = f"mailto:{self._sender.reply_to}?subject=unsubscribe%20{reader.token}"
        return f"List-Unsubscribe: <{reader.unsubscribe_url}>,\r\n <{mailbox}>\r\n".encode("ascii")


def _quoted(text: str) -> bytes:
    """Text as quoted-printable with CRLF; no line begins with a dot."""
    raw = text.encode("utf-8").decode("latin-1")
    encoded = body_encode(raw, maxlinelen=LINE, eol="\n").encode("ascii")
    return _LEADING_DOT.sub(b"=2E", encoded).replace(b"\n", b"\r\n")


def _slot(value: str) -> bytes:
    """A value between two soft line breaks; nothing for an empty value."""
    if not value:
        return b""
    if len(value) < LINE and _PLAIN_SLOT.fullmatch(value):
        return b"=\r\n" + value.encode("ascii") + b"=\r\n"
    return b"=\r\n" + _quoted(value) + b"=\r\n"
