"""Values that are made anew when a file they rest on has changed, as its time and size tell."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
Stamp = tuple[object, ...]


def stamp(*files: Path) -> Stamp:
    """What changes whenever one of the files does; a file that is not there has a stamp too."""
    found: list[object] = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            found.append(None)
        else:
            found += (status.st_mtime_ns, status.st_size, status.st_ino)
    return tuple(found)


class Cache(Generic[T]):
    """Values by key, each with the stamp that it was made under; the one unused for longest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[object, tuple[Stamp, T]] = OrderedDict()

    def get(self, key: object, now: Stamp, make: Callable[[], T]) -> T:
        """The value, made anew if its stamp is another."""
        found = self._values.get(key)
        if found is None or found[0] != now:
            found = now, make()
            self._values[key] = found
            if len(self._values) > self._limit:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return found[1]

    def peek(self, key: object, now: Stamp) -> T | None:
        """The value, if it is there and right."""
        found = self._values.get(key)
        return found[1] if found and found[0] == now else None

    def last(self, key: object) -> T | None:
        """The value, right or not."""
        found = self._values.get(key)
        return found[1] if found else None

    def forget(self, keys: Iterable[object]) -> None:
        """Drop what is no longer asked for."""
        for key in keys:
            self._values.pop(key, None)

    def keys(self) -> list[object]:
        """All keys."""
        return list(self._values)
