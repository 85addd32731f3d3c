"""How the parts of the studio have something done at the workbench, which belongs to one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Work(Protocol):
    """``PreviewStudio.work``."""

    async def __call__(self, call: Callable[[], T]) -> T:
        """Do something at the workbench."""
        ...
