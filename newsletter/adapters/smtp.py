"""Sessions with an SMTP server, on aiosmtplib: connect, protect, log in, hand over.

TLS is verified against the system's certificates.  With ``starttls`` a server
that does not offer it is refused before anything secret is said, since a
stripped STARTTLS looks just like that.  Each step of a message is a call of
its own, so that a failure is known to lie before or after the body.
Source: RFC 5321; RFC 3207 §6; RFC 4954 §6.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
)

from newsletter.adapters.esmtp import Envelope, Offers, needs_smtputf8, read_offers
from newsletter.adapters.pace import Pace
from newsletter.adapters.wire import SERVICE_CLOSING, Outbox, Reply, Wire, WireLostError, printable, take_over
from newsletter.delivery.message import Mail
from newsletter.delivery.states import Outcome, Stage, State, classify, connection_lost
from newsletter.errors import MailServerError
from newsletter.wording import said

DATA_TIMEOUT = 600.0  # seconds for the reply to the final dot; RFC 5321 §4.5.3.2.6
ALIVE_TIMEOUT = 5.0  # seconds for the reply to NOOP, after which a new connection is the quicker way
GOODBYE_TIMEOUT = 5.0  # seconds for the reply to QUIT; nothing depends on it
END_OF_DATA = b".\r\n"  # after the message's own CRLF; RFC 5321 §4.1.1.4
_NO_LOGIN = ("No suitable authentication method", "The SMTP AUTH extension is not")  # aiosmtplib's words
START_INPUT = 354


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
    messages_per_connection: int = 0  # 0 for no limit
    pace: Pace = field(default_factory=Pace, repr=False, compare=False)
    _outbox: Outbox = field(default_factory=Outbox, repr=False, compare=False)
    # One for all sessions: reading the system's certificates takes 20 ms.
    _tls_context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False, compare=False)

    @property
    def _name(self) -> str:
        return f"{self.host}:{self.port}"

    def pause(self) -> float:
        """Seconds to stay away, since the host said 421."""
        return self.pace.left()

    async def connect(self) -> SmtpSession:
        """Open a session.  MailServerError where another try is useless, ConnectionError where it is not."""
        client = SMTP(
            hostname=self.host,
            port=self.port,
            timeout=self.timeout,
            use_tls=self.security == "tls",
            start_tls=False,  # asked for below, where its absence can be told from other failures
            tls_context=self._tls_context,
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
            await _leave(client)
            if isinstance(error, SMTPResponseException) and error.code == SERVICE_CLOSING:
                self.pace.refused()
            refusal = self._refusal(error)
            if refusal is not None:
                raise refusal from error
            if isinstance(error, SMTPException | OSError):
                raise ConnectionError(f"{self._name}: {_words(error)}") from error
            raise
        return SmtpSession(take_over(client, self._outbox, self.pace.refused), read_offers(client), self)

    async def _start_tls(self, client: SMTP) -> None:
        if not client.supports_extension("starttls"):
            hint = said(
                "use another port or smtp.security: tls; if it offered STARTTLS before, somebody may be listening"
            )
            message = said("%(server)s does not offer STARTTLS, so nothing was said to it", server=self._name)
            raise MailServerError(message, hint)
        await client.starttls()

    def _refusal(self, error: BaseException) -> MailServerError | None:
        """The error for staff if trying again is useless."""
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return MailServerError(
                said(
                    "the certificate of %(server)s cannot be trusted: %(why)s",
                    server=self._name,
                    why=cause.verify_message,
                ),
                said("is smtp.host the name that the certificate is for? No mail was sent"),
            )
        if isinstance(cause, ssl.SSLError):
            values = {"server": self._name, "why": cause.reason or cause}
            return MailServerError(
                said("%(server)s does not speak TLS as expected: %(why)s", **values),
                said("port 465 wants smtp.security: tls, port 587 starttls"),
            )
        if isinstance(error, SMTPAuthenticationError) and error.code // 100 == 5:  # noqa: PLR2004 - 5yz, permanent
            reply = f"{error.code} {printable(error.message)}"
            values = {"server": self._name, "name": self.username, "reply": reply}
            return MailServerError(
                said("%(server)s refused the login of '%(name)s': %(reply)s", **values),
                said("check smtp.username and the environment variable NEWSLETTER_SMTP__PASSWORD"),
            )
        if self.username and isinstance(error, SMTPException) and str(error).startswith(_NO_LOGIN):
            return MailServerError(
                said("%(server)s offers no login that can be used: %(why)s", server=self._name, why=_words(error)),
                said("most servers offer it only after STARTTLS; or leave smtp.username empty"),
            )
        return error if isinstance(error, MailServerError) else None


class SmtpSession:
    """One connection, for many messages one after the other."""

    def __init__(self, wire: Wire, offers: Offers, server: SmtpServer) -> None:
        self._wire = wire
        self._offers = offers
        self._mail_from = server.mail_from
        self._envelope = Envelope(server.mail_from, offers)
        self._timeout = server.timeout
        self._most = server.messages_per_connection
        self._pace = server.pace
        self._begun = 0  # messages of which MAIL was said, as servers count them

    @property
    def open(self) -> bool:
        """Whether another message can go over it: it stands, and its messages are not used up."""
        return self._wire.open and not (self._most and self._begun >= self._most)

    @property
    def certificate_ends(self) -> dt.datetime | None:
        """Until when the server's certificate is valid; None without TLS."""
        return self._wire.certificate_ends

    async def send(self, mail: Mail) -> Outcome:
        """Hand over one message for one recipient.  MailServerError if the server refuses us as sender."""
        message = mail.message
        if self._offers.size and len(message) > self._offers.size:
            hint = said("make the issue smaller, or ask the server's administrator")
            values = {"most": self._offers.size, "size": len(message)}
            told = said("the server takes messages up to %(most)s bytes, this one has %(size)s", **values)
            raise MailServerError(told, hint)
        if obstacle := self._envelope.obstacle(mail):
            return Outcome(State.REJECTED, obstacle, unsaid=True)
        self._begun += 1
        stage = Stage.BEFORE_BODY
        try:
            refusal = await self._announce(mail)
            if refusal is not None:
                return await self._refused(refusal)
            stage = Stage.AFTER_BODY
            (reply,) = await self._wire.ask((message.head, *message.body, END_OF_DATA), 1, DATA_TIMEOUT)
        except WireLostError as lost:
            return connection_lost(stage if lost.asked else Stage.BEFORE_BODY, str(lost))
        outcome = classify(reply.code, reply.text, stage)
        if outcome.state is State.ACCEPTED:
            self._pace.accepted()
        if reply.code == SERVICE_CLOSING or outcome.state is State.IN_DOUBT:
            self._wire.close("the server closes, or is out of step")
        return outcome

    async def _announce(self, mail: Mail) -> Reply | None:
        """Say MAIL, RCPT and DATA; None when the server waits for the body, else the reply that refused it.

        In one write where the server offers PIPELINING: two round trips a
        message instead of four.
        """
        lines = self._envelope.commands(mail)
        if not self._offers.pipelining:
            for line in lines:
                (reply,) = await self._wire.ask(line, 1, self._timeout)
                if reply.kind not in (2, 3):
                    return self._checked(reply, line, mail)
            return None if reply.code == START_INPUT else reply
        try:
            replies = await self._wire.ask(b"".join(lines), len(lines), self._timeout)
        except WireLostError as lost:
            # It said no and hung up: the no is what matters.
            refused = _first_refusal(lost.replies)
            if refused is None:
                raise
            return self._checked(lost.replies[refused], lines[refused], mail)
        refused = _first_refusal(replies)
        if refused is None:
            return None if replies[-1].code == START_INPUT else replies[-1]
        if replies[-1].code == START_INPUT:
            # It waits for a body although it took no recipient: give it an empty one (RFC 2920 §3.1).
            with contextlib.suppress(ConnectionError):
                await self._wire.ask(END_OF_DATA, 1, self._timeout)
        return self._checked(replies[refused], lines[refused], mail)

    def _checked(self, reply: Reply, line: bytes, mail: Mail) -> Reply:
        """The same reply, unless it refuses the sender for good, which is no recipient's matter.

        MAIL with SMTPUTF8 may be refused for that alone (RFC 6531 §3.5), and then it is one.
        """
        if reply.kind == 5 and line.startswith(b"MAIL") and not needs_smtputf8(mail):  # noqa: PLR2004 - 5yz, permanent
            hint = said("the server does not take mail from this sender; ask its administrator")
            message = said("the sender %(sender)s is refused: %(reply)s", sender=self._mail_from, reply=reply)
            raise MailServerError(message, hint)
        return reply

    async def _refused(self, reply: Reply) -> Outcome:
        """The outcome of a reply that ended the message before its body."""
        if reply.code == SERVICE_CLOSING or reply.kind in (2, 3):
            # Yes where it makes no sense: who is out of step might answer the next message with words about this one.
            self._wire.close("the server closes, or is out of step")
            return Outcome(State.PENDING, str(reply)[:500])
        # RSET, so that the next message begins afresh; some servers keep the half-begun one.
        with contextlib.suppress(ConnectionError):
            await self._wire.ask(b"RSET\r\n", 1, self._timeout)
        return classify(reply.code, reply.text)

    async def alive(self) -> bool:
        """Whether the server still answers, for a caller that kept the session idle; closed if not.

        A server may have gone without a word that came through, or be about to
        say that it closes.  Source: RFC 5321 §4.1.1.9 (NOOP).
        """
        if self.open:
            with contextlib.suppress(ConnectionError):
                (reply,) = await self._wire.ask(b"NOOP\r\n", 1, min(ALIVE_TIMEOUT, self._timeout))
                if reply.kind == 2 and self._wire.open:  # noqa: PLR2004 - 2yz, done
                    return True
                self._wire.close(f"the server is not ready: {reply}")
        await self.close()
        return False

    async def close(self) -> None:
        """Say goodbye, briefly."""
        if self._wire.open:
            with contextlib.suppress(ConnectionError):
                await self._wire.ask(b"QUIT\r\n", 1, GOODBYE_TIMEOUT)
        self._wire.close()


def _first_refusal(replies: Sequence[Reply]) -> int | None:
    for index, reply in enumerate(replies):
        if reply.kind not in (2, 3):
            return index
    return None


async def _leave(client: SMTP) -> None:
    """End a connection that came to nothing, at once: a polite end of TLS may outlive the event loop."""
    transport = client.transport
    client.close()
    if transport is not None:
        cast("asyncio.WriteTransport", transport).abort()
        await asyncio.sleep(0)


async def _greet(client: SMTP) -> None:
    """EHLO, or HELO for a server that knows no extensions (RFC 5321 §3.2)."""
    try:
        await client.ehlo()
    except SMTPHeloError as error:
        if error.code == SERVICE_CLOSING:
            raise
        await client.helo()


def _words(error: BaseException) -> str:
    return " ".join(printable(str(error)).split()) or type(error).__name__
