"""``newsletter preview``: the studio on this machine, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from newsletter import builtin
from newsletter.cli.listening import address_of, in_address, listen, serve_pages
from newsletter.cli.output import say, tell
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError
from newsletter.settings import PREVIEW_PASSWORD as PASSWORD

MIN_PASSWORD = 12  # characters; it is all that stands between a network and the drafts
LOOPBACK = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("preview")(preview_command)


def preview_command(
    issue: Annotated[
        str | None, typer.Argument(metavar="ISSUE", help="The issue to begin with; the list of all, if none.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes any free one.")] = 0,
    host: Annotated[
        str, typer.Option("--host", help=f"Listen on this address of the machine too; needs {PASSWORD}.")
    ] = LOOPBACK,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
) -> None:
    """Open the studio: see an issue as its readers will, while you edit it."""
    house = open_house()
    slug = house.workspace.issue_file(issue).stem if issue else ""
    password = os.environ.get(PASSWORD, "")
    local = _is_loopback(host)
    if not local and len(password) < MIN_PASSWORD:
        hint = f"set {PASSWORD} to a password of {MIN_PASSWORD} characters or more, or leave --host out"
        raise UsageError("beyond this machine the studio asks for a password", hint)
    listening = listen(host, port, "the studio", "is another studio open? leave --port out for a free one")
    with contextlib.closing(listening), contextlib.suppress(KeyboardInterrupt):
        address = address_of(listening, host) + (f"issues/{slug}" if slug else "")

        def on_ready() -> None:
            say(f"the studio is at {address}")
            say("  Ctrl-C ends it")
            if not no_open and not webbrowser.open(address):
                tell("no browser could be opened; open the address yourself")

        names = {"localhost", LOOPBACK, "[::1]", in_address(host).lower()}
        names |= set() if local else {socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}
        asyncio.run(serve(house.workspace.root, listening, names, "" if local else password, on_ready))


async def serve(
    root: Path, listening: socket.socket, names: set[str], password: str, on_ready: Callable[[], None]
) -> None:
    """Serve until somebody stops it."""
    import uvicorn

    from newsletter.cli.studio.studio import PreviewStudio
    from newsletter.cli.studio.watching import watch
    from newsletter.web.preview.app import make_app
    from newsletter.web.preview.events import FILES, Hub
    from newsletter.web.preview.guard import Door

    hub = Hub()

    async with PreviewStudio(root, os.environ, hub) as studio:
        catalogs = (builtin.LOCALES, root / "locales")
        door = Door(listening.getsockname()[1], frozenset(names), any_address=bool(password), password=password)
        config = uvicorn.Config(
            make_app(studio, hub, door, catalogs, studio.bench.house.settings.formats),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="none",
            lifespan="off",
        )

        def on_change() -> None:
            hub.tell(FILES)
            studio.read_ahead()

        watching = asyncio.ensure_future(watch(root, on_change))

        async def on_end() -> None:
            hub.close()  # first: the server waits for what is open, and a stream never ends by itself
            await studio.finish()

        try:
            await serve_pages(config, listening, on_ready, on_end)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
