"""Bytes of one mail that came back → what it says about whom.

``read_returned`` is all that other rooms call.  Reports for machines come
first, then words for people.  It decides nothing about subscribers: whether a
mail is about one of ours, and what follows, is the store's to say.
"""

from __future__ import annotations

import re

from newsletter.delivery.bounces.automatic import is_automatic, is_challenge, is_daemon, is_receipt
from newsletter.delivery.bounces.mime import Parts, header, take_apart
from newsletter.delivery.bounces.origin import find_origin
from newsletter.delivery.bounces.prose import failures, is_delay
from newsletter.delivery.bounces.reports import complaint, delivery_status
from newsletter.delivery.bounces.verdicts import Kind, Origin, Returned, Sort, Verdict

__all__ = ["Kind", "Origin", "Returned", "Sort", "Verdict", "read_returned"]

_REQUEST = re.compile(r"\s*unsubscribe[\s:]+([\w.-]{20,200})\s*", re.IGNORECASE | re.ASCII)


def read_returned(data: bytes, bounces: str, recipient: str = "") -> Returned:
    """Read one mail.  Never raises, whatever the bytes are.

    ``bounces`` is the address that our mails give for failures; a mail to
    ``bounces+TOKEN@…`` carries that token.  ``recipient`` is the address that
    this mail was delivered to, where the mail server tells it.
    """
    parts = take_apart(data)
    if parts is None:
        return Returned(Sort.OTHER)
    if request := _REQUEST.fullmatch(header(parts.outer, "Subject")):
        return Returned(Sort.UNSUBSCRIBE, (Verdict(Kind.UNSUBSCRIBE),), Origin(reader_token=request[1]))
    origin = find_origin(parts, bounces, recipient)
    said = complaint(parts)
    if said is not None:
        return Returned(Sort.COMPLAINT if said else Sort.NOTICE, said, origin)
    failed = delivery_status(parts)
    if failed is not None:
        return Returned(Sort.FAILURE if failed else Sort.NOTICE, failed, origin)
    return _read_prose(parts, data, origin)


def _read_prose(parts: Parts, data: bytes, origin: Origin) -> Returned:
    if not is_daemon(parts) and (is_challenge(parts) or is_automatic(parts)):
        return Returned(Sort.AUTOMATIC, (), origin)
    if is_delay(parts):
        return Returned(Sort.NOTICE, (), origin)
    failed = failures(parts, data)
    if failed is not None:
        return Returned(Sort.FAILURE, failed, origin)
    return Returned(Sort.AUTOMATIC if is_automatic(parts) or is_receipt(parts) else Sort.OTHER, (), origin)
