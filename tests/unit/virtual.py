"""An event loop in which waiting takes no time, and in which a hang is an error at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from selectors import DefaultSelector, SelectorKey
from typing import Any, TypeVar

T = TypeVar("T")


class HangError(RuntimeError):
    """Every task waits for another, and no timer runs."""


class _Jump(DefaultSelector):
    """Instead of waiting, puts the clock on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:
            raise HangError("every task waits for another")
        self.now += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its ``time`` begins at 0 and jumps to the next timer."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def run(work: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run ``work`` to its end in a loop of its own; HangError if it has none."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(work(loop))
