"""Which of our mails a returned mail is about: names that stand in it.  Nothing is checked here.

A Message-ID, an envelope id, and both kinds of token are MACs, so that whoever
holds the key can tell a genuine one from an invented one.
"""

from __future__ import annotations

import re

from newsletter.delivery.bounces.mime import Parts, groups_of, header
from newsletter.delivery.bounces.verdicts import Origin

_READER = re.compile(r"\?subject=unsubscribe%20([\w.-]{20,200})>", re.ASCII)
_MESSAGE_ID = re.compile(r"<[^\s<>]{3,250}>")
_COPIED_ID = re.compile(r"^[>|\s]{0,9}Message-ID:\s{0,9}(<[^\s<>]{3,250}>)", re.IGNORECASE | re.MULTILINE)
_ENVELOPE_ID = re.compile(r"[\w-]{16,100}", re.ASCII)
_ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "To", "Cc")


def find_origin(parts: Parts, bounces: str, recipient: str) -> Origin:
    """The names in a mail.  ``bounces`` and ``recipient`` are as ``read_returned`` has them."""
    return Origin(_message_id(parts), _delivery_token(parts, bounces, recipient), _reader_token(parts))


def _message_id(parts: Parts) -> str:
    """The Message-ID of the mail that came back: from the copy of it, the report, or what refers to it.

    The envelope id of RFC 3464 §2.2.1 is its left side (``Mail.envelope_id``).
    """
    if parts.returned is not None and (found := _MESSAGE_ID.search(header(parts.returned, "Message-ID"))):
        return found[0]
    if copied := _COPIED_ID.search(parts.copy):
        return copied[1]
    for group in (group for report in parts.reports for group in groups_of(report)[:1]):
        if _ENVELOPE_ID.fullmatch(envelope_id := header(group, "Original-Envelope-Id")):
            return f"<{envelope_id}@>"
    for name in ("In-Reply-To", "References"):
        if found := _MESSAGE_ID.search(header(parts.outer, name)):
            return found[0]
    return ""


def _delivery_token(parts: Parts, bounces: str, recipient: str) -> str:
    """What stands after the plus sign of the address for failures, wherever that address is named."""
    local, _at, domain = bounces.rpartition("@")
    wanted = re.compile(
        rf"(?<![\w.+-]){re.escape(local)}\+([\w.-]{{8,200}})@{re.escape(domain)}(?![\w.-])", re.IGNORECASE | re.ASCII
    )
    fields = [header(parts.outer, name) for name in _ADDRESSED]
    if parts.returned is not None:
        fields.append(header(parts.returned, "Return-Path"))
    fields += [header(group, "Original-Mail-From") for report in parts.reports for group in groups_of(report)[:1]]
    found = next(filter(None, map(wanted.search, (recipient, *fields))), None)
    return found[1] if found else ""


def _reader_token(parts: Parts) -> str:
    """The reader's own token, out of the List-Unsubscribe of the mail that came back."""
    field = header(parts.returned, "List-Unsubscribe") if parts.returned is not None else parts.copy
    found = _READER.search(field)
    return found[1] if found else ""
