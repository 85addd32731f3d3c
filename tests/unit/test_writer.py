"""What a claim becomes: a mail to the person claimed, signed or not, with one name at every attempt."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from newsletter.audience.subscribers import Addressee
from newsletter.audience.tokens import MIN_KEY_BYTES, Tokens
from newsletter.delivery.desk import Claim
from newsletter.delivery.message import FrozenEdition, Mail, Message, Sender
from newsletter.delivery.writer import MessageWriter, ReturnPath, Sign

NOW = dt.datetime(2019, 6, 3, 12, tzinfo=dt.UTC)
SENDER = Sender("Migrant Justice", "news@example.org", "hello@example.org", "https://news.example.org")
EDITION = FrozenEdition("en", frozenset(), SENDER, "News", "Hello", "<p>Hello</p>")


class Still:
    """A clock that stands."""

    def now(self) -> dt.datetime:
        return NOW


async def stamp(message: Message, now: dt.datetime) -> Message:
    """Sign like anybody, and so that it is easily seen."""
    return Message(b"Signed: yes\r\n" + message.head, message.body)


def mail(ref: str = "b7Q2xyz", attempt: int = 1, sign: Sign | None = None) -> Mail:
    writer = MessageWriter("campaign", {1: EDITION}, Tokens((b"k" * MIN_KEY_BYTES,)), Still(), sign)
    return asyncio.run(writer(Claim(Addressee(1, ref, f"{ref}@example.org", "Ana", "Ana"), 1, attempt, NOW)))


def test_a_mail_is_for_the_person_claimed() -> None:
    assert mail("ana").recipient == "ana@example.org"
    assert b'\r\nTo: "Ana" <ana@example.org>\r\n' in mail("ana").message.head


def test_a_mail_is_named_by_its_message_id_at_every_attempt() -> None:
    first, again, other = mail(), mail(attempt=2), mail("other")
    assert f"\r\nMessage-ID: <{first.envelope_id}@example.org>\r\n".encode() in first.message.head
    assert first.envelope_id == again.envelope_id != other.envelope_id
    assert first.envelope_id.isascii()
    assert 0 < len(first.envelope_id) <= 100, "RFC 3461 §4.4 allows an ENVID of 100 characters"


@pytest.mark.parametrize("sign", [None, stamp])
def test_a_mail_is_signed_if_there_is_a_signer(sign: Sign | None) -> None:
    assert mail(sign=sign).message.head.startswith(b"Signed: yes\r\n" if sign else b"Date: ")


def test_an_envelope_names_its_delivery_where_that_is_wanted() -> None:
    tokens = Tokens((b"k" * MIN_KEY_BYTES,))
    path = ReturnPath("bounces@example.org", tokens, 3)
    writer = MessageWriter("campaign", {1: EDITION}, tokens, Still(), None, path)
    claim = Claim(Addressee(14, "b7Q2xyz", "ana@example.org", "Ana", "Ana"), 1, 1, NOW)
    sender = asyncio.run(writer(claim)).mail_from
    local, _at, domain = sender.partition("@")
    assert domain == "example.org"
    assert len(local) <= 64, "RFC 5321 §4.5.3.1.1"
    assert tokens.delivery_of(local.removeprefix("bounces+").upper()) == (3, 14)
