"""Pauses after 421: how they grow, what ends them, and that many voices saying the same count once."""

from __future__ import annotations

from newsletter.adapters.pace import LONGEST_PAUSE, Pace


class Hand:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nobody_waits_before_the_first_421() -> None:
    assert Pace(Hand()).left() == 0


def test_a_pause_runs_out() -> None:
    clock = Hand()
    pace = Pace(clock)
    pace.refused()
    assert pace.left() == 1.0
    clock.now += 0.75
    assert pace.left() == 0.25
    clock.now += 0.25
    assert pace.left() == 0


def test_pauses_double_to_a_minute_until_a_message_is_accepted() -> None:
    clock = Hand()
    pace = Pace(clock)
    pauses = []
    for _ in range(9):
        pace.refused()
        pauses.append(pace.left())
        clock.now += pace.left() + 3600
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    pace.accepted()
    assert pace.left() == 0
    pace.refused()
    assert pace.left() == 1


def test_many_connections_that_are_closed_at_once_are_one_421() -> None:
    clock = Hand()
    pace = Pace(clock)
    for _ in range(200):
        pace.refused()
        clock.now += 0.001
    assert 0 < pace.left() < 1
    clock.now += 1
    pace.refused()
    assert pace.left() == 2


def test_an_accepted_message_leaves_at_most_the_first_pause() -> None:
    clock = Hand()
    pace = Pace(clock)
    for _ in range(9):
        pace.refused()
        clock.now += pace.left()
    pace.refused()
    assert pace.left() == LONGEST_PAUSE
    clock.now += 5
    pace.accepted()
    assert pace.left() == 1
    clock.now += 0.5
    pace.accepted()
    assert pace.left() == 0.5, "a second one does not lengthen it"
