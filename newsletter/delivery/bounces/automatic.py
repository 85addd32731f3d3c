"""Mail that a program wrote without anything having failed: vacation messages, receipts, challenges.

None of them is a bounce, however much it reads like one.  Source: RFC 3834 §3,
§5 (Auto-Submitted); RFC 8098 (receipts); the rest is what programs that know
no RFC put into their headers.
"""

from __future__ import annotations

import re

from newsletter.delivery.bounces.mime import Parts, header

_FIELDS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "X-Auto-Response",
    "X-Mail-Autoreply",
    "X-Vacation",
)
_PRECEDENCE = ("auto_reply", "auto-reply", "autoreply")
_SUBJECT = re.compile(
    r"^(?:(?:re|aw|sv|rv|fwd?|antw)\s*:\s*)*\W*(?:auto(?:matic)?(?:ally)?[ -]?(?:re(?:ply|sponse|sponder|spons)|"
    r"generated)|autosvar|autoantwort|abwesen|automatische (?:antwort|reactie)|out[ -]of[ -](?:the[ -])?office|"
    r"\booo\b|away (?:from|until)|on (?:vacation|holiday|leave)|vacation|i am away|respuesta automatica|"
    r"respuesta automática|auto-?respuesta|fuera de (?:la )?oficina|ausen(?:te|cia)|de vacaciones|"
    r"resposta autom[aá]tica|fora do escrit[oó]rio|r[ée]ponse automatique|absen(?:t|ce)|"
    r"risposta automatica|fuori (?:sede|ufficio)|automatisk svar|autosvar|automatick|odpowied[zź] automatyczna|"
    r"автоответ|自動応答|自动回复|read:|gelesen:|le[íi]do:|lu ?:)",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"(?:please|you must|you need to|by|click).{0,80}(?:confirm|verify|authenticate|prove).{0,80}"
    r"(?:sender|human|your (?:e-?mail|message)|this message|request|not a (?:robot|spammer))|"
    r"\btmda\b|boxbe|spam ?arrest|challenge[ -/]*response|confirme? (?:su|tu) (?:mensaje|correo|direcci)",
    re.IGNORECASE | re.DOTALL,
)
_DAEMON = re.compile(
    r"^(?:mailer?-?daemon|mail-?daemon|daemon|postmaster|post_?office|mail|smtp|imss|mdaemon|ndr|dsn|bounce|returned)\b|"
    r"mail[ ._-]*delivery|delivery[ ._-]*(?:sub)?system|system[ _-]*administrator|mail[ _-]*(?:system|server)|"
    r"mail[ _-]*admin|smtp[ _-]*(?:mail|gateway|service)|mailer|postmaster|antivirus|\bmta\b",
    re.IGNORECASE,
)
_RECEIPT = "disposition-notification"


def is_daemon(parts: Parts) -> bool:
    """Whether the sender says that it is a mail system, by its name or its address, or has no address at all."""
    written = header(parts.outer, "From")
    address = written.rpartition("<")[2]
    return "@" not in written or bool(_DAEMON.search(address) or _DAEMON.search(written.lstrip("<\"' ")))


def from_nobody(parts: Parts) -> bool:
    """Whether nobody wants an answer: the null path, as failures must have it (RFC 5321 §4.5.5), and others may."""
    return header(parts.outer, "Return-Path") == "<>"


def is_automatic(parts: Parts) -> bool:
    """Whether the headers say that a program answered for a person."""
    submitted = header(parts.outer, "Auto-Submitted").casefold()
    if submitted.startswith("auto-") or any(parts.outer.get(name) is not None for name in _FIELDS):
        return True
    if header(parts.outer, "Precedence").casefold() in _PRECEDENCE:
        return True
    return bool(_SUBJECT.search(header(parts.outer, "Subject")))


def is_receipt(parts: Parts) -> bool:
    """Whether it is a receipt: read, deleted, shown (RFC 8098)."""
    return _RECEIPT in (header(parts.outer, "Content-Type") + header(parts.outer, "Report-Type")).casefold()


def is_challenge(parts: Parts) -> bool:
    """Whether somebody's filter wants us to show that we are people."""
    return bool(_CHALLENGE.search(parts.prose[:4000]))
