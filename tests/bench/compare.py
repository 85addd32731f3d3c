"""``python -m tests.bench.compare``: how fast the delivery is beside other senders, on this machine.

All contenders take turns within one run, since a machine is faster at one hour
than at another; a ratio is the median of the rounds' ratios.  Nothing here
passes or fails, but a contender that did not deliver everything is an error.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.bench.contenders import (
    NODE_DKIM,
    NODE_RAW,
    OURS,
    OURS_ONE,
    OURS_PLAIN,
    OURS_PLAIN_TWO,
    OURS_TWO,
    SMTP_SOURCE,
    SMTPLIB,
    Contender,
    FailedError,
    Measured,
    contenders,
    measured,
)
from tests.bench.letter import LetterFolder, UnfairError, prepare
from tests.bench.sinks import FastSink, PostfixSink, Sinks
from tests.bench.tools import VAR, MissingError, Node, Postfix, nodemailer, postfix

Tool = TypeVar("Tool", Node, Postfix)
NEAR, FAR = 20, 200  # connections to a server beside us, and to one that answers late
DELAY_MS = 20.0
GOALS = (
    (OURS, NODE_DKIM, 5.0),
    (OURS, NODE_RAW, 1.1),
    (OURS, SMTPLIB, 0.9),
    (OURS_TWO, OURS_ONE, 1.35),
    (OURS_PLAIN, SMTP_SOURCE, 0.35),
    (OURS_PLAIN_TWO, SMTP_SOURCE, 0.35),
)
FAR_GOALS = ((OURS, NODE_DKIM, 2.0), (OURS, NODE_RAW, 2.0))


@dataclass(slots=True)
class Scene:
    """One sink, and the contenders that send to it."""

    sinks: Sinks
    contenders: Sequence[Contender]
    connections: int
    goals: Iterable[tuple[str, str, float]]
    results: dict[str, list[Measured]] = field(default_factory=dict)


def measure(scenes: Sequence[Scene], letter: LetterFolder, rounds: int, messages: int) -> None:
    """Everybody once, and again, and again."""
    for turn in range(rounds):
        for scene in scenes:
            for contender in scene.contenders:
                one = measured(contender, scene.sinks, messages, scene.connections, letter)
                scene.results.setdefault(contender.name, []).append(one)
                shown = f"{turn + 1}/{rounds}, {scene.sinks.name}: {contender.name}: {one.rate:,.0f} messages/s\n"
                sys.stderr.write(shown)


def report(scene: Scene) -> None:
    """The table of one scene, and its ratios."""
    say(f"\n{scene.sinks.name}, {scene.connections} connections\n")
    say(f"{'':<32} {'messages/s':>10}   {'lowest to highest':<18} {'CPU, µs a message':>20}   {'% of a core':>14}")
    say(f"{'':<32} {'median':>10}   {'':<18} {'sender':>11} {'sink':>8}   {'sender':>7} {'sink':>6}")
    for name, runs in scene.results.items():
        rates = [run.rate for run in runs]
        rate, sender, sink = (
            statistics.median(column)
            for column in (rates, [run.sender_us for run in runs], [run.sink_us for run in runs])
        )
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        busy = f"{rate * sender / 1e4:>7.0f} {rate * sink / 1e4:>6.0f}"
        say(f"{name:<32} {rate:>10,.0f}   {spread:<18} {sender:>11,.0f} {sink:>8,.0f}   {busy}")
    say("")
    for ours, other, goal in scene.goals:
        if ours in scene.results and other in scene.results:
            pairs = zip(scene.results[ours], scene.results[other], strict=True)
            ratios = [one.rate / another.rate for one, another in pairs]
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            say(f"{f'{ours} ÷ {other}':<64} {statistics.median(ratios):>6.2f}   {spread:<16} goal: at least {goal:g}")


def say(text: str) -> None:
    """One line of the report."""
    print(text, flush=True)  # noqa: T201


def or_word(get: Callable[[], Tool]) -> Tool | None:
    """What ``get`` gets; None, with a word, if it is not there."""
    try:
        return get()
    except MissingError as missing:
        say(f"skipped: {missing}")
        return None


def compare(rounds: int, messages: int) -> None:
    """Prepare, measure, print."""
    VAR.mkdir(parents=True, exist_ok=True)
    node, mail = or_word(nodemailer), or_word(postfix)
    with tempfile.TemporaryDirectory(dir=VAR, prefix="letter-") as folder:
        letter = prepare(Path(folder), node)
        known = contenders(letter, node, mail)
        far = [contender for contender in known if contender.name in (OURS, NODE_RAW, NODE_DKIM)]
        near = [Scene(FastSink(), known, NEAR, GOALS)]
        if mail is not None:
            near.append(Scene(PostfixSink(mail), known, NEAR, GOALS))
        late = Scene(FastSink(DELAY_MS), far, FAR, FAR_GOALS)
        say(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
        say(f"messages of {letter.size:,} bytes, {messages:,} a run; medians of {rounds} rounds")
        measure(near, letter, rounds, messages)
        for scene in near:
            report(scene)
        measure([late], letter, rounds, messages)
        report(late)
        say(f"\nload {os.getloadavg()[0]:.1f} at the end")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compare", description="Speed beside other senders.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--messages", type=int, default=5_000, help="messages of a run (5,000)")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1,000 messages: whether it works")
    options = parser.parse_args()
    rounds, messages = (2, 1_000) if options.quick else (options.rounds, options.messages)
    try:
        compare(rounds, messages)
    except (FailedError, UnfairError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
