"""What staff can see and decide of campaigns."""

from __future__ import annotations

import re
from collections import Counter

import dkim

from tests.integration.conftest import People, Space
from tests.integration.records import ledger
from tests.integration.scenes import half_done, with_key
from tests.integration.servers import real_server


def test_campaigns_are_listed_with_their_counts(space: Space, people: People) -> None:
    half_done(space, people)
    listed = space.json("campaigns", "list")
    assert isinstance(listed, list)
    assert [(row["number"], row["issue"], row["segments"]) for row in listed] == [(1, "june", ["everybody"])]
    assert listed[0]["editions"]["en"] == {"accepted": 1, "rejected": 1}


def test_who_has_no_copy_is_named_with_the_servers_words(space: Space, people: People) -> None:
    half_done(space, people)
    shown = space.run("campaigns", "show", "1").stdout
    assert re.search(r"reader2@example\.org +en +rejected +1 +550 5\.1\.1 no such user", shown)
    assert re.search(r"reader1@example\.org +es +in doubt", shown)
    assert "reader0@example.org" not in shown
    assert "there is no campaign 7" in space.run("campaigns", "show", "7", code=2).stderr


def test_in_doubt_is_sent_again_only_when_a_person_says_so(space: Space, people: People) -> None:
    half_done(space, people)
    space.let_time_pass()
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
        assert inbox.recipients() == ["reader3@example.org"]
        assert "1 in doubt: now pending" in space.run("campaigns", "resolve", "1", "--in-doubt", "resend").stdout
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert inbox.recipients() == ["reader3@example.org", "reader1@example.org"]
    assert Counter(ledger(space).values()) == {"accepted": 3, "rejected": 1}


def test_in_doubt_can_be_settled_without_sending(space: Space, people: People) -> None:
    half_done(space, people)
    space.run("campaigns", "resolve", "1", "--in-doubt", "accept")
    assert ledger(space)["reader1@example.org"] == "accepted"


def test_a_cancelled_campaign_sends_nothing_more(space: Space, people: People) -> None:
    half_done(space, people)
    assert "--yes" in space.run("campaigns", "cancel", "1", code=2).stderr
    assert "cancelled for 1" in space.run("campaigns", "cancel", "1", "--yes").stdout
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert not inbox.messages


def test_messages_arrive_signed(space: Space, people: People) -> None:
    signer = with_key(space)
    people(2)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
        space.run("send", "june", "--to", "staff@example.org")
    _name, value = signer.dns_record()
    assert len(inbox.messages) == 4
    for _sender, _to, message in inbox.messages:
        assert dkim.verify(message, dnsfunc=lambda *_args, **_named: value.encode())


def test_a_key_that_cannot_be_used_is_told_before_anything_is_sent(space: Space, people: People) -> None:
    with_key(space)
    (space.root / "var" / "dkim.pem").write_text("nonsense", encoding="utf-8")
    people(1)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "the DKIM key var/dkim.pem cannot be used" in done.stderr
    assert not inbox.messages
