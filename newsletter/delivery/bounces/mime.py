"""Bytes of a mail → its parts, whatever the bytes are: bounded in size, in depth and in the length of lines.

A returned mail has up to three parts: words for people, a report for machines,
and what is left of the mail that came back.  Nothing here trusts any of them.
Source: RFC 2046 §5.1; RFC 6522 (multipart/report).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message

MAX_READ = 1 << 19  # bytes that are looked at; a report comes before the mail that it returns
MAX_NESTED = 32  # parts that hold others; the time for each line grows with their depth
MAX_DIVIDERS = 2000  # lines that may begin a part
MAX_PARTS = 200
MAX_FIELD = 2000  # characters of a header field
MAX_PROSE = 16 * 1024  # characters of the words for people
_HOLDERS = re.compile(rb"^content-type:[ \t\r\n]*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_DIVIDERS = re.compile(rb"^--", re.MULTILINE)
_TAGS = re.compile(r"<(?!/?[^\s<>@]+@)[^<>]{0,2000}>")
_BREAKS = re.compile(r"<(?:br|p|div|tr|li|h\d)\b[^<>]{0,500}>", re.IGNORECASE)
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_UNSEEN = re.compile(r"<(style|script|head)\b", re.IGNORECASE)
# Where servers that write no MIME begin to quote the mail that they return.
_COPY = re.compile(
    r"^[ \t>|*#=-]{0,80}(?:-{2,}.{0,80}(?:copy|original|header|return|forward|unsent|below|kopie|copia|mensaje|"
    r"mensagem|"
    r"message)|from \S+@\S+ +\w{3} \w{3} |(?:mime-version|x-mailer): |(?:this is|here is|included is|"
    r"below is) .{0,40}(?:copy|original)|original message|message header|"
    r"return-path:|received: |the (?:first|header).{0,60}(?:message|follow)|reporting-mta:|\[original|"
    r"a copy of the original)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a mail.  ``prose`` ends where the copy of the returned mail begins; ``copy`` is that copy.

    ``reports`` are the parts for machines by content type.  ``returned`` has
    the header fields of the mail that came back; None if there is no such part.
    """

    outer: Message
    prose: str
    copy: str
    reports: tuple[Message, ...]
    returned: Message | None


def take_apart(data: bytes) -> Parts | None:
    """The parts of a mail; None for what is nested so deeply, or cut up so much, that nobody would have written it."""
    data = data[:MAX_READ]
    if len(_HOLDERS.findall(data)) > MAX_NESTED or len(_DIVIDERS.findall(data)) > MAX_DIVIDERS:
        return None
    outer = message_from_bytes(data)
    parts = list(_walk(outer))
    reports = tuple(part for part in parts if part.get_content_type() in _REPORTS)
    # A report may have been forwarded, or wrapped by a gateway.
    if not reports:
        inner = [part for holder in parts if _holds_mail(holder) for part in _walk(_first(holder))]
        reports = tuple(part for part in inner if part.get_content_type() in _REPORTS)
        parts = [*parts, *inner] if reports else parts
    prose, copy = _split(_prose(parts))
    return Parts(outer, prose, copy, reports, _returned(parts))


_GLOBAL = "message/global-delivery-status"  # RFC 6533 §4
_REPORTS = ("message/delivery-status", _GLOBAL, "message/feedback-report")
_MAILS = ("message/rfc822", "message/global")
_HEADERS = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers")


def _walk(message: Message | None) -> Iterator[Message]:
    """Parts in their order, not those of mails inside."""
    waiting = [message] if message is not None else []
    for _count in range(MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if part.is_multipart() and part.get_content_maintype() != "message":
            waiting[:0] = [child for child in part.get_payload() if isinstance(child, Message)]


def _holds_mail(part: Message) -> bool:
    return part.get_content_type() in _MAILS


def _first(part: Message) -> Message | None:
    """The mail inside of a part that holds one."""
    payload = part.get_payload()
    return payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], Message) else None


def _returned(parts: list[Message]) -> Message | None:
    """The header fields of the mail that came back: the last of such parts, since a wrapped report comes first."""
    for part in reversed(parts):
        if part.get_content_type() in (*_MAILS, _HEADERS[-1]) and (inner := _first(part)) is not None:
            return inner
        if part.get_content_type() in _HEADERS:
            return message_from_bytes(text_of(part).encode("utf-8", "replace"))
    return None


def groups_of(report: Message) -> list[Message]:
    """The groups of fields that a report for machines is made of (RFC 3464 §2.1)."""
    payload = report.get_payload()
    groups = [group for group in payload if isinstance(group, Message)] if isinstance(payload, list) else []
    if report.get_content_type() == _GLOBAL and groups:
        # The library takes it for a mail: the first group for its header, the others for its text.
        others = filter(str.strip, _EMPTY_LINE.split(text_of(groups[0]).replace("\r\n", "\n")))
        groups += [message_from_bytes(group.encode("utf-8", "replace")) for group in others]
    return groups


def text_of(part: Message) -> str:
    """The text of a part, decoded as far as it can be."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return decode(payload, part.get_content_charset("utf-8"))


def decode(data: bytes, charset: str) -> str:
    """Bytes as text in some charset, which may be wrong or unheard of; never raises."""
    for name in (charset, "utf-8", "latin-1"):
        try:
            return data.decode(name)
        except (LookupError, ValueError):  # no such charset; bytes that are not of it; a name with a null in it
            continue
    return ""


def header(message: Message, name: str) -> str:
    """A header field on one line with its encoded words decoded (RFC 2047); "" if it is not there.  Never raises."""
    # Not get(), which makes question marks of what is not ASCII: many a report says things in plain UTF-8.
    value = next((value for field, value in message.raw_items() if field.lower() == name.lower()), "")
    text = decode(str(value)[:MAX_FIELD].encode("utf-8", "surrogateescape"), "utf-8")
    try:
        words = decode_header(text)
    except (ValueError, AssertionError, LookupError):  # a mistake in base64, among others
        words = [(text, None)]
    joined = "".join(word if isinstance(word, str) else decode(word, charset or "utf-8") for word, charset in words)
    return " ".join(joined.split())


def _prose(parts: list[Message]) -> str:
    """The first words for people, of plain text if there is any."""
    readable = [part for part in parts if part.get_content_maintype() == "text" and not part.is_multipart()]
    readable = [part for part in readable if part.get_content_type() not in _HEADERS]
    for subtype in ("text/plain", None):
        for part in readable:
            if subtype is None or part.get_content_type() == subtype:
                text = text_of(part)[: 4 * MAX_PROSE].replace("\r\n", "\n").replace("\r", "\n")
                text = _unmarked(text) if part.get_content_type() == "text/html" else text
                if text.strip():
                    return text
    # Of a mail that names another boundary than it has, everything is here.
    whole = parts[0].preamble or parts[0].get_payload()
    return decode(whole.encode("utf-8", "surrogateescape"), "utf-8") if isinstance(whole, str) else ""


def _unmarked(page: str) -> str:
    """HTML as text, roughly; what stands in angle brackets and looks like an address stays."""
    seen, at = [], 0
    while hidden := _UNSEEN.search(page, at):
        seen.append(page[at : hidden.start()])
        end = page.lower().find(f"</{hidden[1].lower()}", hidden.end())
        at = end if end >= 0 else len(page)
    page = _TAGS.sub(" ", _BREAKS.sub("\n", "".join((*seen, page[at:]))))
    return html.unescape(page).replace("\N{NO-BREAK SPACE}", " ")


def _split(text: str) -> tuple[str, str]:
    found = _COPY.search(text, 1)
    end = found.start() if found else len(text)
    return text[: min(end, MAX_PROSE)], text[end : end + MAX_PROSE]
