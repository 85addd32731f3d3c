"""``newsletter send --workers N``: several processes of this machine deliver one campaign together.

One process fills one core of the machine.  The parent holds the lock, the
lease and the desk, freezes and reports; each part is a process with connections
of its own and a branch of the desk (``delivery/branch.py``), and a lock by which
the next ``send`` knows whether it is still there.  A part whose parent is gone
finishes what it has under way, stores what became of it, and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.loop import run
from newsletter.cli.output import tell
from newsletter.cli.wiring import open_house
from newsletter.delivery.branch import Branch, BranchLine, OnResult
from newsletter.delivery.desk import Desk

LONGEST_LINE = 1 << 24  # bytes; what a server says is kept to 500 characters, and a line speaks of each connection once
_TOLD = (0, 1, 2, 3, 70)  # ends of which the part itself has said why
COMMAND = "send-part"  # hidden: it is called by its parent only


def register(app: typer.Typer) -> None:
    """Add the hidden command to the root."""
    app.command(COMMAND, hidden=True)(part_command)


def part_command(
    campaign: Annotated[int, typer.Argument()],
    token: Annotated[str, typer.Argument()],
    connections: Annotated[int, typer.Argument()],
    number: Annotated[int, typer.Argument()],
) -> None:
    """Deliver a part of a campaign, for the process that started this one."""
    run(_deliver_part(campaign, token, connections, number))


async def deliver_in_parts(
    root: Path, run_words: list[str], desk: Desk, connections: int, workers: int, on_result: OnResult
) -> None:
    """Let ``workers`` processes deliver what the desk gives out.  ``run_words`` name the campaign and the run.

    A part tells its errors on standard error itself.  Raises StoreError.
    """
    shares = [connections * (n + 1) // workers - connections * n // workers for n in range(workers)]
    parts = [
        _part(root, [COMMAND, *run_words, str(share), str(n)], desk, on_result)
        for n, share in enumerate(shares)
        if share
    ]
    ended = asyncio.gather(*parts, return_exceptions=True)
    await desk.serve(ended)
    for failure in filter(None, await ended):
        raise failure


async def _part(root: Path, words: list[str], desk: Desk, on_result: OnResult) -> None:
    """Start one process, and serve it until it ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "newsletter", *words, cwd=root, stdin=pipe, stdout=pipe, limit=LONGEST_LINE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    line = BranchLine(desk, process.stdin.write, on_result)
    watching = asyncio.ensure_future(_stop_with(desk, line))
    try:
        async for said in process.stdout:
            line.hear(said)
    finally:
        watching.cancel()
        line.close()
    code = await process.wait()
    if code not in _TOLD:
        tell(f"warning: a part of this sending ended with {code}; what it held is in doubt, the others go on")


async def _stop_with(desk: Desk, line: BranchLine) -> None:
    await desk.stopped.wait()
    line.stop()


async def _deliver_part(campaign_id: int, token: str, connections: int, number: int) -> None:
    from newsletter.cli.lock import part_run
    from newsletter.cli.running import Runner, on_signal
    from newsletter.errors import UsageError

    house = open_house()
    async with house.stores() as stores:
        campaign = await stores.campaigns.get(campaign_id)
        if campaign is None:
            raise UsageError(f"there is no campaign {campaign_id}")
        with part_run(stores.database.file, number):
            runner = Runner(house, stores, await house.tokens(stores.database), house.smtp_server())
            async with _branch() as branch:
                with on_signal(branch.stop):
                    try:
                        await runner.hand_over(campaign, branch, connections, lambda _result: None)
                    finally:
                        if left := branch.unstored:
                            await runner.ledger(campaign, token).exchange(left, 0)


@contextlib.asynccontextmanager
async def _branch() -> AsyncIterator[Branch]:
    """The branch of our parent's desk, over standard input and output."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    pipe, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(pipe, flow, None, loop)
    branch = Branch(writer.write)

    async def hear() -> None:
        try:
            async for line in reader:
                branch.hear(line)
        finally:
            branch.lose()

    hearing = asyncio.ensure_future(hear())
    try:
        yield branch
    finally:
        hearing.cancel()
        with contextlib.suppress(ConnectionError):  # the parent is gone; that is heard at standard input
            await writer.drain()
        writer.close()
