"""Claim → the mail for that person: the template of their edition, filled and signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

from newsletter.audience.tokens import Tokens
from newsletter.clock import Clock
from newsletter.delivery.desk import Claim
from newsletter.delivery.message import FrozenEdition, Mail, MessageTemplate, Reader, reader_of


class Signer(Protocol):
    """Puts a signature before a finished message (``adapters/dkim.py``)."""

    def sign(self, message: bytes, now: dt.datetime) -> bytes:
        """The same message, signed."""
        ...


def write_message(
    template: MessageTemplate, reader: Reader, message_id: str, now: dt.datetime, signer: Signer | None
) -> Mail:
    """One message, filled, and signed if there is a signer.  ``message_id`` has its angle brackets."""
    message = template.fill(reader, message_id, now)
    envelope_id = message_id[1:].partition("@")[0]
    return Mail(reader.email, envelope_id, signer.sign(message, now) if signer else message)


class MessageWriter:
    """Writes the messages of one campaign, which is named by ``campaign_ref`` in each Message-ID."""

    def __init__(
        self,
        campaign_ref: str,
        editions: Mapping[int, FrozenEdition],
        tokens: Tokens,
        clock: Clock,
        signer: Signer | None,
    ) -> None:
        self._campaign_ref = campaign_ref
        self._templates = {number: MessageTemplate(edition) for number, edition in editions.items()}
        self._tokens = tokens
        self._clock = clock
        self._signer = signer

    def __call__(self, claim: Claim) -> Mail:
        """The mail for the person of this claim; the same Message-ID at every attempt."""
        template = self._templates[claim.edition_id]
        message_id = self._tokens.message_id(self._campaign_ref, claim.addressee.ref, template.sender.domain)
        reader = reader_of(claim.addressee, self._tokens)
        return write_message(template, reader, message_id, self._clock.now(), self._signer)
