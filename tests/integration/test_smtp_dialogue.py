"""Single sessions with a server that is real or scripted: what is said, when it is not, and what ends them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from newsletter.adapters.pace import Pace
from newsletter.adapters.smtp import SmtpServer
from newsletter.delivery.deliver import _connect, connect
from newsletter.delivery.message import Mail, Message
from newsletter.delivery.states import State
from tests.integration.conftest import Space
from tests.integration.servers import CUT, SILENT, Inbox, Script, real_server, scripted_server

ALL = ("PIPELINING", "SIZE 1000000", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES")


def server(inbox: Inbox, **more: Any) -> SmtpServer:
    """The way to the server of an inbox."""
    return SmtpServer(
        host="127.0.0.1",
        port=inbox.port,
        security="none",
        username="",
        password="",
        mail_from="bounces@example.org",
        timeout=5.0,
        **more,
    )


def mail(recipient: str = "ana@example.org", text: str = "Hello") -> Mail:
    return Mail(recipient, "b7Q2xyz", Message.of(f"To: {recipient}\r\nSubject: x\r\n\r\n{text}\r\n".encode()))


@pytest.mark.parametrize("pipelining", [True, False])
async def test_each_message_asks_for_reports_under_its_own_name(pipelining: bool) -> None:
    with scripted_server(Script(extensions=ALL if pipelining else ALL[1:])) as inbox:
        session = await server(inbox).connect()
        for number in range(2):
            sent = Mail(f"r{number}+x@example.org", f"name={number}", Message.of(b"Subject: x\r\n\r\nHello\r\n"))
            assert (await session.send(sent)).state is State.ACCEPTED
        await session.close()
    assert [command for command in inbox.commands if command.startswith(("MAIL", "RCPT"))] == [
        "MAIL FROM:<bounces@example.org> RET=HDRS ENVID=name+3D0 SIZE=21",
        "RCPT TO:<r0+x@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;r0+2Bx@example.org",
        "MAIL FROM:<bounces@example.org> RET=HDRS ENVID=name+3D1 SIZE=21",
        "RCPT TO:<r1+x@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;r1+2Bx@example.org",
    ]


async def test_a_real_server_takes_eight_bit_data_byte_for_byte() -> None:
    with real_server() as inbox:
        session = await server(inbox).connect()
        assert (await session.send(mail(text="¡Hola!"))).state is State.ACCEPTED
        await session.close()
    assert "¡Hola!".encode() in inbox.messages[0][2]


async def test_eight_bit_data_costs_one_recipient_where_the_server_takes_seven() -> None:
    with scripted_server(Script(extensions=("PIPELINING",))) as inbox:
        session = await server(inbox).connect()
        refused = await session.send(mail(text="¡Hola!"))
        assert (await session.send(mail("leo@example.org"))).state is State.ACCEPTED
        await session.close()
    assert refused.state is State.REJECTED
    assert "does not offer 8BITMIME" in refused.reply
    assert inbox.recipients() == ["leo@example.org"]
    assert [command[:4] for command in inbox.commands] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_a_server_that_knows_helo_only_hears_no_parameter() -> None:
    script = Script(ehlo="502 what?")
    with scripted_server(script) as inbox:
        session = await server(inbox).connect()
        assert (await session.send(mail())).state is State.ACCEPTED
        await session.close()
    assert "MAIL FROM:<bounces@example.org>" in inbox.commands


async def test_a_connection_is_used_up_after_its_messages() -> None:
    script = Script(lambda verb, to: "550 no" if verb == "RCPT" and to.startswith("gone") else None)
    with scripted_server(script) as inbox:
        session = await server(inbox, messages_per_connection=2).connect()
        assert (await session.send(mail("gone@example.org"))).state is State.REJECTED
        assert session.open, "one of two"
        assert (await session.send(mail())).state is State.ACCEPTED, "the last one goes out whole"
        assert not session.open
        await session.close()
    assert inbox.commands[-1] == "QUIT", "it is left politely"


async def test_what_was_never_said_uses_up_no_message() -> None:
    with scripted_server(Script(extensions=())) as inbox:
        session = await server(inbox, messages_per_connection=1).connect()
        assert (await session.send(mail(text="¡Hola!"))).state is State.REJECTED
        assert session.open
        await session.close()


def test_a_campaign_goes_on_over_new_connections(space: Space, people: Callable[[int], None]) -> None:
    people(10)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port, connections=1, messages_per_connection=3)
        space.run("send", "june", "-s", "everybody", "--yes")
        assert len(inbox.messages) == 10
        assert inbox.connections == 1 + 4, "one tries the server, four send"
        space.set("smtp", messages_per_connection=1)
        space.run("send", "june", "--to", "staff@example.org")
    assert inbox.recipients()[-2:] == ["staff@example.org"] * 2
    assert inbox.connections == 1 + 4 + 2


async def test_a_session_that_was_idle_is_alive_and_sends_on() -> None:
    with real_server() as inbox:
        session = await server(inbox).connect()
        for _ in range(2):
            assert await session.alive()
            assert (await session.send(mail())).state is State.ACCEPTED
        await session.close()
        assert not await session.alive()
    assert len(inbox.messages) == 2


@pytest.mark.parametrize("answer", ["421 4.4.2 idle for too long", "500 what?", "451 later", CUT, SILENT])
async def test_a_session_that_does_not_say_yes_is_not_alive_and_closed(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.adapters.smtp.ALIVE_TIMEOUT", 0.05)
    with scripted_server(Script(lambda verb, _to: answer if verb == "NOOP" else None)) as inbox:
        session = await server(inbox).connect()
        assert not await session.alive()
        assert not session.open
        assert (await session.send(mail())).state is State.PENDING, "nobody lost a message by asking"
        await session.close()


async def test_a_session_whose_messages_are_used_up_is_not_alive() -> None:
    with scripted_server(Script()) as inbox:
        session = await server(inbox, messages_per_connection=1).connect()
        await session.send(mail())
        assert not await session.alive()
        assert not session.open
    assert inbox.commands[-1] == "QUIT"
    assert "NOOP" not in inbox.commands


@pytest.mark.parametrize("extensions", [ALL, ()], ids=["pipelined", "stepwise"])
@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("MAIL", "421 slow down"),
        ("RCPT", "421 slow down"),
        ("DATA", "421 slow down"),
        ("BODY", "421 slow down"),
        ("BODY", "250 taken\r\n421 and now I close"),
        ("NOOP", "421 slow down"),
    ],
)
async def test_a_421_anywhere_in_the_dialogue_slows_the_host(
    verb: str, reply: str, extensions: tuple[str, ...]
) -> None:
    script = Script(lambda asked, _to: reply if asked == verb else None, extensions=extensions)
    with scripted_server(script) as inbox:
        way = server(inbox, pace=Pace(lambda: 100.0))
        session = await way.connect()
        assert not way.pace.left()
        if verb == "NOOP":
            assert not await session.alive()
        else:
            await session.send(mail())
            assert not session.open
        assert way.pace.left() == 1.0
        await session.close()


@pytest.mark.parametrize(
    "script", [Script(most_connections=0), Script(ehlo="421 not now")], ids=["greeting", "after EHLO"]
)
async def test_a_421_before_the_dialogue_slows_the_host_and_is_worth_another_try(script: Script) -> None:
    with scripted_server(script) as inbox:
        way = server(inbox, pace=Pace(lambda: 100.0))
        with pytest.raises(ConnectionError, match="421"):
            await way.connect()
        assert way.pace.left() == 1.0
    assert not [command for command in inbox.commands if not command.startswith("EHLO")], "nothing more is said"


async def test_another_no_does_not_slow_the_host() -> None:
    script = Script(lambda verb, _to: "451 greylisted" if verb == "RCPT" else None)
    with scripted_server(script) as inbox:
        way = server(inbox, pace=Pace(lambda: 100.0))
        session = await way.connect()
        await session.send(mail())
        await session.close()
        assert not way.pace.left()


async def test_every_connection_waits_until_the_pause_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.adapters.pace.FIRST_PAUSE", 0.2)
    with scripted_server(Script()) as inbox:
        way = server(inbox)
        way.pace.refused()
        started = time.monotonic()
        sessions = await asyncio.gather(connect(way), connect(way))
        assert time.monotonic() - started >= 0.19
        for session in sessions:
            await session.close()


async def test_waiting_ends_when_nothing_is_left_to_claim() -> None:
    ending = asyncio.Event()
    with scripted_server(Script()) as inbox:
        way = server(inbox, pace=Pace(lambda: 100.0))
        way.pace.refused()
        asyncio.get_running_loop().call_later(0.05, ending.set)
        assert await asyncio.wait_for(_connect(way, ending), 5) is None
    assert inbox.connections == 0


async def test_an_accepted_message_shortens_the_waiting_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.adapters.pace.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("newsletter.delivery.deliver.LOOK_AGAIN", 0.01)
    now = 100.0
    with scripted_server(Script()) as inbox:
        way = server(inbox, pace=Pace(lambda: now))
        alive = await way.connect()
        for _ in range(20):
            way.pace.refused()
            now += way.pace.left()
        way.pace.refused()
        assert way.pace.left() == 60.0
        waiting = asyncio.ensure_future(connect(way))
        assert (await alive.send(mail())).state is State.ACCEPTED
        now += 0.02
        for session in (alive, await asyncio.wait_for(waiting, 5)):
            await session.close()
