"""Tells of every file that staff save, within a few hundredths of a second.

Editors save in many ways: some write the file, some write another and rename
it.  So folders are watched and not files: the content folders with all below,
and the workspace's own folder for ``newsletter.yaml`` and for folders that
come later.  ``var/`` with its database is never watched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from watchfiles import Change, awatch

from newsletter.settings import FILE_NAME

FOLDERS = ("issues", "locales", "templates")
QUIET = 15  # milliseconds without a change that end a burst of them
BURST = 200  # milliseconds that a burst may last
_UNFINISHED = (".partial", ".swp", ".swx", ".tmp", "~")


async def watch(root: Path, on_change: Callable[[], None]) -> None:
    """Call ``on_change`` after every burst of changes, until cancelled."""
    while True:
        folders = [folder for name in FOLDERS if (folder := root / name).is_dir()]
        appeared = asyncio.Event()

        async def below(folders: list[Path] = folders, appeared: asyncio.Event = appeared) -> None:
            if not folders:
                await appeared.wait()
            async for _burst in _bursts(folders, appeared, _is_finished, recursive=True):
                on_change()

        async def beside(folders: list[Path] = folders, appeared: asyncio.Event = appeared) -> None:
            async for burst in _bursts([root], appeared, lambda path: Path(path).parent == root, recursive=False):
                changed = {Path(path).name for _change, path in burst}
                if FILE_NAME in changed:
                    on_change()
                if any((root / name).is_dir() and root / name not in folders for name in FOLDERS):
                    appeared.set()
                    on_change()

        await asyncio.gather(below(), beside())


def _bursts(
    folders: list[Path], stop: asyncio.Event, wanted: Callable[[str], bool], *, recursive: bool
) -> AsyncIterator[set[tuple[Change, str]]]:
    return awatch(
        *folders,
        watch_filter=lambda _change, path: wanted(path),
        debounce=BURST,
        step=QUIET,
        stop_event=stop,
        recursive=recursive,
    )


def _is_finished(path: str) -> bool:
    return not path.endswith(_UNFINISHED)
