"""Tests: every edition to one address, for ``newsletter send --to`` and the studio."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from newsletter.cli.publishing import frozen_edition
from newsletter.cli.wiring import House
from newsletter.delivery.deliver import connect
from newsletter.delivery.message import MessageTemplate, Reader
from newsletter.delivery.states import Outcome
from newsletter.delivery.writer import write_message


async def send_copies(house: House, issue: str, to: str, on_outcome: Callable[[str, Outcome], None]) -> None:
    """Every edition to one address, just as readers get it; the ledger knows nothing of it.

    Raises ContentError or TranslationError, before anything is sent, if an
    edition is not complete, and SettingsError or MailServerError.
    """
    loaded = house.issue(issue)
    editions = [frozen_edition(house, loaded, locale) for locale in house.settings.editions()]
    signer = house.dkim_signer()
    server = house.smtp_server()
    session = await connect(server)
    try:
        for edition in editions:
            message_id = f"<test-{secrets.token_hex(8)}@{edition.sender.domain}>"
            reader = Reader(to, "", "", token="test")  # noqa: S106 - the token of nobody
            mail = write_message(MessageTemplate(edition), reader, message_id, house.clock.now(), signer)
            if not session.open:
                await session.close()
                session = await connect(server)
            on_outcome(edition.locale, await session.send(mail))
    finally:
        await session.close()
