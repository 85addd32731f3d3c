"""What ``send`` can be asked besides issue and segments: a later start, a correction, a second copy, a queue."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import Counter
from collections.abc import Callable

import pytest

from newsletter.clock import SystemClock
from tests.integration.conftest import Done, People, Space
from tests.integration.records import ask, ledger
from tests.integration.scenes import another_issue
from tests.integration.servers import CUT, Inbox, Script, scripted_server

Move = Callable[[str], None]
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Set the clock of the program, in New York; it stands still."""

    def move(to: str) -> None:
        moment = dt.datetime.fromisoformat(to).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)
        monkeypatch.setattr(SystemClock, "now", lambda _self: moment)

    move("2026-11-30 10:00")
    return move


def send(space: Space, *more: str, issue: str = "june", code: int = 0) -> Done:
    return space.run("send", issue, "-s", "everybody", "--yes", *more, code=code)


def campaign(space: Space, number: int = 1) -> dict[str, object]:
    shown = space.json("campaigns", "show", str(number))
    assert isinstance(shown, dict)
    return shown


# --at and --grace


@pytest.mark.parametrize(
    ("at", "starts_at"),
    [
        ("2026-12-01 09:00", "2026-12-01T14:00:00+00:00"),  # the organisation's winter time
        ("2027-07-01T09:00", "2027-07-01T13:00:00+00:00"),  # and its summer time
        ("2026-12-01 09:00+01:00", "2026-12-01T08:00:00+00:00"),
        ("2026-12-01 09:00:30Z", "2026-12-01T09:00:30+00:00"),
        ("2027-11-07 01:30", "2027-11-07T05:30:00+00:00"),  # twice that night; the first is meant
    ],
)
@pytest.mark.usefixtures("inbox", "clock")
def test_a_start_is_meant_in_the_organisations_zone(space: Space, people: People, at: str, starts_at: str) -> None:
    people(2)
    done = send(space, "--at", at, "--grace", "2h")
    assert "campaign 1 is frozen and starts at" in done.stderr
    shown = campaign(space)
    assert (shown["status"], shown["starts_at"]) == ("scheduled", starts_at)
    latest = dt.datetime.fromisoformat(starts_at) + dt.timedelta(hours=2)
    assert shown["latest_start_at"] == latest.isoformat()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--at", "2027-03-14 02:30"), "does not exist: the clocks are put forward then"),
        (("--at", "2026-11-30 09:59"), "is past"),
        (("--at", "2026-11-30 10:00"), "is past"),
        (("--at", "2026-12-01"), "says no time of day"),
        (("--at", "tomorrow at nine"), "is no time"),
        (("--at", "09:00"), "is no time"),
        (("--at", "2026-13-01 09:00"), "is no time"),
        (("--at", "9999-12-31 23:59"), "is no time"),
        (("--at", "2026-12-01 09:00", "--grace", "soon"), "is no span of time"),
        (("--at", "2026-12-01 09:00", "--grace", "-1h"), "is no span of time"),
        (("--at", "9999-12-01 09:00", "--grace", "999d"), "is no span of time"),
        (("--grace", "2h"), "--grace says how late --at may start"),
        (("--again", "  "), "only for a reason"),
        (("--again", ""), "only for a reason"),
        (("--edition", "es"), "--edition narrows --got"),
        (("--got", "7"), "there is no campaign 7"),
        (("--got", "0"), "there is no campaign 0"),
        (("--queue", "--wait"), "with --queue, this command does not send"),
        (("--queue", "--workers", "2"), "with --queue, this command does not send"),
    ],
)
@pytest.mark.usefixtures("clock")
def test_what_cannot_be_meant_is_refused_before_anything_is_frozen(
    space: Space, people: People, inbox: Inbox, options: tuple[str, ...], told: str
) -> None:
    people(2)
    assert told in send(space, *options, code=2).stderr
    assert not ledger(space)
    assert not inbox.messages


def test_a_scheduled_campaign_is_sent_at_its_time_and_not_before(
    space: Space, people: People, inbox: Inbox, clock: Move
) -> None:
    people(3)
    send(space, "--at", "2026-12-01 09:00")
    clock("2026-12-01 08:59")
    early = send(space, code=3)
    assert "it goes on after" in early.stderr
    assert not inbox.messages
    # The same command once more changes nothing.
    assert "starts at 2026-12-01 09:00 EST" in send(space, "--at", "2026-12-01 09:00").stderr
    clock("2026-12-01 09:30")
    send(space)
    assert len(inbox.messages) == 3
    assert campaign(space)["status"] == "finished"


def test_with_wait_it_starts_by_itself(space: Space, people: People, inbox: Inbox) -> None:
    people(3)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=4)
    done = send(space, "--at", soon.isoformat(), "--wait")
    assert "waiting until" in done.stderr
    assert len(inbox.messages) == 3
    assert dt.datetime.now(dt.UTC) >= soon


def test_one_that_would_start_too_late_waits_for_a_person(
    space: Space, people: People, inbox: Inbox, clock: Move
) -> None:
    people(3)
    send(space, "--at", "2026-12-01 09:00", "--grace", "30m")
    clock("2026-12-01 09:31")
    late = send(space, code=3)
    assert "it is paused: nobody was there to start it at its time" in late.stderr
    assert "'newsletter campaigns resume 1' lets it go on" in late.stderr
    assert not inbox.messages
    assert campaign(space)["reason"] == "nobody was there to start it at its time"
    resumed = space.run("campaigns", "resume", "1").stdout
    assert "newsletter send june --segment everybody" in resumed
    send(space)
    assert len(inbox.messages) == 3


@pytest.mark.usefixtures("clock")
def test_one_that_was_paused_before_its_time_still_waits_for_it(space: Space, people: People, inbox: Inbox) -> None:
    people(2)
    send(space, "--at", "2026-12-01 09:00")
    space.run("campaigns", "pause", "1")
    assert "it starts at 2026-12-01 09:00 EST" in space.run("campaigns", "resume", "1").stdout
    send(space, code=3)
    assert not inbox.messages


@pytest.mark.parametrize("begun", [(), ("--at", "2026-12-02 09:00"), ("--queue",)])
@pytest.mark.usefixtures("clock")
def test_what_has_begun_is_not_scheduled_and_not_sent_by_mistake(
    space: Space, people: People, inbox: Inbox, begun: tuple[str, ...]
) -> None:
    people(2)
    send(space, *begun)
    before = len(inbox.messages)
    done = send(space, "--at", "2026-12-01 09:00", code=2)
    assert "nothing was scheduled" in done.stderr
    assert len(inbox.messages) == before


# --queue


def test_a_queued_campaign_is_frozen_and_not_sent(space: Space, people: People, inbox: Inbox) -> None:
    people(3)
    done = send(space, "--queue")
    assert "campaign 1 is frozen; a running 'newsletter worker' sends it" in done.stderr
    assert not inbox.messages
    assert Counter(ledger(space).values()) == {"pending": 3}
    send(space)
    assert len(inbox.messages) == 3
    assert "campaign 1 is finished, so that no worker sends" in send(space, "--queue").stderr


def test_queueing_needs_no_mail_server_that_answers(space: Space, people: People) -> None:
    people(1)
    send(space, "--queue")
    assert Counter(ledger(space).values()) == {"pending": 1}


# --got


@pytest.fixture
def corrected(space: Space) -> None:
    """A campaign that reached 0 (en) and 1 (es), is in doubt for 2 (en), was rejected for 3 and deferred for 4."""
    space.write_list(*(f"reader{n}@example.org,R{n},{'es' if n % 2 else 'en'},supporter," for n in range(5)))
    space.run("subscribers", "import", "list.csv")
    fates = {"reader2": CUT, "reader3": "550 no", "reader4": "450 4.2.2 full"}

    def answer(verb: str, recipient: str) -> str | None:
        return fates.get(recipient.partition("@")[0]) if verb == "BODY" else None

    with scripted_server(Script(answer)) as first:
        space.set("smtp", port=first.port)
        send(space, code=3)
    space.write_list("late@example.org,Late,en,supporter,")
    space.run("subscribers", "import", "list.csv")
    another_issue(space, "correction")


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        (("--got", "1"), [0, 1, 2]),
        (("--got", "1", "--edition", "en"), [0, 2]),
        (("--got", "1", "--edition", "es"), [1]),
        (("-s", "supporters", "--got", "1"), [0, 1, 2]),
        (("-s", "spanish", "--got", "1"), [1]),
        (("-s", "spanish", "--got", "1", "--edition", "en"), []),
    ],
)
@pytest.mark.usefixtures("corrected")
def test_a_correction_reaches_just_those_who_may_have_the_mistake(
    space: Space, inbox: Inbox, options: tuple[str, ...], reached: list[int]
) -> None:
    listed = space.run("send", "correction", *options, "--dry-run").stdout
    assert listed.count("@example.org") == len(reached)
    space.run("send", "correction", *options, "--yes")
    assert sorted(inbox.recipients()) == [f"reader{n}@example.org" for n in reached]
    if reached:
        again = space.run("send", "correction", *options, "--yes")
        assert "campaign 2, frozen on" in again.stderr
    assert len(inbox.messages) == len(reached)


@pytest.mark.usefixtures("corrected")
def test_who_left_gets_no_correction(space: Space, inbox: Inbox) -> None:
    space.run("subscribers", "unsubscribe", "reader0@example.org")
    done = space.run("send", "correction", "--got", "1", "--yes")
    assert sorted(inbox.recipients()) == ["reader1@example.org", "reader2@example.org"]
    assert "warning: campaign 1 is not finished" in done.stderr, "one message of it is still deferred"


@pytest.mark.usefixtures("corrected", "inbox")
def test_an_edition_that_a_campaign_does_not_have_is_told(space: Space) -> None:
    space.replace("bilingual", {"spanish": "es+en"})
    done = space.run("send", "correction", "--got", "1", "--edition", "es+en", "--yes", code=2)
    assert "campaign 1 has no edition 'es+en'" in done.stderr
    assert "its editions are: en, es" in done.stderr
    assert "there is no campaign 9" in space.run("send", "correction", "--got", "9", "--dry-run", code=2).stderr
    assert "there is no edition 'fr'" in space.run("send", "correction", "--got", "1", "--edition", "fr", code=2).stderr


@pytest.mark.usefixtures("corrected")
def test_whose_copy_was_under_way_when_a_run_died_may_have_it(space: Space, inbox: Inbox) -> None:
    ask(space, "update deliveries set state = 'sending' where state = 'accepted'")
    space.run("send", "correction", "--got", "1", "--yes")
    assert len(inbox.messages) == 3


# --again


def test_people_get_an_issue_again_only_for_a_reason_and_after_the_first_time(
    space: Space, people: People, inbox: Inbox
) -> None:
    people(4)
    send(space)
    send(space, "--again", "the first had a wrong date")
    assert Counter(Counter(inbox.recipients()).values()) == {2: 4}
    assert campaign(space, 2)["again"] == "the first had a wrong date"
    assert "the first had a wrong date" in space.run("campaigns", "show", "2").stdout
    assert "campaign 2, frozen on" in send(space).stderr
    assert len(inbox.messages) == 8, "the same command without --again goes on with the newest"


@pytest.mark.parametrize("segment", ["everybody", "spanish"])
def test_there_is_no_second_copy_while_the_first_may_still_come(
    space: Space, people: People, inbox: Inbox, segment: str
) -> None:
    people(4)
    send(space, "--queue")
    space.run("campaigns", "pause", "1")
    done = space.run("send", "june", "-s", segment, "--again", "why not", "--yes", code=2)
    assert "campaign 1 of this issue is not finished: it is paused" in done.stderr
    assert "newsletter send june --segment everybody" in done.stderr
    space.run("campaigns", "cancel", "1", "--yes")
    space.run("send", "june", "-s", segment, "--again", "a new text", "--yes")
    assert max(Counter(inbox.recipients()).values()) == 1


def test_after_an_interruption_the_newest_is_gone_on_with(space: Space, people: People, inbox: Inbox) -> None:
    people(4)
    send(space)
    send(space, "--again", "a new text", "--queue")
    assert len(inbox.messages) == 4
    assert "is not finished: it is running" in send(space, "--again", "a new text", code=2).stderr
    send(space)
    assert Counter(Counter(inbox.recipients()).values()) == {2: 4}
    listed = space.json("campaigns", "list")
    assert isinstance(listed, list)
    assert [(row["number"], row["status"]) for row in listed] == [(2, "finished"), (1, "finished")]


def test_two_campaigns_of_one_issue_mean_one_copy(space: Space, people: People, inbox: Inbox) -> None:
    people(6)
    space.run("send", "june", "-s", "spanish", "--yes", "--queue")
    done = space.run("send", "june", "-s", "everybody", "--yes")
    assert "3 people" in done.stderr
    space.run("send", "june", "-s", "spanish", "--yes")
    assert Counter(inbox.recipients()) == Counter(f"reader{n}@example.org" for n in range(6))


def test_what_was_cancelled_is_not_said_to_be_resumable(space: Space, people: People, inbox: Inbox) -> None:
    people(2)
    refusals = {"reader0@example.org": "450 wait", "reader1@example.org": "550 no"}
    with scripted_server(Script(lambda verb, to: refusals.get(to) if verb == "RCPT" else None)) as server:
        space.set("smtp", port=server.port)
        send(space, code=3)
    space.run("campaigns", "cancel", "1", "--yes")
    assert "nothing to cancel" in space.run("campaigns", "cancel", "1", "--yes", code=2).stderr
    done = send(space, code=3)
    assert "it is cancelled, and nobody else gets a copy" in done.stderr
    assert "resume" not in done.stderr
    assert not inbox.messages
