"""Bytes of one mail that came back → what it says about whom.

``read_returned`` is all that other rooms call.  Reports for machines come
first, then words for people.  It decides nothing about subscribers: whether a
mail is about one of ours, and what follows, is the store's to say.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from newsletter.delivery.bounces.automatic import is_automatic, is_challenge, is_daemon, is_receipt
from newsletter.delivery.bounces.mime import Parts, header, take_apart
from newsletter.delivery.bounces.origin import find_origin
from newsletter.delivery.bounces.prose import failures, is_delay
from newsletter.delivery.bounces.reports import complaint, delivery_status
from newsletter.delivery.bounces.verdicts import Kind, Origin, Returned, Sort, Verdict

__all__ = ["Kind", "Origin", "Returned", "Sort", "Verdict", "read_returned"]

MAX_ADDRESS = 320  # characters; RFC 5321 §4.5.3.1 allows 254 octets
_REQUEST = re.compile(r"\s*unsubscribe[\s:]+([\w.-]{20,200})\s*", re.IGNORECASE | re.ASCII)


def read_returned(data: bytes, bounces: str, recipient: str = "") -> Returned:
    """Read one mail.  Never raises, whatever the bytes are.

    ``bounces`` is the address that our mails give for failures; a mail to
    ``bounces+TOKEN@…`` carries that token.  ``recipient`` is the address that
    this mail was delivered to, where the mail server tells it.
    """
    parts = take_apart(data)
    if parts is None:
        return Returned(_key(data), Sort.OTHER)
    key = _key(header(parts.outer, "Message-ID").encode("utf-8", "replace") or data)
    if request := _REQUEST.fullmatch(header(parts.outer, "Subject")):
        return Returned(key, Sort.UNSUBSCRIBE, (Verdict(Kind.UNSUBSCRIBE),), Origin(reader_token=request[1]))
    sort, verdicts = _read(parts, data)
    # What is looked up in a database must be text that one can hold.
    verdicts = tuple(one if _is_text(one.address) else replace(one, address="") for one in verdicts)
    return Returned(key, sort, verdicts, find_origin(parts, bounces, recipient))


def _is_text(address: str) -> bool:
    return address.isprintable() and len(address) <= MAX_ADDRESS


def _key(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(parts: Parts, data: bytes) -> tuple[Sort, tuple[Verdict, ...]]:
    said = complaint(parts)
    if said is not None:
        return (Sort.COMPLAINT if said else Sort.NOTICE), said
    failed = delivery_status(parts)
    if failed is not None:
        return (Sort.FAILURE if failed else Sort.NOTICE), failed
    return _read_prose(parts, data)


def _read_prose(parts: Parts, data: bytes) -> tuple[Sort, tuple[Verdict, ...]]:
    if not is_daemon(parts) and (is_challenge(parts) or is_automatic(parts)):
        return Sort.AUTOMATIC, ()
    if is_delay(parts):
        return Sort.NOTICE, ()
    failed = failures(parts, data)
    if failed is not None:
        return Sort.FAILURE, failed
    return (Sort.AUTOMATIC if is_automatic(parts) or is_receipt(parts) else Sort.OTHER), ()
