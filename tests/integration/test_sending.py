"""Campaigns through the command line: once each, continued, refused, interrupted, explained."""

from __future__ import annotations

import datetime as dt
import json
import signal
from collections import Counter
from typing import Any

import pytest

from newsletter.clock import steady
from newsletter.delivery.desk import LEASE, Desk
from newsletter.store.ledger import CampaignLedger
from tests.integration.conftest import People, Space
from tests.integration.records import ledger, states
from tests.integration.servers import Script, real_server, scripted_server
from tests.integration.waiting import wait_until

SEND = "send june -s everybody --yes"


def test_sending_again_sends_nothing_again(space: Space, people: People) -> None:
    people(10)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        first = space.run("send", "june", "--segment", "everybody", "--yes")
        second = space.run("send", "june", "--segment", "everybody", "--yes")
    assert len(inbox.messages) == 10
    assert "5 en, 5 es" in first.stderr
    assert "campaign 1, frozen on " in second.stderr
    assert "is finished: this command sends nothing more of it" in second.stderr
    assert inbox.connections <= 5, "connections are kept open; one more tries the server before anything is frozen"


def test_overlapping_segments_mean_one_copy(space: Space, people: People) -> None:
    people(6)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "supporters", "-s", "everybody", "-s", "spanish", "--yes")
        again = space.run("send", "june", "-s", "spanish", "--yes")
    assert sorted(inbox.recipients()) == sorted({f"reader{n}@example.org" for n in range(6)})
    assert "nobody to send to" in again.stderr


def test_people_who_join_later_are_reached_by_another_campaign(space: Space, people: People) -> None:
    people(2)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
        space.write_list("late@example.org,Late,en,supporter,")
        space.run("subscribers", "import", "list.csv")
        space.run("send", "june", "-s", "everybody", "--yes")
        assert "late@example.org" not in inbox.recipients(), "recipients are frozen with the campaign"
        space.run("send", "june", "-s", "supporters", "--yes")
    assert Counter(inbox.recipients()) == {"reader0@example.org": 1, "reader1@example.org": 1, "late@example.org": 1}


def test_dry_run_lists_everybody_with_reason_and_sends_nothing(space: Space) -> None:
    space.write_list(
        "ana@example.org,Ana,es-MX,supporter,", "bob@example.org,Bob,fr,,Addison", "zoe@example.org,Zoë,en,,"
    )
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        listed = space.run("send", "june", "-s", "supporters", "-s", "addison", "--dry-run")
        lines = space.run(
            "send", "june", "-s", "supporters", "-s", "addison", "--dry-run", "--json"
        ).stdout.splitlines()
    assert not inbox.messages
    assert "ana@example.org" in listed.stdout
    assert "zoe@example.org" not in listed.stdout
    assert "2 people: 1 en, 1 es. Nothing was sent." in listed.stdout
    rows = {row["email"]: row for row in map(json.loads, lines)}
    assert rows["ana@example.org"]["edition"] == "es"
    assert rows["ana@example.org"]["locale_reason"] == "asks for 'es-mx', nearest is 'es'"
    assert rows["ana@example.org"]["segments"] == ["supporters"]
    assert rows["ana@example.org"]["sees_blocks_for"] == ["supporters"]
    assert rows["bob@example.org"]["edition"] == "en"
    assert "not offered, so the default" in rows["bob@example.org"]["locale_reason"]
    assert not ledger(space)


def test_nothing_is_asked_or_sent_without_a_terminal(space: Space, people: People) -> None:
    people(2)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", code=2)
    assert "--yes" in done.stderr
    assert not inbox.messages
    assert not ledger(space)


def test_a_half_translated_edition_stops_everything(space: Space, people: People) -> None:
    people(4)
    po = space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"
    po.write_text(po.read_text(encoding="utf-8").replace('msgstr "Leer más"', 'msgstr ""'), encoding="utf-8")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=1)
        assert "es edition of 'june' is not complete: 1 missing" in done.stderr
        assert not inbox.messages
        # Nobody of this segment reads Spanish, so the hole is nobody's.
        space.set("segments", english={"locale": "en"})
        space.run("send", "june", "-s", "english", "--yes")
    assert sorted(inbox.recipients()) == ["reader0@example.org", "reader2@example.org"]


def test_later_edits_change_nothing_of_a_frozen_campaign(space: Space, people: People) -> None:
    people(6)
    refused = Script(lambda verb, to: "451 later" if verb == "RCPT" and to >= "reader3" else None)
    with scripted_server(refused) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    space.let_time_pass()
    issue = space.root / "issues" / "june.yaml"
    issue.write_text(
        issue.read_text(encoding="utf-8").replace("the law was signed", "the law was vetoed"), encoding="utf-8"
    )
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert len(inbox.messages) == 3
    assert all(b"vetoed" not in message for _from, _to, message in inbox.messages)


def test_who_leaves_during_a_campaign_is_left_out_of_the_rest(space: Space, people: People) -> None:
    people(4)
    later = Script(lambda verb, to: "450 later" if verb == "RCPT" and to.startswith(("reader2", "reader3")) else None)
    with scripted_server(later) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    space.run("subscribers", "unsubscribe", "reader3@example.org")
    space.let_time_pass()
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert inbox.recipients() == ["reader2@example.org"]
    assert ledger(space)["reader3@example.org"] == "cancelled"


def test_who_left_is_never_picked(space: Space, people: People) -> None:
    people(3)
    space.run("subscribers", "unsubscribe", "READER1@example.org")
    people(3)  # the same list again must not bring them back
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert sorted(inbox.recipients()) == ["reader0@example.org", "reader2@example.org"]


def test_a_test_send_brings_every_edition_and_leaves_no_trace(space: Space) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "--to", "staff@example.org")
    assert inbox.recipients() == ["staff@example.org"] * 2
    assert "en: accepted" in done.stdout
    assert "es: accepted" in done.stdout
    assert not (space.root / "var" / "newsletter.db").exists()


def test_json_tells_the_outcome_by_edition(space: Space, people: People) -> None:
    people(3)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        report = space.json("send", "june", "-s", "everybody", "--yes")
    assert report == {
        "issue": "june",
        "segments": ["everybody"],
        "editions": {"en": {"accepted": 2}, "es": {"accepted": 1}},
    }


def test_another_secret_key_is_refused(space: Space, people: People) -> None:
    people(1)
    key = space.root / "var" / "secret.key"
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
        assert key.stat().st_mode & 0o077 == 0
        assert (space.root / "var" / "newsletter.db").stat().st_mode & 0o077 == 0
        key.rename(key.with_suffix(".lost"))
        assert "restore it from a backup" in space.run("send", "june", "-s", "everybody", "--yes", code=2).stderr
        key.write_text("another key, that is long enough to be one\n", encoding="utf-8")
        assert "not the one" in space.run("send", "june", "-s", "everybody", "--yes", code=2).stderr


def test_waiting_tries_deferred_messages_again_by_itself(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.retry.FIRST_WAIT", dt.timedelta(seconds=0.3))
    people(3)
    asked = Counter[str]()

    def answer(verb: str, recipient: str) -> str | None:
        asked[f"{verb} {recipient}"] += 1
        return "451 later" if verb == "RCPT" and asked[f"{verb} {recipient}"] == 1 else None

    with scripted_server(Script(answer)) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", "--wait")
    assert "waiting until" in done.stderr
    assert Counter(inbox.recipients()) == Counter(f"reader{n}@example.org" for n in range(3))


@pytest.mark.parametrize("also", [("--dry-run",), ("-s", "everybody"), ("--wait",)])
def test_a_test_send_goes_with_nothing_else(space: Space, also: tuple[str, ...]) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "--to", "staff@example.org", *also, code=2)
    assert not inbox.messages


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_goes_on_without_loss_or_double(
    space: Space, people: People, stop: signal.Signals
) -> None:
    people(60)
    with scripted_server(Script(delay=0.05)) as inbox:
        space.set("smtp", port=inbox.port)
        run = space.start("send", "june", "-s", "everybody", "--yes")
        wait_until(lambda: len(inbox.messages) >= 12)
        run.send_signal(stop)
        _out, err = run.communicate(timeout=30)
        assert "Traceback" not in err
        left = states(space)
        assert left["accepted"] >= 8
        if stop is not signal.SIGKILL:
            assert run.returncode == 3
            assert left["sending"] == left["in_doubt"] == 0, "what was under way was finished"
        else:
            assert left["sending"] <= 4, "at most one message per connection is under way"
        doubtful = left["sending"]
        space.run("send", "june", "-s", "everybody", "--yes", code=3 if doubtful else 0)
    after = states(space)
    assert after == ({"accepted": 60 - doubtful, "in_doubt": doubtful} if doubtful else {"accepted": 60})
    copies = Counter(inbox.recipients())
    assert max(copies.values()) == 1, "nobody got a second copy"
    accepted = {email for email, state in ledger(space).items() if state == "accepted"}
    assert accepted <= set(copies), "what the ledger calls accepted did arrive"


def test_two_runs_at_once_are_refused(space: Space, people: People) -> None:
    people(20)
    with scripted_server(Script(delay=0.1)) as inbox:
        space.set("smtp", port=inbox.port)
        run = space.start("send", "june", "-s", "everybody", "--yes")
        wait_until(lambda: len(inbox.messages) >= 2)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
        assert "another sending is running" in done.stderr
        _out, err = run.communicate(timeout=30)
        assert run.returncode == 0, err
    assert Counter(inbox.recipients()) == Counter(f"reader{n}@example.org" for n in range(20))


@pytest.mark.parametrize(
    "commands",
    [[SEND], [f"{SEND} --workers 2"], [f"{SEND} --queue", "worker --once"]],
    ids=["send", "parts", "worker"],
)
def test_no_run_believes_its_first_lease_to_last_longer_than_the_ledger_does(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch, commands: list[str]
) -> None:
    begun: list[float] = []
    believed: list[float] = []
    begin, serve = CampaignLedger.begin, Desk.serve

    async def begin_noted(ledger: CampaignLedger, name: str) -> None:
        begun.append(steady())
        await begin(ledger, name)

    async def serve_noted(desk: Desk, *args: Any) -> None:
        believed.append(desk.lease_ends)
        await serve(desk, *args)

    monkeypatch.setattr(CampaignLedger, "begin", begin_noted)
    monkeypatch.setattr(Desk, "serve", serve_noted)
    people(4)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        for command in commands:
            space.run(*command.split())
    assert len(inbox.messages) == 4
    assert len(believed) == len(begun) == 1
    assert believed[0] <= begun[0] + LEASE
