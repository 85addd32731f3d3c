"""What a mail server says or does in a run, and what it means for the messages: nobody is lost, nobody gets two."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.integration.conftest import People, Space
from tests.integration.records import ledger, states
from tests.integration.servers import CUT, HANG_UP, Inbox, Script, real_server, scripted_server, unused_port

REPLIES = {
    ("RCPT", "550 5.1.1 no such user"): ("rejected", False),
    ("RCPT", "452 4.2.2 mailbox full"): ("deferred", False),
    ("DATA", "554 no"): ("rejected", False),
    ("DATA", "451 not now"): ("deferred", False),
    ("BODY", "554 no thanks"): ("rejected", True),
    ("RCPT", "554 5.7.1 relay access denied"): ("deferred", False),
    ("BODY", "552 5.3.4 too big"): ("deferred", True),
    ("BODY", "354 what?"): ("in_doubt", True),
    ("BODY", "451 4.3.0 busy"): ("deferred", True),
    ("BODY", "421 closing"): ("deferred", True),
    ("BODY", CUT): ("in_doubt", True),
}


@pytest.mark.parametrize("extensions", [("8BITMIME",), ("PIPELINING", "SIZE 1000000")], ids=["stepwise", "pipelined"])
@pytest.mark.parametrize(("where", "expected"), REPLIES.items(), ids=str)
def test_each_reply_has_its_outcome(
    space: Space, people: People, where: tuple[str, str], expected: tuple[str, bool], extensions: tuple[str, ...]
) -> None:
    people(3)
    verb, reply = where
    state, body_seen = expected

    def answer(asked: str, recipient: str) -> str | None:
        return reply if asked == verb and recipient == "reader1@example.org" else None

    with scripted_server(Script(answer, extensions=extensions)) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=3)
        assert ledger(space) == {
            "reader0@example.org": "accepted",
            "reader1@example.org": state,
            "reader2@example.org": "accepted",
        }
        assert f"1 {state.replace('_', ' ')}" in done.stderr
        assert ("reader1@example.org" in with_body(inbox)) is body_seen
        again = space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert again.stderr
    copies = Counter(with_body(inbox))
    assert copies["reader0@example.org"] == copies["reader2@example.org"] == 1
    if state in ("rejected", "in_doubt"):
        assert copies["reader1@example.org"] <= 1, "what is settled or in doubt is not sent again"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_body_loses_nobody(space: Space, people: People, verb: str) -> None:
    people(6)
    cuts = Counter[str]()

    def answer(asked: str, recipient: str) -> str | None:
        cuts[asked] += 1
        return CUT if asked == verb and cuts[asked] in (2, 5) else None

    with scripted_server(Script(answer)) as inbox:
        space.set("smtp", port=inbox.port, connections=2)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert Counter(inbox.recipients()) == Counter(f"reader{n}@example.org" for n in range(6))


def test_a_connection_lost_inside_the_body_is_in_doubt(space: Space, people: People) -> None:
    people(2)
    with scripted_server(Script(cut_in_body=True)) as inbox:
        space.set("smtp", port=inbox.port, connections=2)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert states(space) == {"in_doubt": 2}
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert not inbox.messages
    assert "2 in doubt" in done.stderr


def test_a_message_over_the_servers_size_is_told_before_anything_is_said(space: Space, people: People) -> None:
    people(2)
    with scripted_server(Script(extensions=("SIZE 1000",))) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "takes messages up to 1000 bytes" in done.stderr
    assert not inbox.messages
    assert states(space) == {"pending": 2}


def test_a_pipelining_server_that_wants_a_body_without_a_recipient_gets_an_empty_one(
    space: Space, people: People
) -> None:
    people(2)
    script = Script(lambda verb, to: "550 no" if verb == "RCPT" and to.startswith("reader0") else None)
    script.extensions = ("PIPELINING",)
    with scripted_server(script) as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert ledger(space) == {"reader0@example.org": "rejected", "reader1@example.org": "accepted"}
    bodies = {recipient: body for _sender, recipient, body in inbox.messages}
    assert bodies["reader0@example.org"] == b"", "the refused one's mail was not said"


def test_a_refused_sender_stops_the_run_and_costs_nobody_their_copy(space: Space, people: People) -> None:
    people(5)
    with scripted_server(Script(lambda verb, _to: "550 5.7.1 not you" if verb == "MAIL" else None)) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "the sender bounces@example.org is refused: 550 5.7.1 not you" in done.stderr
    assert states(space) == {"pending": 5}


def test_a_server_that_keeps_hanging_up_ends_the_run(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.001)
    monkeypatch.setattr("newsletter.adapters.pace.FIRST_PAUSE", 0.001)
    people(3)
    with scripted_server(Script(lambda verb, _to: "421 too busy" if verb == "MAIL" else None)) as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "5 in a row broke off before the message could be handed over" in done.stderr
    assert "421 too busy" in done.stderr
    assert states(space) == {"pending": 3}


def test_an_unreachable_server_is_said_and_nothing_is_lost(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.001)
    people(3)
    port = unused_port()
    space.set("smtp", port=port)
    done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert f"the mail server cannot be reached: 127.0.0.1:{port}" in done.stderr
    assert not states(space), "nothing was frozen"


@pytest.mark.parametrize(
    "answer",
    ["554 5.7.1 relay access denied", "550 5.4.5 daily sending limit exceeded", "530 authentication required"],
)
def test_a_server_that_objects_to_us_costs_nobody_their_copy(space: Space, people: People, answer: str) -> None:
    people(40)
    with scripted_server(Script(lambda verb, _to: answer if verb == "RCPT" else None)) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "in a row were refused because of us" in done.stderr
    assert answer in done.stderr
    assert states(space)["rejected"] == 0
    space.let_time_pass()
    again = space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert "it is paused: stopped" in again.stderr, "a person has to look first"
    space.run("campaigns", "resume", "1")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert len(inbox.messages) == 40


def test_a_run_that_rejects_everybody_is_stopped_and_can_be_taken_back(space: Space, people: People) -> None:
    people(40)
    with scripted_server(Script(lambda verb, _to: "550 no" if verb == "RCPT" else None)) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "in a row were rejected, and none was accepted" in done.stderr
    assert 20 <= states(space)["rejected"] <= 24
    space.run("campaigns", "resolve", "1", "--rejected", "resend")
    assert states(space) == {"pending": 40}


def test_a_run_in_which_every_message_ends_in_doubt_is_stopped(space: Space, people: People) -> None:
    people(40)
    with scripted_server(Script(lambda verb, _to: CUT if verb == "BODY" else None)) as inbox:
        space.set("smtp", port=inbox.port, connections=2)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "so that they are in doubt" in done.stderr
    assert states(space)["in_doubt"] <= 5


def test_one_address_at_which_the_server_hangs_up_holds_up_nobody_else(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.001)
    people(30)
    poison = Script(lambda verb, to: CUT if verb == "RCPT" and to == "reader0@example.org" else None)
    with scripted_server(poison) as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert states(space) == {"accepted": 29, "deferred": 1}


@pytest.mark.parametrize("hung_up_after", ["550 5.1.1 no such user", "450 4.2.2 full"])
def test_a_no_before_the_server_hangs_up_is_heard(space: Space, people: People, hung_up_after: str) -> None:
    people(3)
    script = Script(
        lambda verb, to: f"{hung_up_after}{HANG_UP}" if verb == "RCPT" and to == "reader1@example.org" else None,
        extensions=("PIPELINING",),
    )
    with scripted_server(script) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    state = "rejected" if hung_up_after.startswith("5") else "deferred"
    assert ledger(space)["reader1@example.org"] == state
    assert states(space)["accepted"] == 2


def test_a_server_that_takes_few_connections_is_used_with_those(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.001)
    monkeypatch.setattr("newsletter.adapters.pace.FIRST_PAUSE", 0.001)
    people(60)
    with scripted_server(Script(delay=0.02, most_connections=2)) as inbox:
        space.set("smtp", port=inbox.port, connections=6)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert len(inbox.messages) == 60


def with_body(inbox: Inbox) -> list[str]:
    """Who was sent something; a pipelining client ends a refused message with an empty body."""
    return [recipient for _sender, recipient, body in inbox.messages if body]
