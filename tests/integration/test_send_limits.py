"""Limits of speed through the command line and a real mail server: kept, told, and gone on with."""

from __future__ import annotations

import bisect
import datetime as dt
from collections import Counter

import pytest

from newsletter.clock import SystemClock
from tests.integration.conftest import People, Space
from tests.integration.records import states
from tests.integration.servers import HANG_UP, Script, real_server, scripted_server


def most_within(times: list[float], seconds: float) -> int:
    """The most of them in any span of this length."""
    return max(place + 1 - bisect.bisect_left(times, time - seconds) for place, time in enumerate(sorted(times)))


def test_messages_arrive_evenly_spaced(space: Space, people: People) -> None:
    people(30)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port, connections=10)
        space.set("limits", per_second=20)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert Counter(inbox.recipients()) == Counter(f"reader{n}@example.org" for n in range(30))
    # 30 messages take 29 gaps of 50 ms.  A noisy machine delays some of them, and never makes more room.
    assert inbox.times[-1] - inbox.times[0] >= 1.2
    assert most_within(inbox.times, 0.5) <= 18, "ten are due in half a second"
    assert most_within(inbox.times, 0.1) <= 9, "two are due in a tenth, and ten connections stood ready"


def test_after_a_days_worth_the_command_says_when_and_goes_on_then(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(8)
    began = dt.datetime.now(dt.UTC)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.set("limits", per_day=3)
        for day, (expected, code) in enumerate([(3, 3), (6, 3), (8, 0)]):
            monkeypatch.setattr(SystemClock, "now", lambda _self, day=day: began + dt.timedelta(hours=25 * day))
            done = space.run("send", "june", "-s", "everybody", "--yes", code=code)
            assert len(inbox.messages) == expected
            if code:
                tomorrow = (began + dt.timedelta(hours=25 * day + 24)).astimezone()
                quarter = tomorrow + dt.timedelta(minutes=15)
                assert f"it goes on after {tomorrow:%Y-%m-%d}" in done.stderr or f"{quarter:%Y-%m-%d}" in done.stderr
                again = space.run("send", "june", "-s", "everybody", "--yes", code=3)
                assert "it goes on after" in again.stderr
                assert len(inbox.messages) == expected, "the day is not over"
    assert max(Counter(inbox.recipients()).values()) == 1


def test_who_came_back_last_is_not_left_behind(space: Space, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.001)
    monkeypatch.setattr("newsletter.adapters.pace.FIRST_PAUSE", 0.001)
    people(4)
    asked = Counter[str]()

    def answer(verb: str, recipient: str) -> str | None:
        if verb != "RCPT" or recipient != "reader3@example.org":
            return None
        asked[recipient] += 1
        return f"421 busy{HANG_UP}" if asked[recipient] == 1 else None

    with scripted_server(Script(answer)) as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        space.set("limits", per_second=1_000)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert states(space) == {"accepted": 4}


def test_a_server_that_hangs_up_while_a_limit_is_waited_for_costs_nobody_their_turn(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.IDLE", 0.2)
    people(3)
    with scripted_server(Script(idle=0.4)) as inbox:
        space.set("smtp", port=inbox.port, connections=1)
        space.set("limits", per_second=1)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert len(inbox.messages) == 3
    assert inbox.connections == 1 + 3, "one tries the server; then one for each message"
