"""What a claim becomes: a mail to the person claimed, signed or not, with one name at every attempt."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from unittest import mock

import pytest

from newsletter.audience.subscribers import Addressee
from newsletter.audience.tokens import MIN_KEY_BYTES, Tokens
from newsletter.delivery.desk import Claim
from newsletter.delivery.message import FrozenEdition, Mail, Message, MessageTemplate, Sender
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
    return replace(message, head=b"Signed: yes\r\n" + message.head)


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


@pytest.mark.parametrize("sign", [None, stamp])
def test_a_mail_may_be_written_before_it_is_asked_for(sign: Sign | None) -> None:
    writer = MessageWriter("campaign", {1: EDITION}, Tokens((b"k" * MIN_KEY_BYTES,)), Still(), sign)
    claims = [Claim(Addressee(n, f"ref{n}", f"r{n}@example.org", "", ""), 1, 1, NOW) for n in range(3)]
    later = claims[2]._replace(delay=30.0)
    asked = [asyncio.run(writer(claim)) for claim in claims]
    writer.prepare([*claims[:2], later])
    with mock.patch.object(MessageTemplate, "fill", autospec=True, side_effect=MessageTemplate.fill) as fill:
        assert [asyncio.run(writer(claim)) for claim in claims] == asked
    assert fill.call_count == 1, "only who has to wait was left"
    assert [asyncio.run(writer(claim)) for claim in claims] == asked, "again, as after a failed attempt"
    writer.prepare(claims)
    writer.prepare([])
    assert asyncio.run(writer(claims[0])) == asked[0]


def test_what_was_written_for_a_lost_claim_goes_to_nobody() -> None:
    writer = MessageWriter("campaign", {1: EDITION}, Tokens((b"k" * MIN_KEY_BYTES,)), Still(), None)
    lost = Claim(Addressee(1, "ref", "old@example.org", "", ""), 1, 1, NOW)
    writer.prepare([lost])  # its commit failed, and the next one found no time to write beforehand
    again = lost._replace(addressee=lost.addressee._replace(email="new@example.org"))
    written = asyncio.run(writer(again))
    assert written.recipient == "new@example.org"
    assert b"\r\nTo: new@example.org\r\n" in written.message.head


def test_a_mail_that_must_wait_is_dated_when_it_goes() -> None:
    clock = mock.Mock(now=mock.Mock(return_value=NOW))
    writer = MessageWriter("campaign", {1: EDITION}, Tokens((b"k" * MIN_KEY_BYTES,)), clock, None)
    claim = Claim(Addressee(1, "ref", "ana@example.org", "", ""), 1, 1, NOW, delay=60.0)
    writer.prepare([claim])
    clock.now.return_value = NOW + dt.timedelta(seconds=60)
    assert asyncio.run(writer(claim)).message.head.startswith(b"Date: Mon, 03 Jun 2019 12:01:00 +0000\r\n")


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
