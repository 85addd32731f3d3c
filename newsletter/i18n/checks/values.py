"""Numbers, amounts, dates and times: what both texts say, compared by value and not by spelling.

What stands in digits is *certain* and must be in both.  What stands in words
is *said*, and counts only against another value ("two weeks" may be "un par de
semanas").  What is read doubtfully is *possible*, and can only confirm.  What
cannot be judged surely is not reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from newsletter import wording
from newsletter.content.problems import Problem
from newsletter.i18n.checks.extract import read
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.numerals import KNOWN
from newsletter.i18n.checks.reader import Key, Sure, Value
from newsletter.i18n.checks.text import Pair

_NO_ORDER = {"name", "month", "weekday"}  # kinds of keys that may stand anywhere
_YEARS = frozenset(map(float, range(1900, 2100)))
_BARE = {"n", "name", "time"}  # kinds of keys that have no unit


def check_values(pair: Pair) -> Iterator[Problem]:
    """Each kind of value in which the two texts differ, with what stands only here and only there."""
    source, target = pair.source, pair.target
    if source.language not in KNOWN or target.language not in KNOWN or source.language == target.language:
        return
    said, days = read(source, target)
    told, other_days = read(target, source)
    if not said and not told:
        return
    lost, added = _unexplained(said, told), _unexplained(told, said)
    lost, added = _explain_weakly(lost, added, said, told)
    lost, added = _without_idle_weekdays(lost, added, bool(days and days == other_days))
    lost, added = _worth_telling(lost, added), _worth_telling(added, lost)
    checks = _checks(lost, added)
    if not checks and days != other_days and len(days) == len(other_days):
        message = wording.said("days and months are paired differently")
        yield Problem(Check.DATES, message, wording.said("compare each date with the source"))
    elif not checks and (moved := _moved(said, told)):
        message = wording.said("in the source %(here)s comes before %(there)s, in the translation after it", **moved)
        yield Problem(Check.VALUE_ORDER, message, wording.said("see that each still belongs to the same words"))
    for code in sorted(checks):
        yield _problem(code, lost, added)


def _problem(code: str, lost: list[Value], added: list[Value]) -> Problem:
    here = ", ".join(dict.fromkeys(value.shown for value in lost if value.code == code or len(lost) == 1))
    there = ", ".join(dict.fromkeys(value.shown for value in added if value.code == code or len(added) == 1))
    if here and there:
        message = wording.said("the source says %(here)s, the translation %(there)s", here=here, there=there)
    elif here:
        message = wording.said("the source says %(here)s, and the translation does not", here=here)
    else:
        message = wording.said("the translation says %(there)s, and the source does not", there=there)
    hint = wording.said("write the same value; if both are right as they are, waive it with a reason")
    return Problem(code, message, hint)


def _checks(lost: list[Value], added: list[Value]) -> set[str]:
    here, there = {value.code for value in lost}, {value.code for value in added}
    # "$25" that became "25" is one mistake, of an amount.
    if here and there and Check.NUMBERS in here ^ there and (here | there) - {Check.NUMBERS}:
        return (here | there) - {Check.NUMBERS}
    return here | there


def _moved(said: list[Value], told: list[Value]) -> dict[str, str] | None:
    """Two values of one kind that have changed places, if there are such."""
    places: dict[Key, set[int]] = {}
    for place, value in enumerate(told):
        for key in value.keys | value.weak:
            places.setdefault(key, set()).add(place)
    last: dict[tuple[str, str, bool], tuple[int, Value]] = {}
    for value in said:
        (unit, number), *others = value.keys
        if value.sure is not Sure.CERTAIN or unit in _NO_ORDER or others:
            continue
        there = set().union(*(places.get(key, ()) for key in (*value.keys, *value.weak)))
        if len(there) == 1:
            # "37 people in 2016" may be "en 2016, 37 personas".
            kind = (value.code, unit, unit == "n" and number in _YEARS)
            place = there.pop()
            before, other = last.get(kind, (-1, value))
            if place < before:
                return {"here": other.shown, "there": value.shown}
            last[kind] = place, value
    return None


def _unexplained(these: list[Value], those: list[Value]) -> list[Value]:
    known = {key for value in those for key in value.keys}
    return [value for value in these if not value.keys & known]


def _explain_weakly(
    lost: list[Value], added: list[Value], said: list[Value], told: list[Value]
) -> tuple[list[Value], list[Value]]:
    """Without the pairs that may be one value said in two ways: "at 7" and "las 7 de la noche"."""
    if not lost or not added:
        return lost, added
    units = {key[0] for value in said for key in value.keys} & {key[0] for value in told for key in value.keys}

    def weak(value: Value) -> set[Key]:
        # "10, 25 y 50 dólares": a bare number may be an amount, or a percentage, where both texts have such.
        kinds = {key[0] for key in value.keys}
        counted = kinds <= _BARE or kinds & units
        return {key for key in value.weak if key[0] != "n" or counted}

    left = list(added)
    still = []
    for value in lost:
        other = next((other for other in left if weak(value) & other.keys or weak(other) & value.keys), None)
        if other is None:
            still.append(value)
        else:
            left.remove(other)
    return still, left


def _without_idle_weekdays(lost: list[Value], added: list[Value], same_days: bool) -> tuple[list[Value], list[Value]]:
    """A weekday may be left out where the date itself is there."""

    if not same_days or _any_weekday(lost) == _any_weekday(added):
        return lost, added
    return [v for v in lost if not _any_weekday([v])], [v for v in added if not _any_weekday([v])]


def _any_weekday(values: list[Value]) -> bool:
    return any(key[0] == "weekday" for value in values for key in value.keys)


def _worth_telling(these: list[Value], those: list[Value]) -> list[Value]:
    """What is certain; and what is said in words, if the other text has something else in its place."""
    instead = any(other.sure >= Sure.SAID for other in those)
    return [value for value in these if value.sure is Sure.CERTAIN or (value.sure is Sure.SAID and instead)]
