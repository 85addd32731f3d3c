"""``send --missed``: just the people of a campaign who have no copy of the issue, and nobody a second one."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from newsletter.clock import SystemClock
from newsletter.delivery.states import State
from newsletter.errors import AudienceError
from newsletter.store.campaigns import CampaignStore
from newsletter.store.database import Database
from newsletter.store.freeze import Freezer, Missed, Planned, Target
from newsletter.store.tables import campaigns, deliveries, feedback, subscribers
from tests.integration.conftest import Done, People, Space
from tests.integration.ledger import edition_for, frozen
from tests.integration.records import ask, ledger
from tests.integration.scenes import another_issue
from tests.integration.servers import CUT, Inbox, Script, scripted_server

CLOCK = SystemClock()
MISSED = Target("june", (), {}, only=Missed(1))


def send(space: Space, *options: str, issue: str = "june", code: int = 0) -> Done:
    return space.run("send", issue, *options, "--yes", code=code)


def came_back(space: Space, *addresses: str, verdict: str = "sender", campaign: int = 1) -> None:
    """Mail of a campaign comes back, and says whose fault it was."""
    row = (
        "insert into feedback (key, campaign_id, subscriber_id, verdict, status, diagnostic, domain, at) "
        "select email || ?, ?, id, ?, '5.7.1', '', '', '2026-01-01' from subscribers where email = ?"
    )
    for address in addresses:
        ask(space, row, verdict, campaign, verdict, address)


def test_it_reaches_just_those_whose_copy_was_refused_because_of_us(space: Space, people: People, inbox: Inbox) -> None:
    people(6)
    send(space, "-s", "everybody")
    came_back(space, "reader1@example.org", "reader2@example.org")
    came_back(space, "reader3@example.org", verdict="soft")
    space.run("subscribers", "unsubscribe", "reader2@example.org")
    assert space.run("send", "june", "--missed", "1", "--dry-run").stdout.startswith("reader1@example.org")
    send(space, "--missed", "1")
    assert Counter(inbox.recipients())["reader1@example.org"] == 2
    assert len(inbox.messages) == 7
    assert "nobody to send to" in send(space, "--missed", "1").stderr
    came_back(space, "reader5@example.org")
    send(space, "--missed", "1")
    assert inbox.recipients()[-1] == "reader5@example.org", "what came back later is a campaign of its own"
    assert len(inbox.messages) == 8


def test_what_was_cancelled_and_rejected_is_sent_once(space: Space, people: People, inbox: Inbox) -> None:
    people(5)
    fates = {"reader1@example.org": "550 no", "reader2@example.org": "450 4.2.2 full", "reader3@example.org": CUT}
    with scripted_server(Script(lambda verb, to: fates.get(to) if verb == "BODY" else None)) as server:
        space.set("smtp", port=server.port)
        send(space, "-s", "everybody", code=3)
    space.set("smtp", port=inbox.port)
    assert "campaign 1 of this issue is not finished" in send(space, "--missed", "1", code=2).stderr
    space.run("campaigns", "cancel", "1", "--yes")
    assert "'newsletter send june --missed 1'" in space.run("campaigns", "show", "1").stdout
    send(space, "--missed", "1")
    assert sorted(inbox.recipients()) == ["reader1@example.org", "reader2@example.org"], "who is in doubt may have it"


def test_a_cancelled_campaign_is_not_taken_for_a_sent_one(space: Space, people: People, inbox: Inbox) -> None:
    people(2)
    send(space, "-s", "everybody", "--queue")
    space.run("campaigns", "cancel", "1", "--yes")
    done = send(space, "-s", "everybody", code=3)
    assert "was cancelled: this command sends nothing more of it" in done.stderr
    assert "did not reach everybody: 2 cancelled" in done.stderr
    assert "'newsletter send june --missed 1'" in done.stderr
    send(space, "--missed", "1")
    assert len(inbox.messages) == 2


def test_the_same_command_goes_on_after_an_interruption(space: Space, people: People, inbox: Inbox) -> None:
    people(3)
    send(space, "-s", "everybody")
    came_back(space, "reader0@example.org", "reader1@example.org")
    send(space, "--missed", "1", "--queue")
    assert "'newsletter send june --missed 1' goes on" in space.run("campaigns", "list").stdout
    assert "going on with campaign 2" in send(space, "--missed", "1").stderr
    assert Counter(Counter(inbox.recipients()).values()) == {2: 2, 1: 1}


def test_who_was_taken_up_is_not_tried_again_in_the_old_campaign(space: Space, people: People, inbox: Inbox) -> None:
    people(3)
    with scripted_server(Script(lambda verb, to: "550 no" if verb == "RCPT" and "0" not in to else None)) as server:
        space.set("smtp", port=server.port)
        send(space, "-s", "everybody", code=3)
    space.set("smtp", port=inbox.port)
    send(space, "-s", "spanish", "--missed", "1")
    assert inbox.recipients() == ["reader1@example.org"]
    assert "1 rejected: now pending" in space.run("campaigns", "resolve", "1", "--rejected", "resend").stdout
    send(space, "-s", "everybody", code=3)
    assert inbox.recipients() == ["reader1@example.org", "reader2@example.org"]
    told = space.run("campaigns", "resolve", "1", "--rejected", "resend").stdout
    assert "nothing of campaign 1 is rejected and not taken up by a later one" in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--missed", "7"), "there is no campaign 7"),
        (("--missed", "1", "--got", "1"), "--missed is for people who have no copy"),
        (("--missed", "1", "--again", "why"), "--missed is for people who have no copy"),
        (("--missed", "1", "--edition", "es"), "--edition narrows --got"),
        (("--missed", "2"), "campaign 2 was 'other', not 'june'"),
        (("--missed", "1", "--to", "ana@example.org"), "--to sends a test to one address"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    space: Space, people: People, inbox: Inbox, options: tuple[str, ...], told: str
) -> None:
    people(2)
    another_issue(space, "other")
    send(space, "-s", "everybody")
    send(space, "-s", "everybody", issue="other")
    assert told in send(space, *options, code=2).stderr
    assert len(inbox.messages) == 4
    assert Counter(ledger(space).values()) == {"accepted": 2}


# On both databases


async def missed(database: Database) -> list[str]:
    found: list[str] = []

    async def each(planned: Planned) -> None:
        found.append(planned.recipient.subscriber.email)

    await Freezer(database, CLOCK, ("en", "es")).plan(MISSED, each)
    return sorted(found)


async def test_who_has_no_copy_of_any_campaign_missed_it(database: Database) -> None:
    await frozen(database, 8)
    states = [State.REJECTED, State.CANCELLED, State.ACCEPTED, *set(State) - {State.REJECTED, State.CANCELLED}]
    async with database.write() as connection:
        query = sa.select(subscribers.c.id, subscribers.c.email).order_by(subscribers.c.id)
        people = [(id_, email) for id_, email in (await connection.execute(query)).all()]
        for (number, _email), state in zip(people, states, strict=False):
            mine = deliveries.c.subscriber_id == number
            await connection.execute(deliveries.update().where(mine).values(state=state))
        refused = {"campaign_id": 1, "subscriber_id": people[2][0], "verdict": "sender", "at": CLOCK.now()}
        await connection.execute(feedback.insert().values(key="1", **refused))
        await connection.execute(campaigns.update().values(status="finished"))
    assert await missed(database) == [email for _id, email in people[:3]]
    await Freezer(database, CLOCK, ("en", "es")).freeze(MISSED, edition_for, {"en": 2, "es": 1})
    assert await missed(database) == []
    with pytest.raises(AudienceError, match="the list changed while you were asked"):
        await Freezer(database, CLOCK, ("en", "es")).freeze(MISSED, edition_for, {"en": 3})
    assert await CampaignStore(database, CLOCK).resolve(1, State.REJECTED, State.PENDING) == 0, "a second copy"
