"""What came back, applied, on both databases: who is suppressed, who is only counted, and who is believed."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
import sqlalchemy as sa

from newsletter.audience.audit import Deed
from newsletter.audience.subscribers import Status
from newsletter.audience.tokens import MIN_KEY_BYTES, Tokens
from newsletter.clock import SystemClock
from newsletter.delivery.bounces import Kind, Origin, Returned, Sort, Verdict, read_returned
from newsletter.delivery.states import State
from newsletter.store.audit import AuditStore
from newsletter.store.campaigns import Campaign
from newsletter.store.database import Database
from newsletter.store.feedback import SOFT_IN_A_ROW, Effect, FeedbackStore
from newsletter.store.freeze import Freezer, Target
from newsletter.store.returns import Returns
from newsletter.store.subscribers import SubscriberStore
from newsletter.store.tables import deliveries, feedback, subscribers
from tests.integration.ledger import EVERYBODY, edition_for, frozen
from tests.unit.returned import recipient, status_report

TOKENS = Tokens((b"k" * MIN_KEY_BYTES,))
OTHERS = Tokens((b"x" * MIN_KEY_BYTES,))
CLOCK = SystemClock()
ANA = "r1@example.org"


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """Campaigns of which everybody has their mail, and the person whom it is about."""

    database: Database
    campaigns: list[Campaign]
    id: int
    ref: str

    @property
    def store(self) -> FeedbackStore:
        return FeedbackStore(self.database, CLOCK, TOKENS)

    def message_id(self, campaign: int = 0, tokens: Tokens = TOKENS) -> str:
        return tokens.message_id(self.campaigns[campaign].ref, self.ref, "example.org")

    async def status(self) -> Status:
        found = await SubscriberStore(self.database, CLOCK, "en").find(ANA)
        assert found
        return found.status

    async def comes(self, kind: Kind, campaign: int = 0, *, key: str = "", **verdict: str) -> list[Effect]:
        """Somebody's mail of a campaign comes back under its Message-ID."""
        returned = bounce(kind, Origin(self.message_id(campaign)), key=key or f"{kind}{campaign}", **verdict)
        return [applied.effect for applied in await self.store.apply(returned)]


def bounce(kind: Kind, origin: Origin, *, key: str = "1", address: str = ANA, **verdict: str) -> Returned:
    return Returned(key, Sort.FAILURE, (Verdict(kind, address, **verdict),), origin)


@pytest.fixture
async def sent(database: Database) -> Sent:
    """Four campaigns to three people."""
    first = await frozen(database, 3)
    freezer = Freezer(database, CLOCK, ("en", "es"))
    more = [
        await freezer.freeze(Target(slug, ("everybody",), EVERYBODY), edition_for) for slug in ("july", "may", "april")
    ]
    async with database.write() as connection:
        await connection.execute(deliveries.update().values(state=State.ACCEPTED))
    found = await SubscriberStore(database, CLOCK, "en").find(ANA)
    assert found
    return Sent(database, [first, *more], found.id, found.ref)


async def rows(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(feedback))).scalar_one())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.HARD, Status.BOUNCED),
        (Kind.COMPLAINT, Status.COMPLAINED),
        (Kind.SOFT, Status.SUBSCRIBED),
        (Kind.SENDER, Status.SUBSCRIBED),
    ],
)
async def test_each_verdict_has_its_consequence(sent: Sent, kind: Kind, status: Status) -> None:
    await sent.comes(kind)
    assert await sent.status() is status


async def test_soft_bounces_of_three_campaigns_in_a_row_are_one_too_many(sent: Sent) -> None:
    assert SOFT_IN_A_ROW == 3
    for campaign in (1, 2):
        assert await sent.comes(Kind.SOFT, campaign) == [Effect.COUNTED]
        assert await sent.comes(Kind.SOFT, campaign, key=f"again {campaign}") == [Effect.COUNTED]
    assert await sent.status() is Status.SUBSCRIBED
    assert await sent.comes(Kind.SOFT, 3) == [Effect.SUPPRESSED]
    assert await sent.status() is Status.BOUNCED


async def test_a_mail_that_arrived_between_ends_the_row(sent: Sent) -> None:
    for campaign in (0, 1, 3):
        await sent.comes(Kind.SOFT, campaign)
    assert await sent.status() is Status.SUBSCRIBED


@pytest.mark.parametrize("way", ["envelope", "reader", "message-id"])
async def test_each_genuine_name_ties_a_bounce_to_its_delivery(sent: Sent, way: str) -> None:
    origin = {
        "envelope": Origin(delivery_token=TOKENS.delivery_token(sent.campaigns[1].id, sent.id).upper()),
        "reader": Origin(sent.message_id(1), reader_token=TOKENS.reader_token(sent.ref)),
        "message-id": Origin(sent.message_id(1).replace("example.org", "")),
    }[way]
    (applied,) = await sent.store.apply(bounce(Kind.HARD, origin))
    assert (applied.effect, applied.ref, applied.campaign_id) == (Effect.SUPPRESSED, sent.ref, sent.campaigns[1].id)


@pytest.mark.parametrize("kind", list(Kind))
async def test_what_somebody_invented_changes_nothing(sent: Sent, kind: Kind) -> None:
    invented = [
        Origin(),
        Origin("<20190603.123@example.org>"),
        Origin(sent.message_id(tokens=OTHERS)),
        Origin(delivery_token=OTHERS.delivery_token(sent.campaigns[0].id, sent.id)),
        Origin(delivery_token=TOKENS.delivery_token(999, sent.id)),
        Origin(reader_token=OTHERS.reader_token(sent.ref)),
        Origin(reader_token=TOKENS.signup_token(sent.ref)),
        Origin(reader_token=TOKENS.reader_token("nobody's")),
        Origin("<\udcff\x00@>", "\udcff", "\x00.\udcff"),
    ]
    for origin in invented:
        assert await sent.store.apply(bounce(kind, origin)) == []
    other = bounce(kind, Origin(sent.message_id()), address="r2@example.org")
    assert await sent.store.apply(other) == [], "a Message-ID of ours, but not of a mail to that address"
    assert await sent.status() is Status.SUBSCRIBED
    assert await rows(sent.database) == 0


@pytest.mark.parametrize("odd", [b"\x00", b"\xff", b"\xed\xb3\xbf", b"\r\n ", b"'\";--", b"\xe2\x80\xae"])
async def test_whatever_stands_in_a_mail_it_can_be_stored(sent: Sent, odd: bytes) -> None:
    group = recipient("550 5.1.1 ODD no such user", address="ODDr1ODD@example.org", status="5.1.1ODD")
    for to in (f"bounces+{TOKENS.delivery_token(sent.campaigns[0].id, sent.id)}@example.org", "bounces@example.org"):
        data = status_report(group, to=to, returned="Message-ID: <ODDaaaaODD@example.org>\r\n")
        returned = read_returned(data.replace(b"ODD", odd), "bounces@example.org")
        assert returned.verdicts
        await sent.store.apply(returned)
    assert await rows(sent.database) == 1


async def test_a_mail_read_twice_counts_once_also_at_the_same_time(sent: Sent) -> None:
    effects = await asyncio.gather(*(sent.comes(Kind.HARD, key="the same") for _ in range(4)))
    assert sorted(effect for (effect,) in effects) == [*[Effect.KNOWN] * 3, Effect.SUPPRESSED]
    assert await rows(sent.database) == 1


async def test_a_mailbox_that_is_not_theirs_any_more_only_counts(sent: Sent) -> None:
    origin = Origin(sent.message_id(), reader_token=TOKENS.reader_token(sent.ref))
    (applied,) = await sent.store.apply(bounce(Kind.HARD, origin, address="old@example.net"))
    assert (applied.kind, applied.effect) == (Kind.SOFT, Effect.COUNTED)
    assert await sent.status() is Status.SUBSCRIBED


async def test_of_several_mailboxes_behind_an_address_the_mildest_answer_counts(sent: Sent) -> None:
    verdicts = (Verdict(Kind.HARD, "a@example.net"), Verdict(Kind.SENDER, "b@example.net"))
    origin = Origin(delivery_token=TOKENS.delivery_token(sent.campaigns[0].id, sent.id))
    (applied,) = await sent.store.apply(Returned("1", Sort.FAILURE, verdicts, origin))
    assert applied.kind is Kind.SENDER


async def test_who_left_has_left_whatever_comes_back_later(sent: Sent) -> None:
    await SubscriberStore(sent.database, CLOCK, "en").unsubscribe(ANA)
    for kind in (Kind.HARD, Kind.COMPLAINT):
        assert await sent.comes(kind) == [Effect.COUNTED]
    assert await sent.status() is Status.UNSUBSCRIBED


async def test_a_complaint_after_a_bounce_is_remembered(sent: Sent) -> None:
    await sent.comes(Kind.HARD)
    await sent.comes(Kind.COMPLAINT)
    assert await sent.status() is Status.COMPLAINED


async def test_a_request_to_leave_is_granted_to_whoever_has_the_token(sent: Sent) -> None:
    request = Returned(
        "1", Sort.UNSUBSCRIBE, (Verdict(Kind.UNSUBSCRIBE),), Origin(reader_token=TOKENS.reader_token(sent.ref))
    )
    (applied,) = await sent.store.apply(request)
    assert applied.effect is Effect.SUPPRESSED
    assert await sent.status() is Status.UNSUBSCRIBED


async def test_nothing_is_kept_about_somebody_who_was_erased(sent: Sent) -> None:
    async with sent.database.write() as connection:
        await connection.execute(
            subscribers.update().where(subscribers.c.id == sent.id).values(status=Status.ERASED, email="")
        )
    origin = Origin(delivery_token=TOKENS.delivery_token(sent.campaigns[0].id, sent.id))
    assert await sent.store.apply(bounce(Kind.HARD, origin)) == []
    assert await rows(sent.database) == 0


async def test_each_change_of_a_person_is_logged_without_their_address(sent: Sent) -> None:
    await sent.comes(Kind.SOFT)
    await sent.comes(Kind.HARD, status="5.1.1", diagnostic="no such user")
    entries = [entry async for entry in AuditStore(sent.database, CLOCK).newest()]
    (entry,) = [entry for entry in entries if entry.about.startswith("subscriber ")]
    assert (entry.who, entry.what, entry.about) == ("mailbox", Deed.SUPPRESSED, f"subscriber {sent.ref}")
    assert entry.detail == {"why": "hard", "campaign": sent.campaigns[0].id, "status": "bounced"}


async def test_report_counts_people_by_the_gravest_answer(sent: Sent) -> None:
    await sent.comes(Kind.SOFT, key="a")
    await sent.comes(Kind.HARD, key="b")
    await sent.comes(Kind.COMPLAINT, 1)
    returns = Returns(sent.database)
    counts = await returns.counts()
    first = {count.locale: count for count in counts if count.campaign_id == sent.campaigns[0].id}
    assert (first["es"].delivered, first["es"].hard, first["es"].soft) == (0, 1, 0)
    assert (first["en"].delivered, first["en"].hard) == (2, 0)
    (july,) = [count for count in counts if count.campaign_id == sent.campaigns[1].id and count.locale == "es"]
    assert (july.delivered, july.complaint) == (1, 1)
    assert len(await returns.counts(sent.campaigns[0].id)) == 2


async def test_objections_are_told_by_domain_and_code(sent: Sent) -> None:
    await sent.comes(Kind.SENDER, status="5.7.1", diagnostic="blocked by a list")
    (objection,) = await Returns(sent.database).objections()
    assert (objection.domain, objection.status, objection.number) == ("example.org", "5.7.1", 1)
    assert objection.example == "blocked by a list"
