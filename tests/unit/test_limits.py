"""Limits of speed: never exceeded in any second, hour or day, whatever is asked for and whenever."""

from __future__ import annotations

import bisect
import datetime as dt
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery.limits import AHEAD, Limit, Room, Used, give_back, room, take, timetable

START = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
TICK = 0.000_01  # seconds; times are kept in microseconds, and rounded at every step


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


@dataclass
class Account:
    """A limit with what was taken under it: ``left`` is when each message left the house."""

    limit: Limit
    used: Used = field(default_factory=Used)
    now: dt.datetime = START
    left: list[dt.datetime] = field(default_factory=list)

    def take(self, wanted: int) -> list[dt.datetime]:
        """As many as are wanted, if there is room."""
        found = room(self.limit, self.used, self.now)
        ((moments),) = timetable(found, [(Room(1_000_000, self.now), min(wanted, found.free))])
        self.used = take(self.limit, self.used, self.now, moments)
        self.left += moments
        return moments

    def give_back(self, places: Sequence[int]) -> None:
        """Those at these places did not leave, counted from the last one."""
        for place in places:
            del self.left[-1 - place]
        self.used = give_back(self.limit, self.used, self.now, len(places))


def most_within(times: Sequence[dt.datetime], seconds: float) -> int:
    """The most of them in any span of this length."""
    times = sorted(times)
    span = dt.timedelta(seconds=seconds)
    return max((place + 1 - bisect.bisect_right(times, time - span) for place, time in enumerate(times)), default=0)


steps = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 2), st.floats(0, 2_000), st.sampled_from([0.0, 59.9, 60.0, 3_599.9, 3_600.0, 86_400.0])),
        st.integers(0, 40),
    ),
    max_size=40,
)


@given(steps, st.integers(1, 30), st.integers(1, 60))
def test_no_hour_and_no_day_ever_holds_more(plan: list[tuple[float, int]], per_hour: int, per_day: int) -> None:
    account = Account(Limit(per_hour=per_hour, per_day=per_day))
    for wait, wanted in plan:
        account.now += dt.timedelta(seconds=wait)
        account.take(wanted)
    assert most_within(account.left, 3_600) <= per_hour
    assert most_within(account.left, 86_400) <= per_day


@given(steps, st.sampled_from([0.1, 0.5, 1.0, 3.0, 7.0, 20.0, 100.0]), st.booleans())
def test_messages_are_spaced_from_the_first_on(plan: list[tuple[float, int]], rate: float, hourly: bool) -> None:
    account = Account(Limit(per_second=rate, per_hour=50 if hourly else None))
    for wait, wanted in plan:
        account.now += dt.timedelta(seconds=wait)
        for moment in account.take(wanted):
            assert moment - account.now <= dt.timedelta(seconds=AHEAD + TICK), "nobody waits long with a claim in hand"
    for one, next_one in itertools.pairwise(account.left):
        assert (next_one - one).total_seconds() >= 1 / rate - TICK
    if hourly:
        assert most_within(account.left, 3_600) <= 50


def test_a_whole_run_is_as_fast_as_its_limit_allows() -> None:
    account = Account(Limit(per_second=20))
    while len(account.left) < 100:
        found = room(account.limit, account.used, account.now)
        if not found.free:
            account.now = found.first
            continue
        account.take(10)
    expected = [after(place / 20) for place in range(100)]
    drift = max(abs((one - other).total_seconds()) for one, other in zip(account.left, expected, strict=False))
    assert drift < 100 * TICK


@given(
    st.lists(st.tuples(st.floats(0, 300), st.integers(0, 9), st.integers(0, 9)), max_size=40),
    st.integers(1, 20),
    st.randoms(use_true_random=False),
)
def test_what_comes_back_makes_room_and_never_too_much(
    plan: list[tuple[float, int, int]], per_hour: int, random: Random
) -> None:
    account = Account(Limit(per_hour=per_hour))
    for wait, wanted, back in plan:
        account.now += dt.timedelta(seconds=wait)
        account.take(wanted)
        # A claim lasts minutes: what comes back was taken within the hour.
        fresh = sum(time > account.now - dt.timedelta(hours=1) for time in account.left)
        account.give_back(sorted(random.sample(range(fresh), min(back, fresh)), reverse=True))
        assert all(count >= 0 for counted in account.used.counts.values() for count in counted.values())
    assert most_within(account.left, 3_600) <= per_hour


def test_a_second_message_cannot_stand_in_for_one_that_came_back() -> None:
    account = Account(Limit(per_hour=2))
    account.take(1)
    account.now = after(1_000)
    account.take(1)
    account.give_back([1])  # the first: it was under way all the time
    account.take(1)
    account.now = after(3_661)
    account.take(1)
    assert most_within(account.left, 3_600) <= 2


def test_more_comes_back_than_was_taken_and_nothing_breaks() -> None:
    limit = Limit(per_second=1, per_hour=5, per_day=5)
    used = give_back(limit, take(limit, Used(), START, [START]), START, 9)
    assert room(limit, used, after(5)).free == 1
    assert {name: sum(counted.values()) for name, counted in used.counts.items()} == {"hour": 0, "day": 0}


@settings(max_examples=20)
@given(st.floats(0.1, 3_000))
def test_an_account_does_not_grow(step: float) -> None:
    account = Account(Limit(per_second=1_000, per_hour=1_000_000, per_day=1_000_000))
    for _ in range(300):
        account.now += dt.timedelta(seconds=step)
        account.take(1)
        assert len(account.used.counts["hour"]) <= 62
        assert len(account.used.counts["day"]) <= 98


@given(steps, st.integers(1, 5), st.integers(1, 9))
def test_mail_that_somebody_waits_for_never_takes_more_than_its_share(
    plan: list[tuple[float, int]], per_hour: int, per_day: int
) -> None:
    limit, now = Limit(per_hour=per_hour, per_day=per_day), START
    used, all_of_it = Used(), Account(limit)
    for place, (wait, wanted) in enumerate(plan):
        now += dt.timedelta(seconds=wait)
        if place % 3 == 2:  # a campaign takes what it can, in between
            found = room(limit, used, now)
            used = take(limit, used, now, [now] * min(wanted, found.free))
            continue
        found = room(limit, used, now, awaited=True)
        moments = [now] * min(wanted, found.free)
        used = take(limit, used, now, moments, awaited=True)
        all_of_it.left += moments
    assert most_within(all_of_it.left, 3_600) <= math.ceil(per_hour / 2)
    assert most_within(all_of_it.left, 86_400) <= math.ceil(per_day / 2)


def test_flood_of_forms_leaves_a_campaign_its_part_and_what_came_back_counts_for_neither() -> None:
    limit = Limit(per_day=10)
    used = take(limit, Used(), START, [START] * 5, awaited=True)
    assert (room(limit, used, START, awaited=True).free, room(limit, used, START).free) == (0, 5)
    assert room(limit, used, START, awaited=True).first >= after(86_400)
    used = give_back(limit, used, START, 2, awaited=True)
    assert (room(limit, used, START, awaited=True).free, room(limit, used, START).free) == (2, 7)
    used = give_back(limit, take(limit, used, START, [START] * 7), START, 1)
    assert (room(limit, used, START, awaited=True).free, room(limit, used, START).free) == (1, 1)


@given(steps, st.integers(1, 5), st.integers(1, 9))
def test_when_there_will_be_room_there_is(plan: list[tuple[float, int]], per_hour: int, per_day: int) -> None:
    account = Account(Limit(per_second=0.5, per_hour=per_hour, per_day=per_day))
    for wait, wanted in plan:
        account.now += dt.timedelta(seconds=wait)
        account.take(wanted)
        for _look in range(10):
            found = room(account.limit, account.used, account.now)
            if found.free:
                break
            assert found.first > account.now, "a wait of nothing would be asked for again and again"
            account.now = found.first
        else:
            pytest.fail("room was promised, and never came")


def test_what_was_counted_under_a_lower_limit_does_not_hold_up_a_higher_one() -> None:
    slow, fast = Limit(per_second=0.001), Limit(per_second=20)
    used = take(slow, Used(), START, [START])
    assert room(slow, used, START).first == after(1_000)
    assert room(fast, used, START).first <= after(1.05)


def test_a_limit_that_was_lowered_waits_until_enough_has_left_the_window() -> None:
    used = take(Limit(per_hour=100), Used(), START, [START] * 100)
    found = room(Limit(per_hour=5), used, after(60))
    assert not found.free
    assert after(3_600) <= found.first <= after(3_660)


rooms = st.builds(
    Room,
    st.just(1_000_000),
    st.floats(0, AHEAD).map(after),
    st.sampled_from([0.0, 0.01, 0.05, 0.2, 1.0]),
)


@given(rooms, st.lists(st.tuples(rooms, st.integers(0, 6)), min_size=1, max_size=4))
def test_lanes_keep_their_own_spacing_and_that_of_all_mail(everything: Room, lanes: list[tuple[Room, int]]) -> None:
    table = timetable(everything, lanes)
    for (own, number), moments in zip(lanes, table, strict=True):
        assert len(moments) == number
        assert all(moment >= max(own.first, everything.first) for moment in moments)
        for one, next_one in itertools.pairwise(moments):
            assert (next_one - one).total_seconds() >= own.spacing - TICK
    together = sorted(itertools.chain.from_iterable(table))
    for one, next_one in itertools.pairwise(together):
        assert (next_one - one).total_seconds() >= everything.spacing - TICK


def test_a_lane_that_waits_lets_others_go_first() -> None:
    slow, free = Room(9, START, 0.2), Room(9, START)
    table = timetable(Room(9, START, 0.1), [(slow, 2), (free, 1)])
    assert table == [[after(0), after(0.2)], [after(0.1)]]
