"""Somebody who joins: their form, the mail that asks them to confirm, and its link."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from newsletter.audience.choices import SignUp
from newsletter.audience.consent import Agreement
from newsletter.store.tables import signups
from tests.integration.public_pages import BASE, Pages
from tests.integration.servers import Inbox

FORM = {"email": "Ana@Example.org", "name": "Ana Díaz", "edition": "es", "interest": ["farms"], "form": "page"}
PATIENCE = 20.0  # seconds


def signup(email: str) -> SignUp:
    """A form of somebody's, as it comes from the page."""
    return SignUp(email, "", "en", frozenset(), Agreement("I want it", "form: page"))


@contextlib.asynccontextmanager
async def mailing(pages: Pages) -> AsyncIterator[None]:
    """Let the mailer work, quickly."""
    assert pages.desk.mailer is not None
    pages.desk.mailer.pace, pages.desk.mailer.first_wait = 0.0, 0.05
    task = asyncio.create_task(pages.desk.mailer.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(pages: Pages, holds: Callable[[list[Mapping[Any, Any]]], bool]) -> None:
    """Wait for what is to become of the forms."""
    async with asyncio.timeout(PATIENCE):
        while not holds(await pages.rows(signups)):  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.02)


async def mails(pages: Pages, inbox: Inbox, number: int) -> list[email.message.EmailMessage]:
    """So many mails, once they are there."""
    async with mailing(pages):
        await until(pages, lambda rows: len(inbox.messages) >= number and all(row["mailed_at"] for row in rows))
    assert len(inbox.messages) == number
    return [email.message_from_bytes(data, policy=email.policy.default) for _from, _to, data in inbox.messages]


def link(mail: email.message.EmailMessage) -> str:
    """Where its button leads, the same in both parts."""
    found = set()
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        found |= set(re.findall(rf"{BASE}/[cp]/[\w.-]+", body.get_content()))
    (one,) = found
    return str(one).removeprefix(BASE)
