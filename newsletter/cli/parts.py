"""``newsletter send --workers N``: several processes of this machine deliver one campaign together.

One process fills one core of the machine.  The parent holds the lock, the
lease and the desk, freezes and reports; each part (``commands/send_part.py``) is a
process with connections of its own and a branch of the desk
(``delivery/branch.py``), and a lock by which the next ``send`` knows whether it
is still there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from newsletter.cli.output import tell
from newsletter.delivery.branch import HeadOffice
from newsletter.delivery.desk import OnResult

LONGEST_LINE = 1 << 24  # bytes; what a server says is kept to 500 characters, and a line speaks of each connection once
_TOLD = (0, 1, 2, 3, 70)  # ends of which the part itself has said why
COMMAND = "send-part"  # hidden: it is called by its parent only


async def deliver_in_parts(
    root: Path, run_words: list[str], office: HeadOffice, connections: int, workers: int, on_result: OnResult
) -> None:
    """Let ``workers`` processes deliver what the desk gives out.  ``run_words`` name the campaign and the run.

    A part tells its errors on standard error itself.  If all have failed, the
    desk is stopped: another run would end just the same.  Raises StoreError.
    """
    shares = [connections * (n + 1) // workers - connections * n // workers for n in range(workers)]
    parts = [
        _Part(root, [COMMAND, *run_words, str(share), str(n)], office, on_result)
        for n, share in enumerate(shares)
        if share
    ]
    ended = asyncio.gather(*(part.run() for part in parts), return_exceptions=True)
    try:
        # Not until they have ended: they stay until the desk has stored what they told.
        await office.desk.serve(asyncio.gather(*(part.idle.wait() for part in parts)))
    finally:
        for part in parts:
            part.dismiss()
        codes = await ended
    for failure in codes:
        if isinstance(failure, BaseException):
            raise failure
    if all(codes):
        office.desk.stop()


class _Part:
    """One process.  ``idle`` is set when the desk has to wait for nothing more from it."""

    def __init__(self, root: Path, words: list[str], office: HeadOffice, on_result: OnResult) -> None:
        self.idle = asyncio.Event()
        self._root = root
        self._words = words
        self._desk = office.desk
        self._line = office.line(self._write, on_result)
        self._stdin: asyncio.StreamWriter | None = None

    async def run(self) -> int:
        """Start it, and serve it until it ends; its exit code."""
        try:
            return await self._run()
        finally:
            self.idle.set()

    def dismiss(self) -> None:
        """It has nobody to talk to any more: what the desk could not store, it tries to store by itself."""
        if self._stdin is not None:
            self._stdin.close()

    async def _run(self) -> int:
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "newsletter", *self._words, cwd=self._root,
                stdin=pipe, stdout=pipe, limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl-C is for the parent, which passes it on: a part may still be starting
            )  # fmt: skip
        except OSError as error:
            tell(f"warning: a process that should send could not be started: {error.strerror}")
            return 1
        assert process.stdout is not None
        self._stdin = process.stdin
        stopping = asyncio.ensure_future(self._pass_on_a_stop())
        try:
            async for said in process.stdout:
                if not said.endswith(b"\n"):
                    break  # it died while it said this
                self._line.hear(said)
                if self._line.idle:
                    self.idle.set()
        finally:
            stopping.cancel()
            self._line.close()
            self.idle.set()
            self.dismiss()  # whatever happened here, it is to finish
        code = await process.wait()
        if code not in _TOLD:
            tell(f"warning: a part of this sending ended with {code}; what it held is in doubt, the others go on")
        return code

    async def _pass_on_a_stop(self) -> None:
        await self._desk.stopped.wait()
        self._line.give_soon()

    def _write(self, said: bytes) -> None:
        # When it is gone, as its standard output will tell, uvloop would raise.
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.write(said)
