"""``newsletter serve``: the public pages, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.listening import address_of, listen, serve_pages
from newsletter.cli.logs import AsLogFormat, note, start
from newsletter.cli.loop import run
from newsletter.cli.output import say
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.cli.public.mailer import Mailer
    from newsletter.web.public.proxies import Unclear

LOOPBACK = "127.0.0.1"
THIS_MACHINE = (LOOPBACK, "::1")  # where proxies are believed if none is named
PORT = 8025


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("serve")(serve_command)


def serve_command(
    host: Annotated[str, typer.Option("--host", help="Listen on this address of the machine.")] = LOOPBACK,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes any free one.")] = PORT,
    proxy: Annotated[
        list[str] | None,
        typer.Option("--proxy", metavar="ADDRESS", help="A proxy to be believed about whom it speaks for."),
    ] = None,
    snippet: Annotated[
        str | None,
        typer.Option("--snippet", metavar="LOCALE", help="Print the form to subscribe for another website, and end."),
    ] = None,
    log_format: AsLogFormat = None,
) -> None:
    """Serve the pages on which readers join, choose and leave.

    A web server such as nginx stands in front and brings TLS.  Ctrl-C or
    SIGTERM ends it after what is under way.
    """
    house = open_house()
    if snippet is not None:
        _print_snippet(house, snippet)
        return
    named = _networks(proxy or THIS_MACHINE)
    listening = listen(host, port, "the public pages", "is another 'newsletter serve' running? choose another --port")
    start(log_format)
    with contextlib.closing(listening), contextlib.suppress(KeyboardInterrupt):

        def on_ready() -> None:
            say(f"the public pages are at {address_of(listening, host)}, for {house.settings.public_url}")
            if house.settings.smtp is None:
                say("  nobody can join: the mail to confirm needs a mail server, 'smtp' in newsletter.yaml")

        run(serve(house, listening, named, on_ready))


def _networks(proxies: Sequence[str]) -> list[str]:
    """The networks of some addresses, also as a socket for both kinds of IP writes them.  Raises UsageError."""
    networks = []
    for text in proxies:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            hint = "write an IP address, as 192.0.2.1, or a network, as 192.0.2.0/24"
            raise UsageError(f"--proxy: '{text}' is no address", hint) from None
        networks.append(str(network))
        if network.version == 4:  # noqa: PLR2004 - RFC 4291 §2.5.5.2
            networks.append(f"::ffff:{network.network_address}/{96 + network.prefixlen}")
    return networks


def _on_unclear(why: Unclear) -> None:
    """Tell staff that readers cannot be told apart, and never whose address it was."""
    from newsletter.web.public.proxies import WORDS

    wrong, do = WORDS[why]
    note("readers-look-alike", logging.WARNING, proxy=why)
    say(wrong)
    say(f"  {do}")


def _print_snippet(house: House, locale: str) -> None:
    from newsletter.cli.public.desk import make_site
    from newsletter.web.public.pages import snippet
    from newsletter.web.public.views.join import TRAP

    house.require_locales([locale])
    typer.echo(snippet(make_site(house), locale, TRAP), nl=False)


async def serve(house: House, listening: socket.socket, named: Sequence[str], on_ready: Callable[[], None]) -> None:
    """Serve until somebody stops it; proxies in the ``named`` networks are believed."""
    from newsletter.cli.public.desk import open_public
    from newsletter.web.public.proxies import Proxies
    from newsletter.web.public.server import server_config

    async with open_public(house) as (app, public), _mailing(public.mailer):
        await serve_pages(server_config(Proxies(app, named, _on_unclear)), listening, on_ready)


@contextlib.asynccontextmanager
async def _mailing(mailer: Mailer | None) -> AsyncIterator[None]:
    """Send what forms cause, as long as the block lasts."""
    if mailer is None:
        yield
        return
    mailer.try_out()
    mailing = asyncio.ensure_future(mailer.run())
    try:
        yield
    finally:
        mailing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await mailing
