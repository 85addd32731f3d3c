"""``newsletter worker`` on SQLite and on PostgreSQL: what is due, when it is due, and no word of whom."""

from __future__ import annotations

import datetime as dt
import re
import time
import urllib.request
from collections import Counter

import pytest

from newsletter.cli.metrics import parse_place
from newsletter.errors import UsageError
from tests.integration.conftest import People, Space
from tests.integration.postgres import Postgres
from tests.integration.records import ask, states, status
from tests.integration.servers import Script, real_server, scripted_server, unused_port
from tests.integration.waiting import wait_until
from tests.integration.workers import start_worker, worker


@pytest.fixture
def space(space: Space, database_url: str) -> Space:
    """The workspace over a database of each kind."""
    space.replace("database", database_url)
    return space


def test_a_queued_campaign_is_delivered_and_closed(space: Space, people: People) -> None:
    people(30)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        with worker(space) as running:
            queued = space.run("send", "june", "-s", "everybody", "--yes", "--queue")
            assert "a running 'newsletter worker' sends it" in queued.stderr
            wait_until(lambda: status(space) == "finished", 20, lambda: running.log)
    assert states(space) == {"accepted": 30}
    assert Counter(inbox.recipients()).most_common(1)[0][1] == 1


def queue(space: Space, *args: str) -> None:
    space.run("send", "june", "-s", "everybody", "--yes", "--queue", *args)


def copies(recipients: list[str]) -> int:
    """The most copies that anybody got."""
    return max(Counter(recipients).values())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_workers_and_a_send_share_one_campaign(space: Space, people: People) -> None:
    people(400)
    with scripted_server(Script(delay=0.05)) as inbox:
        space.set("smtp", port=inbox.port)
        with worker(space) as one, worker(space) as two:
            wait_until(lambda: "started" in one.log and "started" in two.log)
            send = space.start("send", "june", "-s", "everybody", "--yes")
            _out, err = send.communicate(timeout=60)
            assert send.returncode in (0, 3), err
            wait_until(lambda: status(space) == "finished", 30, lambda: one.log + two.log)
    assert states(space) == {"accepted": 400}
    assert copies(inbox.recipients()) == 1
    assert len(inbox.messages) == 400
    # Each had a part in it: 4 connections each.
    assert any(event["event"] == "delivered" and event.get("accepted") for event in one.events)
    assert any(event["event"] == "delivered" and event.get("accepted") for event in two.events)


def test_a_scheduled_campaign_starts_at_its_time(space: Space, people: People) -> None:
    people(4)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        with worker(space) as running:
            wait_until(lambda: "started" in running.log)
            starts, starts_at = time.monotonic() + 4, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=4)
            queue(space, "--at", starts_at.isoformat())
            wait_until(lambda: status(space) == "finished", 30, lambda: running.log)
    assert len(inbox.times) == 4
    assert min(inbox.times) >= starts


def test_deferred_messages_are_tried_again_when_they_are_due(space: Space, people: People) -> None:
    people(6)
    refused: list[str] = []

    def once(verb: str, recipient: str) -> str | None:
        if verb == "RCPT" and recipient not in refused:
            refused.append(recipient)
            return "451 4.2.0 later"
        return None

    with scripted_server(Script(once)) as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        with worker(space) as running:
            wait_until(lambda: states(space) == {"deferred": 6}, 30, lambda: running.log)
            space.let_time_pass()
            wait_until(lambda: status(space) == "finished", 30, lambda: running.log)
    assert states(space) == {"accepted": 6}
    assert len(inbox.messages) == 6


def test_pausing_stops_a_worker_and_resuming_wakes_it(space: Space, people: People) -> None:
    people(200)
    with scripted_server(Script(delay=0.03)) as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        with worker(space) as running:
            wait_until(lambda: len(inbox.messages) > 10, 30, lambda: running.log)
            space.run("campaigns", "pause", "1", "--reason", "a wrong link")
            wait_until(lambda: "sending" not in states(space))
            before = len(inbox.messages)
            assert before < 200
            time.sleep(1.2)  # it looks around twice
            assert len(inbox.messages) == before
            space.run("campaigns", "resume", "1")
            wait_until(lambda: len(inbox.messages) > before, 10, lambda: running.log)
            wait_until(lambda: status(space) == "finished", 30, lambda: running.log)
    assert len(inbox.messages) == 200
    assert copies(inbox.recipients()) == 1


def test_what_a_person_resolves_is_sent_by_the_worker(space: Space, people: People) -> None:
    people(3)
    answers = {"BODY": "cut"}
    with scripted_server(Script(lambda verb, _recipient: answers.get(verb))) as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        with worker(space) as running:
            wait_until(lambda: states(space) == {"in_doubt": 3}, 30, lambda: running.log)
            wait_until(lambda: status(space) == "finished")
            answers.clear()
            space.run("campaigns", "resolve", "1", "--in-doubt", "resend")
            wait_until(lambda: states(space) == {"accepted": 3}, 15, lambda: running.log)
    assert len(inbox.messages) == 6, "the server had taken them, as a person may find out"


def test_limits_are_kept_and_waited_for(space: Space, people: People) -> None:
    people(12)
    space.set("limits", per_second=4)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        with worker(space) as running:
            wait_until(lambda: len(inbox.messages) > 0, 30, lambda: running.log)
            began = time.monotonic()
            wait_until(lambda: status(space) == "finished", 30, lambda: running.log)
            assert time.monotonic() - began > 2.4
    assert len(inbox.messages) == 12


def test_a_worker_waits_for_limits_of_an_hour_without_a_connection(space: Space, people: People) -> None:
    people(12)
    space.set("limits", per_hour=5)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        with worker(space) as running:
            wait_until(lambda: "held-by-limits" in running.log, 30, lambda: running.log)
            time.sleep(2)  # it looks around four times, once at everything
            assert len(inbox.messages) == 5
            assert running.log.count("held-by-limits") == 1
            assert inbox.connections <= 4
        ask(space, "update allowances set counts = '{}'")  # as if an hour had gone by
        once = start_worker(space, "--once")
        assert once.process.wait(30) == 0, once.log
    assert states(space) == {"accepted": 10, "pending": 2}


def test_asked_to_end_a_worker_finishes_what_is_under_way(space: Space, people: People) -> None:
    people(300)
    with scripted_server(Script(delay=0.1)) as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        running = start_worker(space)
        wait_until(lambda: len(inbox.messages) > 20, 30, lambda: running.log)
        running.stop()
    found = states(space)
    assert set(found) == {"accepted", "pending"}
    assert found["accepted"] == len(inbox.messages)
    assert ask(space, "select count(*) from runs") == [(0,)], "the lease was given back"
    assert running.events[-1]["event"] == "stopped"


def test_once_delivers_what_is_due_and_ends(space: Space, people: People) -> None:
    people(20)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        running = start_worker(space, "--once")
        assert running.process.wait(30) == 0, running.log
        assert len(inbox.messages) == 20
        assert status(space) == "finished"
        again = start_worker(space, "--once")
        assert again.process.wait(30) == 0
        assert len(inbox.messages) == 20


def test_a_mail_server_that_is_away_is_waited_for(space: Space, people: People) -> None:
    people(10)
    port = unused_port()
    space.set("smtp", port=port)
    queue(space)
    with worker(space) as running:
        wait_until(lambda: "mail-server-away" in running.log, 60, lambda: running.log)
        assert running.process.poll() is None
        assert states(space) == {"pending": 10}
        with scripted_server(Script(), port) as inbox:
            wait_until(lambda: len(inbox.messages) == 10, 40, lambda: running.log)


def test_a_campaign_that_has_to_stop_is_left_and_others_go_on(space: Space, people: People) -> None:
    people(10)
    space.run("subscribers", "import", str(space.write_list("rita@example.com,Rita,en,outside,")))
    space.set("segments", outside={"tag": "outside"})
    closed = "550 5.7.1 rita@example.com says: relay access denied"

    def reply(verb: str, recipient: str) -> str | None:
        return closed if verb == "RCPT" and recipient.endswith("example.org") else None

    with scripted_server(Script(reply)) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "supporters", "--yes", "--queue")
        space.run("send", "june", "-s", "outside", "--yes", "--queue")
        with worker(space) as running:
            wait_until(lambda: status(space, 2) == "finished", 30, lambda: running.log)
            wait_until(lambda: status(space, 1) == "paused", 30, lambda: running.log)
    assert inbox.recipients() == ["rita@example.com"]
    # Its reason is in the database, for staff; the log has only numbers and our own words.
    ((reason,),) = ask(space, "select status_reason from campaigns where id = 1")
    assert "relay access denied" in str(reason)
    assert any(event["event"] == "campaign-stopped" for event in running.events)
    for word in ("@", "example", "Rita", "relay", "Reader"):
        assert word not in running.log, running.log


def test_failures_in_many_short_runs_are_added_up(space: Space, people: People) -> None:
    people(200)

    def reply(verb: str, recipient: str) -> str | None:
        return (
            "550 5.1.0 no" if verb == "RCPT" and int("0" + "".join(filter(str.isdigit, recipient))) % 4 == 0 else None
        )

    with scripted_server(Script(reply)) as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        with worker(space, chunk=30) as running:  # fewer than tell anything by themselves
            wait_until(lambda: status(space) == "paused", 30, lambda: running.log)
    ((reason,),) = ask(space, "select status_reason from campaigns")
    assert "were rejected or are in doubt" in str(reason)


def test_numbers_are_served_and_name_nobody(space: Space, people: People) -> None:
    people(20)
    port = unused_port()

    def scrape() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def value(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", scrape(), re.MULTILINE)
        return float(found[1]) if found else -1.0

    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        with worker(space, "--metrics", str(port)) as running:
            wait_until(lambda: "started" in running.log, 30, lambda: running.log)
            assert value('newsletter_messages_total{outcome="accepted"}') == 0
            queue(space)
            wait_until(lambda: value('newsletter_messages_total{outcome="accepted"}') == 20, 30, scrape)
            wait_until(lambda: value('newsletter_deliveries{campaign="1",state="accepted"}') == 20, 40, scrape)
            assert value("newsletter_exchange_seconds_count") > 0
            assert value("newsletter_open_connections") >= 0
            assert time.time() - value("newsletter_last_sign_of_life_seconds") < 30
            text = scrape()
    assert "@" not in text
    assert "example" not in text
    assert "Reader" not in text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_place_for_metrics_that_is_taken_is_refused(space: Space) -> None:
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        taken = start_worker(space, "--metrics", str(inbox.port))
        assert taken.process.wait(30) == 2
        assert "cannot be served" in taken.log


@pytest.mark.parametrize("wrong", ["here", "127.0.0.1:", "99999"])
def test_what_is_no_place_for_metrics_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="is no place for metrics"):
        parse_place(wrong)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_there_is_one_worker_and_it_lets_a_send_run(space: Space, people: People) -> None:
    people(100)
    with scripted_server(Script(delay=0.1)) as inbox:
        space.set("smtp", port=inbox.port)
        with worker(space) as running:
            wait_until(lambda: "started" in running.log)
            second = start_worker(space)
            assert second.process.wait(30) == 2
            assert "another worker runs over this database" in second.log
            cron = start_worker(space, "--once")
            assert cron.process.wait(30) == 0
            assert cron.events[-1]["event"] == "another-worker-runs"
            send = space.run("send", "june", "-s", "everybody", "--yes")
            wait_until(lambda: status(space) == "finished", 30, lambda: running.log)
    assert "accepted" in send.stdout
    assert any(event["event"] == "another-sending-runs" for event in running.events)
    assert not any(event["event"] == "delivered" for event in running.events)
    assert len(inbox.messages) == 100


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_is_away_is_waited_for(space: Space, people: People, postgres: Postgres) -> None:
    people(300)
    with scripted_server(Script(delay=0.05)) as inbox:
        space.set("smtp", port=inbox.port)
        queue(space)
        with worker(space) as running:
            wait_until(lambda: len(inbox.messages) > 20, 30, lambda: running.log)
            postgres.kill()
            early = start_worker(space)  # one that starts while it is away
            wait_until(lambda: "database-away" in early.log, 60, lambda: early.log)
            assert running.process.poll() is None
            assert early.process.poll() is None
            postgres.start()
            wait_until(lambda: status(space) == "finished", 60, lambda: (states(space), running.log, early.log))
            early.stop()
    found = states(space)
    assert set(found) <= {"accepted", "in_doubt"}
    assert copies(inbox.recipients()) == 1
    assert len(inbox.messages) <= 300
    assert "@" not in running.log


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_wrong_settings_end_it_with_2(space: Space) -> None:
    space.replace("smtp", None)
    running = start_worker(space)
    assert running.process.wait(30) == 2
    assert "sending needs a mail server" in running.log
