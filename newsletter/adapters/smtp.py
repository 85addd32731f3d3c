"""Sessions with an SMTP server, on aiosmtplib: connect, protect, log in, hand over.

TLS is verified against the system's certificates.  With ``starttls`` a server
that does not offer it is refused before anything secret is said, since a
stripped STARTTLS looks just like that.  Each step of a message is a call of
its own, so that a failure is known to lie before or after the body.
Source: RFC 5321; RFC 3207 §6; RFC 4954 §6.
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass, field

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from newsletter.adapters.wire import send_body
from newsletter.delivery.states import Outcome, Stage, State, classify, connection_lost
from newsletter.errors import MailServerError

DATA_TIMEOUT = 600.0  # seconds for the reply to the final dot; RFC 5321 §4.5.3.2.6
START_INPUT = 354
SERVICE_CLOSING = 421


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over, and as whom.  ``security`` is starttls, tls or none."""

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    mail_from: str
    timeout: float = 60.0

    @property
    def _name(self) -> str:
        return f"{self.host}:{self.port}"

    async def connect(self) -> SmtpSession:
        """Open a session.  MailServerError where another try is useless, ConnectionError where it is not."""
        client = SMTP(
            hostname=self.host,
            port=self.port,
            timeout=self.timeout,
            use_tls=self.security == "tls",
            start_tls=False,  # asked for below, where its absence can be told from other failures
            tls_context=ssl.create_default_context(),
            local_hostname=self.mail_from.rpartition("@")[2],
        )
        try:
            await client.connect()
            await _greet(client)
            if self.security == "starttls":
                await self._start_tls(client)
                await _greet(client)  # what was said before TLS does not count (RFC 3207 §4.2)
            if self.username:
                await client.login(self.username, self.password)
        except BaseException as error:
            client.close()
            refusal = self._refusal(error)
            if refusal is not None:
                raise refusal from error
            if isinstance(error, SMTPException | OSError):
                raise ConnectionError(f"{self._name}: {_words(error)}") from error
            raise
        return SmtpSession(client, self.mail_from)

    async def _start_tls(self, client: SMTP) -> None:
        if not client.supports_extension("starttls"):
            hint = "use another port or smtp.security: tls; if it offered STARTTLS before, somebody may be listening"
            raise MailServerError(f"{self._name} does not offer STARTTLS, so nothing was said to it", hint)
        await client.starttls()

    def _refusal(self, error: BaseException) -> MailServerError | None:
        """The error for staff if trying again is useless."""
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return MailServerError(
                f"the certificate of {self._name} cannot be trusted: {cause.verify_message}",
                "is smtp.host the name that the certificate is for? No mail was sent",
            )
        if isinstance(cause, ssl.SSLError):
            hint = "port 465 wants smtp.security: tls, port 587 starttls"
            return MailServerError(f"{self._name} does not speak TLS as expected: {cause.reason or cause}", hint)
        if isinstance(error, SMTPAuthenticationError) and error.code // 100 == 5:  # noqa: PLR2004 - 5yz, permanent
            return MailServerError(
                f"{self._name} refused the login of '{self.username}': {error.code} {error.message}",
                "check smtp.username and the environment variable NEWSLETTER_SMTP__PASSWORD",
            )
        if isinstance(error, SMTPException) and "auth" in str(error).lower() and self.username:
            return MailServerError(
                f"{self._name} offers no login that can be used: {error}",
                "most servers offer it only after STARTTLS; or leave smtp.username empty",
            )
        return error if isinstance(error, MailServerError) else None


class SmtpSession:
    """One connection, for many messages one after the other."""

    def __init__(self, client: SMTP, mail_from: str) -> None:
        self._client = client
        self._mail_from = mail_from

    @property
    def open(self) -> bool:
        """Whether another message can go over it."""
        return self._client.is_connected

    async def send(self, recipient: str, message: bytes) -> Outcome:
        """Hand over one message for one recipient.  MailServerError if the server refuses us as sender."""
        stage = Stage.BEFORE_BODY
        try:
            reply = await self._client.execute_command(b"MAIL", f"FROM:<{self._mail_from}>".encode())
            if reply.code // 100 == 5:  # noqa: PLR2004 - 5yz, permanent
                hint = "the server does not take mail from this sender; ask its administrator"
                raise MailServerError(f"the sender {self._mail_from} is refused: {reply.code} {reply.message}", hint)
            if reply.code // 100 == 2:  # noqa: PLR2004 - 2yz, done
                reply = await self._client.execute_command(b"RCPT", f"TO:<{recipient}>".encode())
            if reply.code // 100 == 2:  # noqa: PLR2004
                reply = await self._client.execute_command(b"DATA")
                if reply.code == START_INPUT:
                    stage = Stage.AFTER_BODY
                    reply = await send_body(self._client, message, DATA_TIMEOUT)
                    return await self._settled(reply.code, reply.message)
            return await self._refused(reply.code, reply.message)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            self._client.close()
            return connection_lost(stage, _words(error))
        except SMTPResponseException as error:
            # A malformed reply: nobody can say what the server meant or what it will say next.
            self._client.close()
            return connection_lost(stage, _words(error))

    async def _settled(self, code: int, text: str) -> Outcome:
        if code == SERVICE_CLOSING:
            self._client.close()
        return classify(code, text)

    async def _refused(self, code: int, text: str) -> Outcome:
        """The outcome of a reply that ended the message before its body."""
        if code == SERVICE_CLOSING:
            self._client.close()
            return Outcome(State.PENDING, f"{code} {text}"[:500])
        # RSET, so that the next message begins afresh; some servers keep the half-begun one.
        with contextlib.suppress(SMTPException, OSError):
            await self._client.rset()
        outcome = classify(code, text)
        return outcome if outcome.state is not State.ACCEPTED else Outcome(State.DEFERRED, outcome.reply)

    async def close(self) -> None:
        """Say goodbye, briefly."""
        if self._client.is_connected:
            with contextlib.suppress(SMTPException, OSError):
                await self._client.quit(timeout=5)
        self._client.close()


async def _greet(client: SMTP) -> None:
    """EHLO, or HELO for a server that knows no extensions (RFC 5321 §3.2)."""
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
