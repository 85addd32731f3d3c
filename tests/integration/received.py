"""What came out at the other end: sent to a real SMTP server, and taken apart by the standard library."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

from tests.integration.conftest import Space
from tests.integration.servers import Inbox, real_server


def send(space: Space, *rows: str, segment: str = "everybody") -> Inbox:
    """Send the issue to people of these rows."""
    space.write_list(*rows)
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "--segment", segment, "--yes")
    return inbox


def parse(message: bytes) -> EmailMessage:
    """The message, in which a parser finds no fault."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def parts(message: EmailMessage) -> tuple[str, str]:
    """Its text and its page."""
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert not plain.defects
    assert not html.defects
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def by_recipient(inbox: Inbox) -> dict[str, bytes]:
    """The one message that each got."""
    found = {recipient: message for _sender, recipient, message in inbox.messages}
    assert len(found) == len(inbox.messages), "somebody got two copies"
    return found
