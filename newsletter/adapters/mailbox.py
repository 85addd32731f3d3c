"""A mailbox over IMAP: what came in, and where it goes when it was understood.

Nothing is ever deleted.  What was understood is moved to a folder, or flagged;
what was not stays as it was, unread, with a keyword by which it is not read
again.  TLS is verified against the system's certificates; with ``starttls`` a
server that does not offer it is told nothing.
Source: RFC 3501 §2.3.2 (keywords), §6.4.5 (BODY.PEEK); RFC 6851 (MOVE); RFC
4315 (UIDPLUS); RFC 8314 §3.2 (TLS from the first byte).
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from newsletter.delivery.bounces.mime import MAX_READ
from newsletter.errors import MailServerError

HANDLED = "NewsletterHandled"  # the keyword of what was understood, where it is flagged and not moved
LEFT = "NewsletterLeft"  # the keyword of what was looked at and left to people


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where a mailbox is, and which of its folders are read.

    ``security`` is tls, starttls or none; ``move_to`` is "" where mail is only flagged.
    """

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    folders: tuple[str, ...]
    move_to: str
    timeout: float  # seconds
    tls_context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False, compare=False)

    @contextlib.contextmanager
    def open(self) -> Iterator[Mailbox]:
        """Log in, and out at the end.  Raises MailServerError, also for what goes wrong in between."""
        name = f"{self.host}:{self.port}"
        try:
            client = IMAPClient(
                self.host,
                self.port,
                ssl=self.security == "tls",
                ssl_context=self.tls_context if self.security == "tls" else None,
                timeout=self.timeout,
            )
        except ssl.SSLCertVerificationError as error:
            hint = "is bounces.host the name that the certificate is for?"
            raise MailServerError(
                f"the certificate of {name} cannot be trusted: {error.verify_message}", hint
            ) from error
        except ssl.SSLError as error:
            hint = "port 993 wants bounces.security: tls, port 143 starttls"
            raise MailServerError(f"{name} does not speak TLS as expected: {error.reason or error}", hint) from error
        except (OSError, IMAPClientError) as error:
            hint = "are bounces.host and bounces.port right?"
            raise MailServerError(f"the mailbox server {name} cannot be reached: {error}", hint) from error
        try:
            if self.security == "starttls":
                client.starttls(self.tls_context)
            client.login(self.username, self.password)
            yield Mailbox(client, self.move_to)
            client.logout()
        except CapabilityError as error:
            hint = "use bounces.security: tls and port 993"
            raise MailServerError(f"{name} does not offer STARTTLS, so nothing was said to it", hint) from error
        except LoginError as error:
            hint = "check bounces.username and the environment variable NEWSLETTER_BOUNCES__PASSWORD"
            raise MailServerError(f"{name} refused the login of '{self.username}': {_words(error)}", hint) from error
        except (OSError, IMAPClientError) as error:
            hint = "what was read is stored; run the same command again"
            raise MailServerError(f"the mailbox at {name} failed: {_words(error)}", hint) from error
        finally:
            with contextlib.suppress(OSError, IMAPClientError):
                client.shutdown()


class Mailbox:
    """One open mailbox.  Errors are those of ``ImapServer.open``, inside of which it is used."""

    def __init__(self, client: IMAPClient, move_to: str) -> None:
        self._client = client
        self._move_to = move_to
        self._keeps_keywords = False

    def select(self, folder: str) -> list[int]:
        """The numbers of the mails in a folder that were not looked at yet.  MailServerError if there is none such."""
        client = self._client
        if not client.folder_exists(folder):
            raise MailServerError(f"the mailbox has no folder '{folder}'", "set bounces.folders to those it has")
        flags = client.select_folder(folder).get(b"PERMANENTFLAGS", ())
        self._keeps_keywords = b"\\*" in flags or LEFT.encode() in flags
        if not self._move_to and not self._keeps_keywords:
            raise MailServerError(
                f"the server keeps no keywords in '{folder}', so that mail cannot be flagged as handled",
                "set bounces.handled: move",
            )
        if self._move_to and not client.folder_exists(self._move_to):
            client.create_folder(self._move_to)
        return list(client.search(["UNDELETED", "UNKEYWORD", LEFT, "UNKEYWORD", HANDLED]))

    def read(self, number: int) -> bytes | None:
        """As much of a mail as is looked at, without marking it as seen; None if it has gone."""
        found = self._client.fetch([number], [f"BODY.PEEK[]<0.{MAX_READ}>"])
        data: bytes | None = found.get(number, {}).get(b"BODY[]<0>")
        return data

    def handled(self, number: int) -> None:
        """Move or flag what was understood."""
        client = self._client
        if not self._move_to:
            client.add_flags([number], [HANDLED, rb"\Seen"])
        elif client.has_capability("MOVE"):
            client.move([number], self._move_to)
        else:
            client.copy([number], self._move_to)
            client.add_flags([number], [rb"\Deleted"])
            if client.has_capability("UIDPLUS"):  # without it, others' deleted mail would go too
                client.uid_expunge([number])

    def left(self, number: int) -> None:
        """Remember that a mail was left to people."""
        if self._keeps_keywords:
            self._client.add_flags([number], [LEFT])


def _words(error: BaseException) -> str:
    text = str(error).removeprefix("b'").removesuffix("'")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split()) or type(error).__name__
