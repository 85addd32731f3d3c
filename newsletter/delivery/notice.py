"""A short mail of the program's own → the bytes that go over the wire.

It goes to one address because of a form, so it belongs to no list: it has no
List-… fields, and nothing of it depends on a campaign.
Source: RFC 5322; RFC 3834 §5 (Auto-Submitted, so that no robot answers).
"""

from __future__ import annotations

import datetime as dt
import email.utils
import secrets

from newsletter.delivery.headers import address_field, encode_text
from newsletter.delivery.message import Mail, Message, Sender, quoted
from newsletter.delivery.writer import Signer
from newsletter.i18n.locales import content_language
from newsletter.render.notice import WrittenNotice

ID_BYTES = 15  # random bytes in a Message-ID


def notice_mail(
    written: WrittenNotice, locale: str, sender: Sender, recipient: str, now: dt.datetime, signer: Signer | None
) -> Mail:
    """The mail for one address; ``now`` is aware."""
    name = secrets.token_urlsafe(ID_BYTES)
    boundary = f"=_{secrets.token_hex(12)}".encode()  # "=_" cannot occur in quoted-printable
    lines = [
        b"Date: " + email.utils.format_datetime(now).encode(),
        b"From: " + address_field(sender.name, sender.address),
        b"To: " + address_field("", recipient),
        b"Subject: " + encode_text(written.subject),
        f"Message-ID: <{name}@{sender.domain}>".encode(),
        b"Reply-To: " + address_field("", sender.reply_to),
        b"Content-Language: " + content_language(locale).encode(),
        b"Auto-Submitted: auto-generated",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"',
        b"",
    ]
    for subtype, body in ((b"plain", written.text), (b"html", written.html)):
        lines += [
            b"--" + boundary,
            b"Content-Type: text/" + subtype + b"; charset=utf-8",
            b"Content-Transfer-Encoding: quoted-printable",
            b"",
            quoted(body),
        ]
    message = Message.of(b"\r\n".join([*lines, b"--" + boundary + b"--", b""]))
    return Mail(recipient, name, signer.sign(message, now) if signer else message)
