"""How far a sending has come, on standard error: what was sent, what was not accepted, the rate, the time left."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

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
from newsletter.delivery.deliver import OnResult
from newsletter.delivery.desk import Result
from newsletter.delivery.states import State

REFRESH = 0.1  # seconds; the bar itself costs more than a message


class _Rate(ProgressColumn):
    """Messages a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.speed
        return Text(f"{speed:,.0f}/s" if speed and speed >= 1 else "")


def bar() -> Progress:
    """The bar of a sending."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )


def described(other: int) -> str:
    """What stands before the bar."""
    return f"sending, {other:,} not accepted" if other else "sending"


@contextlib.contextmanager
def progress(total: int) -> Iterator[OnResult]:
    """A bar that is moved by the results of a run in this process."""
    with bar() as shown:
        task = shown.add_task("sending", total=total)
        done = other = 0
        next_refresh = 0.0

        def on_result(result: Result) -> None:
            nonlocal done, other, next_refresh
            if result.outcome.state is State.PENDING:
                return
            done += 1
            other += result.outcome.state is not State.ACCEPTED
            if (now := time.monotonic()) >= next_refresh:
                next_refresh = now + REFRESH
                shown.update(task, completed=done, description=described(other))

        yield on_result
