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
from newsletter.delivery.branch import BranchLine
from newsletter.delivery.desk import Desk, OnResult

LONGEST_LINE = 1 << 24  # bytes; what a server says is kept to 500 characters, and a line speaks of each connection once
_TOLD = (0, 1, 2, 3, 70)  # ends of which the part itself has said why
COMMAND = "send-part"  # hidden: it is called by its parent only


async def deliver_in_parts(
    root: Path, run_words: list[str], desk: Desk, connections: int, workers: int, on_result: OnResult
) -> None:
    """Let ``workers`` processes deliver what the desk gives out.  ``run_words`` name the campaign and the run.

    A part tells its errors on standard error itself.  If all have failed, the
    desk is stopped: another run would end just the same.  Raises StoreError.
    """
    shares = [connections * (n + 1) // workers - connections * n // workers for n in range(workers)]
    parts = [
        _part(root, [COMMAND, *run_words, str(share), str(n)], desk, on_result)
        for n, share in enumerate(shares)
        if share
    ]
    ended = asyncio.gather(*parts, return_exceptions=True)
    await desk.serve(ended)
    codes = await ended
    for failure in codes:
        if isinstance(failure, BaseException):
            raise failure
    if all(codes):
        desk.stop()


async def _part(root: Path, words: list[str], desk: Desk, on_result: OnResult) -> int:
    """Start one process, and serve it until it ends; its exit code."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "newsletter", *words, cwd=root, stdin=pipe, stdout=pipe, limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the parent, which passes it on: a part may still be starting
        )  # fmt: skip
    except OSError as error:
        tell(f"warning: a process that should send could not be started: {error.strerror}")
        return 1
    stdin = process.stdin
    assert stdin is not None
    assert process.stdout is not None

    def write(said: bytes) -> None:
        if not stdin.is_closing():  # it is gone, as its standard output will tell; uvloop would raise
            stdin.write(said)

    line = BranchLine(desk, write, on_result)
    watching = asyncio.ensure_future(_stop_with(desk, line))
    try:
        async for said in process.stdout:
            if not said.endswith(b"\n"):
                break  # it died while it said this
            line.hear(said)
    finally:
        watching.cancel()
        line.close()
        stdin.close()  # whatever happened here, it is to finish
    code = await process.wait()
    if code not in _TOLD:
        tell(f"warning: a part of this sending ended with {code}; what it held is in doubt, the others go on")
    return code


async def _stop_with(desk: Desk, line: BranchLine) -> None:
    await desk.stopped.wait()
    line.stop()
