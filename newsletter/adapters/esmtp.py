"""The envelope of a message → MAIL and RCPT, with the parameters that the server's EHLO offered.

A parameter that was not offered would be refused (RFC 5321 §4.1.1.11), and
with it the message.  Source: RFC 1870 §3 (SIZE); RFC 6152 §3 (8BITMIME); RFC
3461 §4 (DSN); RFC 6531 §3.4 (SMTPUTF8); RFC 6533 §3 (the two together).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiosmtplib import SMTP

from newsletter.delivery.message import Mail

DATA = b"DATA\r\n"
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 §3
_NO_XCHAR = re.compile(rb"[^!-*,-<>-~]")
_NO_QCHAR = re.compile(r"[^!-*,-<>-\[\]-~]")


@dataclass(frozen=True, slots=True)
class Offers:
    """What the server's EHLO offered.  ``size`` is its limit in bytes: 0 for none known, None if not offered."""

    pipelining: bool = False
    size: int | None = None
    eight_bit: bool = False
    dsn: bool = False
    smtputf8: bool = False


def read_offers(client: SMTP) -> Offers:
    """The offers of the server that ``client`` has greeted."""
    size = client.esmtp_extensions.get("size") if client.supports_extension("size") else None
    return Offers(
        pipelining=client.supports_extension("pipelining"),
        size=None if size is None else int(size) if _SIZE.fullmatch(size) else 0,
        eight_bit=client.supports_extension("8bitmime"),
        dsn=client.supports_extension("dsn"),
        smtputf8=client.supports_extension("smtputf8"),
    )


class Envelope:
    """Writes the commands of one session; what is the same for every message is made once."""

    def __init__(self, mail_from: str, offers: Offers) -> None:
        self._offers = offers
        # Reports need no copy of the text.  Delays and failures are told, successes not.
        self._after = b"> RET=HDRS ENVID=" if offers.dsn else b">"
        self._mail_from = mail_from

    def obstacle(self, mail: Mail) -> str:
        """Why this server cannot be given this message, in words for staff; "" if it can."""
        if not self._offers.smtputf8 and needs_smtputf8(mail):
            letters = "".join(dict.fromkeys(char for char in mail.recipient if not char.isascii()))
            no = f"not sent: the mail server does not offer SMTPUTF8, which '{letters}' in the address needs"
            return f"{no}; use one that does, or ask for another address"
        if not self._offers.eight_bit and mail.message.eight_bit:
            no = "not sent: the mail server does not offer 8BITMIME, which bytes beyond ASCII need"
            return f"{no}; use one that does"
        return ""

    def commands(self, mail: Mail) -> list[bytes]:
        """MAIL, RCPT and DATA, each with its line end."""
        offers = self._offers
        said = [b"MAIL FROM:<", (mail.mail_from or self._mail_from).encode("ascii"), self._after]
        to = [b"RCPT TO:<", mail.recipient.encode(), b">"]
        if offers.dsn:
            said.append(xtext(mail.envelope_id))
            to += b" NOTIFY=FAILURE,DELAY ORCPT=", typed_address(mail.recipient)
        if offers.size is not None:
            said.append(b" SIZE=%d" % len(mail.message))
        if mail.message.eight_bit:
            said.append(b" BODY=8BITMIME")
        if needs_smtputf8(mail):
            said.append(b" SMTPUTF8")
        return [b"".join(said) + b"\r\n", b"".join(to) + b"\r\n", DATA]


def needs_smtputf8(mail: Mail) -> bool:
    """Whether the address cannot be said in ASCII; nothing else of a message needs it."""
    return not mail.recipient.isascii()


def typed_address(address: str) -> bytes:
    """An address as ORCPT names it, with its type (RFC 3461 §4.2; RFC 6533 §3)."""
    return b"rfc822;" + xtext(address) if address.isascii() else b"utf-8;" + utf8_xtext(address)


def xtext(text: str) -> bytes:
    """ASCII as the value of a parameter: ``+``, ``=`` and what cannot be seen as ``+2B`` (RFC 3461 §4).

    UnicodeEncodeError for text beyond ASCII, for which it has no form.
    """
    return _NO_XCHAR.sub(lambda found: b"+%02X" % ord(found[0]), text.encode("ascii"))


def utf8_xtext(text: str) -> bytes:
    r"""Any text in ASCII: letters beyond it, and what ``xtext`` hides, as ``\x{E9}``.

    The form that may also pass servers which do not know SMTPUTF8 (RFC 6533
    §3, utf-8-addr-xtext).
    """
    return _NO_QCHAR.sub(lambda found: rf"\x{{{ord(found[0]):02X}}}", text).encode("ascii")
