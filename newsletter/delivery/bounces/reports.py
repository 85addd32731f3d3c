"""Reports for machines → verdicts: delivery status (RFC 3464) and complaints (RFC 5965, RFC 6591)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from email.message import Message

from newsletter.delivery.bounces.mime import Parts, groups_of, header
from newsletter.delivery.bounces.verdicts import Kind, Verdict, scrub
from newsletter.delivery.bounces.words import judge, read_codes

MAX_RECIPIENTS = 200  # of one report; ours have one
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_X400 = re.compile(r"/rfc-?822=([^/]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>\"';,]+@[^\s<>\"';,]+")
_FAILED = ("fail", "error", "reject", "undeliver")
_HAPPY = ("delay", "relay", "deliver", "expand", "success", "queued")
# Of feedback: what the reader wants is to be left out; what the rest says is for staff.
_NO_COMPLAINT = ("not-spam", "not_spam")
_FOR_STAFF = ("auth-failure", "virus", "dmarc")


def delivery_status(parts: Parts) -> tuple[Verdict, ...] | None:
    """One verdict for each failed recipient, none for the delayed and the delivered.

    None if there is no report that names a recipient: then the words for
    people are all there is.
    """
    groups = list(_groups(part for part in parts.reports if part.get_content_subtype().endswith("delivery-status")))
    failed = [group for group in groups if _has_failed(group)]
    if not groups or (not failed and not any(_is_happy(group) for group in groups)):
        return None
    verdicts: dict[tuple[str, Kind], Verdict] = {}
    for group in failed:
        verdict = _verdict(group, parts.prose if len(failed) == 1 else "")
        verdicts.setdefault((verdict.address.casefold(), verdict.kind), verdict)
    return tuple(verdicts.values())


def complaint(parts: Parts) -> tuple[Verdict, ...] | None:
    """What a feedback report says; an empty tuple for praise, None if there is no such report.

    An unknown type counts as a complaint, as RFC 5965 §3.1 makes *other* of it.
    """
    for report in parts.reports:
        if report.get_content_subtype() != "feedback-report":
            continue
        fields = groups_of(report)[:1]
        group = fields[0] if fields else report
        sort = header(group, "Feedback-Type").casefold()
        if sort in _NO_COMPLAINT:
            return ()
        kind = Kind.SENDER if sort in _FOR_STAFF else Kind.COMPLAINT
        named = [_address(header(group, name)) for name in ("Original-Rcpt-To", "Removal-Recipient")]
        address = next(filter(None, named), "")
        return (Verdict(kind, address, diagnostic=scrub(sort or "complaint", address)),)
    return _from_microsoft(parts)


def _from_microsoft(parts: Parts) -> tuple[Verdict, ...] | None:
    """The complaints of Microsoft's own programme (JMRP), which are the mail itself and no report."""
    if parts.returned is None or not header(parts.outer, "Subject").startswith("complaint about message from "):
        return None
    address = _address(header(parts.returned, "X-HmXmrOriginalRecipient"))
    return (Verdict(Kind.COMPLAINT, address, diagnostic="complaint"),)


def _groups(parts: Iterable[Message]) -> Iterator[Message]:
    """The groups of fields that are about a recipient."""
    groups = [group for part in parts for group in groups_of(part)]
    named = [group for group in groups if group.get("Final-Recipient") or group.get("Original-Recipient")]
    yield from named[:MAX_RECIPIENTS]


def _has_failed(group: Message) -> bool:
    action = header(group, "Action").casefold()
    if action.startswith(_HAPPY):
        return False
    return action.startswith(_FAILED) or header(group, "Status").startswith("5") or not action


def _is_happy(group: Message) -> bool:
    return header(group, "Action").casefold().startswith(_HAPPY)


def _verdict(group: Message, prose: str) -> Verdict:
    final = _address(header(group, "Final-Recipient"))
    original = _address(header(group, "Original-Recipient"))
    status, said = header(group, "Status"), header(group, "Diagnostic-Code")
    words = said.partition(";")[2] or said
    comment = status.lstrip("0123456789. ")
    codes = read_codes(status, words, prose)
    diagnostic = scrub(words or comment or prose, final, original)
    return Verdict(judge(codes, f"{words} {comment}", prose), original or final, codes.status, diagnostic)


def _address(field: str) -> str:
    """The address of ``rfc822; somebody@example.org``, or of an X.400 name; "" if there is none.

    Letters beyond ASCII may be written as ``\\x{F1}``.  Source: RFC 3464 §2.3.1; RFC 6533 §3.
    """
    kind, semicolon, rest = field.partition(";")
    if semicolon and kind.strip().casefold() == "x400":
        found = _X400.search(rest)
        return found[1].replace("(a)", "@") if found else ""
    found = _ADDRESS.search(rest if semicolon else field)
    address = found[0] if found else ""
    return _UNITEXT.sub(_letter, address) if kind.strip().casefold() == "utf-8" else address


def _letter(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number <= sys.maxunicode and not 0xD800 <= number < 0xE000 else found[0]  # noqa: PLR2004
