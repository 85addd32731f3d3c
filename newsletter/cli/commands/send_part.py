"""``newsletter send-part``: one of the processes of ``send --workers``, started by the one that a person called.

It talks with the desk of its parent over standard input and output.  If its
parent is gone, it finishes what it has under way, stores what became of it, and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Annotated

import typer

from newsletter.cli.loop import run
from newsletter.cli.parts import COMMAND, LONGEST_LINE
from newsletter.cli.wiring import open_house
from newsletter.delivery.branch import Branch
from newsletter.delivery.desk import Ledger


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


async def _deliver_part(campaign_id: int, token: str, connections: int, number: int) -> None:
    from newsletter.cli.lock import part_run
    from newsletter.cli.running import Runner, on_signal
    from newsletter.cli.standing import find

    house = open_house()
    async with house.stores() as stores:
        campaign = await find(stores, campaign_id)
        with part_run(stores.database.file, number):
            runner = Runner(house, stores, await house.tokens(stores.database), house.smtp_server())
            async with _branch(runner.ledger(campaign, token)) as branch:
                with on_signal(branch.stop):
                    await runner.hand_over(campaign, branch, connections, lambda _result: None)


@contextlib.asynccontextmanager
async def _branch(ledger: Ledger) -> AsyncIterator[Branch]:
    """The branch of our parent's desk, over standard input and output."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    pipe, _protocol = await loop.connect_write_pipe(asyncio.Protocol, sys.stdout)

    def write(said: bytes) -> None:
        if not pipe.is_closing():  # our parent is gone, as standard input will tell; uvloop would raise
            pipe.write(said)

    branch = Branch(write, ledger)

    async def hear() -> None:
        try:
            async for line in reader:
                if not line.endswith(b"\n"):
                    break
                branch.hear(line)
        finally:
            branch.lose()

    hearing = asyncio.ensure_future(hear())
    try:
        yield branch
    finally:
        pipe.close()  # whatever was told was heard, or nobody is there
        if hearing.done():
            hearing.result()  # a fault of the program does not pass in silence
        hearing.cancel()
