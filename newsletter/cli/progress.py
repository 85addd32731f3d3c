"""How far a sending has come, on standard error: what was sent, what was not accepted, the rate, the time left."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from newsletter.cli.output import err
from newsletter.delivery.desk import Result
from newsletter.delivery.states import State

REFRESH = 0.1  # seconds; the bar itself costs more than a message


class _Rate(ProgressColumn):
    """Messages a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.speed
        return Text(f"{speed:,.0f}/s" if speed and speed >= 1 else "")


class Shown:
    """A bar that is told how far a sending has come."""

    def __init__(self, bar: Progress, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("sending", total=total)
        self._done = self._other = 0
        self._next = 0.0

    def on_result(self, result: Result) -> None:
        """Count one result of a run in this process."""
        if result.outcome.state is State.PENDING:
            return
        self._done += 1
        self._other += result.outcome.state is not State.ACCEPTED
        if (now := time.monotonic()) >= self._next:
            self._next = now + REFRESH
            self.show(self._done, self._other)

    def show(self, done: int, other: int) -> None:
        """So many have an outcome, and so many of these were not accepted."""
        description = f"sending, {other:,} not accepted" if other else "sending"
        self._bar.update(self._task, completed=done, description=description)


def bar(console: Console) -> Progress:
    """Number, rate, and time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


@contextlib.contextmanager
def progress(total: int) -> Iterator[Shown]:
    """A bar as long as the block lasts."""
    with bar(err) as shown:
        yield Shown(shown, total)
