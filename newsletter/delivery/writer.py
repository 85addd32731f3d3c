"""Claim → the mail for that person: the template of their edition, filled and signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from newsletter.audience.tokens import Tokens
from newsletter.clock import Clock
from newsletter.delivery.desk import Claim
from newsletter.delivery.message import FrozenEdition, Mail, Message, MessageTemplate, Reader, reader_of

# The same for a campaign, where it may be done elsewhere (``adapters/signing.py``).
Sign = Callable[[Message, dt.datetime], Awaitable[Message]]


class Signer(Protocol):
    """Puts a signature before a finished message (``adapters/dkim.py``)."""

    def sign(self, message: Message, now: dt.datetime) -> Message:
        """The same message, signed."""
        ...


def write_message(
    template: MessageTemplate,
    reader: Reader,
    message_id: str,
    now: dt.datetime,
    signer: Signer | None,
) -> Mail:
    """One message, filled, and signed if there is a signer.  ``message_id`` has its angle brackets."""
    message = template.fill(reader, message_id, now)
    return Mail(reader.email, envelope_id(message_id), signer.sign(message, now) if signer else message)


class ReturnPath:
    """The envelope senders of one campaign: ``bounces+TOKEN@example.org``, so that a bounce names its delivery (VERP).

    Source: RFC 5321 §4.4 (Return-Path); RFC 5233 §1 (what stands after the plus sign).
    """

    def __init__(self, bounces: str, tokens: Tokens, campaign_id: int) -> None:
        self._local, _at, domain = bounces.rpartition("@")
        self._at_domain = f"@{domain}"
        self._tokens = tokens
        self._campaign_id = campaign_id

    def __call__(self, subscriber_id: int) -> str:
        """The sender of the mail to one subscriber."""
        return f"{self._local}+{self._tokens.delivery_token(self._campaign_id, subscriber_id)}{self._at_domain}"


class MessageWriter:
    """Writes the messages of one campaign, which is named by ``campaign_ref`` in each Message-ID.

    ``return_path`` makes the sender of each envelope; without one all have the same.
    """

    def __init__(
        self,
        campaign_ref: str,
        editions: Mapping[int, FrozenEdition],
        tokens: Tokens,
        clock: Clock,
        sign: Sign | None,
        return_path: ReturnPath | None = None,
    ) -> None:
        self._campaign_ref = campaign_ref
        self._templates = {number: MessageTemplate(edition) for number, edition in editions.items()}
        self._tokens = tokens
        self._clock = clock
        self._sign = sign
        self._return_path = return_path
        # By claim, as far as nobody has asked for it: of another claim the same person's address may be another.
        self._prepared: dict[Claim, Mail] = {}

    def prepare(self, claims: Sequence[Claim]) -> None:
        """Write beforehand, without signatures, what will be asked for next."""
        now = self._clock.now()
        self._prepared = {claim: self._unsigned(claim, now) for claim in claims if not claim.delay}

    async def __call__(self, claim: Claim) -> Mail:
        """The mail for the person of this claim; the same Message-ID at every attempt."""
        mail = self._prepared.pop(claim, None) or self._unsigned(claim, self._clock.now())
        if self._sign is None:
            return mail
        return replace(mail, message=await self._sign(mail.message, self._clock.now()))

    def _unsigned(self, claim: Claim, now: dt.datetime) -> Mail:
        template = self._templates[claim.edition_id]
        message_id = self._tokens.message_id(self._campaign_ref, claim.addressee.ref, template.sender.domain)
        message = template.fill(reader_of(claim.addressee, self._tokens), message_id, now)
        mail_from = self._return_path(claim.addressee.id) if self._return_path else ""
        return Mail(claim.addressee.email, envelope_id(message_id), message, mail_from)


def envelope_id(message_id: str) -> str:
    """The left side of a Message-ID, which has its angle brackets."""
    return message_id[1:].partition("@")[0]
