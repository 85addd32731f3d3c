"""Mail that comes back, of our own writing: reports, words for people, complaints, answers.

Invented people and servers, reserved domains; the shapes are those of real programs.
"""

from __future__ import annotations

from email.message import EmailMessage

BOUNCES = "bounces@news.example.org"
MESSAGE_ID = "<dGhpcyBpcyBubyBtYWM@news.example.org>"
READER_TOKEN = "c2Vjb25kbm90YW1hYw.eWV0YW5vdGhlcm5vdGE"
RETURNED_HEADERS = (
    "Return-Path: <bounces@news.example.org>\r\n"
    'From: "Justicia Migrante" <news@news.example.org>\r\n'
    "To: ana@example.com\r\n"
    "Subject: News\r\n"
    f"Message-ID: {MESSAGE_ID}\r\n"
    f"List-Unsubscribe: <https://news.example.org/u/{READER_TOKEN}>,\r\n"
    f" <mailto:hello@news.example.org?subject=unsubscribe%20{READER_TOKEN}>\r\n"
)


def status_report(
    *recipients: str,
    prose: str = "Your message could not be delivered.",
    to: str = BOUNCES,
    returned: str = RETURNED_HEADERS,
) -> bytes:
    """A delivery report (RFC 3464); each recipient is a group of fields, its lines separated by ``\\n``."""
    groups = "\r\n\r\n".join("\r\n".join(group.split("\n")) for group in recipients)
    return (
        "Return-Path: <>\r\n"
        "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\n"
        f"To: {to}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_1"\r\n\r\n'
        f"--=_1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{prose}\r\n"
        f"--=_1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n{groups}\r\n"
        f"--=_1\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n--=_1--\r\n"
    ).encode()


def recipient(said: str, *, status: str = "5.0.0", action: str = "failed", address: str = "ana@example.com") -> str:
    """One group of a report."""
    return f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {said}"


def plain(text: str, *, sender: str = "Mail Delivery System <mailer-daemon@mx.example.net>", **fields: str) -> bytes:
    """A mail with words only; fields by name, ``_`` for ``-``."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = BOUNCES
    for name, value in ({"Subject": "Mail delivery failed"} | fields).items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def feedback(sort: str, *, fields: str = "", returned: str = RETURNED_HEADERS) -> bytes:
    """A feedback report (RFC 5965)."""
    return (
        "From: feedback@mail.example.net\r\nTo: bounces@news.example.org\r\nSubject: FW: News\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary="=_2"\r\n\r\n'
        "--=_2\r\nContent-Type: text/plain\r\n\r\nThis is an email abuse report.\r\n"
        "--=_2\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {sort}\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\n{fields}\r\n"
        f"--=_2\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\nHello\r\n--=_2--\r\n"
    ).encode()


# What servers say, and what it means: in the languages of the readers, and of servers that they may use.
DIAGNOSTICS = {
    "hard": [
        "550 5.1.1 <ana@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try 550 5.1.1 again with care",
        "550 5.7.1 No such person at this address",
        "554 delivery error: dd This user doesn't have an example.com account",
        "550 Requested action not taken: mailbox unavailable",
        "550 5.4.1 Recipient address rejected: Access denied.",
        "Host or domain name not found. Name service error for name=exmaple.com type=A: Host not found",
        "Domain example.com does not accept mail (nullMX)",
        "550 El usuario no existe en este servidor",
        "550 5.1.1 La cuenta de correo ana no existe",
        "550 Buzón desconocido",
        "550 Dirección de destinatario inválida",
        "550 5.1.1 Adresse d'au moins un destinataire invalide. Utilisateur inconnu",
        "550 L'utilisateur n'existe pas",
        "550 Empfänger unbekannt oder nicht erreichbar",
        "550 Dieses Postfach existiert nicht",
        "550 Utente sconosciuto",
        "550 A conta não existe",
        "550 Gebruiker onbekend",
        "550 Такой пользователь не найден",
        "550 宛先不明",
    ],
    "soft": [
        "552 5.2.2 Mailbox full",
        "550 5.1.1 <ana@example.com> User account is overquota",
        "554 5.7.1 The recipient's mailbox has exceeded its storage limit",
        "550 Account does not have enough space",
        "450 4.1.1 User unknown in local recipient table",
        "451 4.7.1 Greylisting in action, please come back later",
        "421 4.4.2 Connection timed out",
        "4.4.7 message expired: connection refused",
        "550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
        "554 5.4.6 Too many hops",
        "550 no",
        "552 El buzón del destinatario está lleno",
        "552 Se ha superado la capacidad del buzón: cuota excedida",
        "452 Error temporal, intente más tarde",
        "552 Boîte de réception pleine",
        "552 Das Postfach ist voll",
        "552 Casella di posta piena",
        "552 Caixa postal cheia",
        "552 Почтовый ящик переполнен",
    ],
    "sender": [
        "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org",
        "550-5.7.26 This mail is unauthenticated: SPF [news.example.org] did not pass",
        "550 5.7.1 Unable to relay",
        "550 5.7.509 Access denied, sending domain does not pass DMARC verification",
        "553 5.1.8 <news@news.example.org>: Sender address rejected: Domain not found",
        "554 Message refused as spam",
        "550 5.7.25 The sending IP does not have a PTR record",
        "552 5.3.4 Message size exceeds fixed limit",
        "421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints",
        "550 Remitente rechazado por política",
        "554 Mensaje bloqueado: la IP está en una lista negra",
        "550 Correo no deseado",
        "550 Nachricht abgelehnt wegen Richtlinie",
    ],
}
