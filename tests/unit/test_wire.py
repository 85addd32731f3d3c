"""The SMTP dialogue on a transport of its own: pairing replies, however they are cut into packets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import aiosmtplib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.adapters.wire import MAX_REPLY, Outbox, Reply, Wire, WireLostError, take_over


class Pipe(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, *, in_tls: bool = False) -> None:
        super().__init__({"ssl_object": object()} if in_tls else {})
        self.writes: list[bytes] = []
        self.closed = False

    @property
    def written(self) -> bytes:
        return b"".join(self.writes)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.writes += [bytes(data) for data in list_of_data]

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def spoken() -> None:
    """Wait until what was asked in this turn of the loop is written."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def answered(said: list[bytes], replies: int) -> list[Reply]:
    """Ask for some replies and let the server say these packets."""
    wire = Wire(Pipe(), Outbox())
    asking = asyncio.ensure_future(wire.ask(b"MAIL\r\n", replies, 1))
    await spoken()
    for packet in said:
        wire.data_received(packet)
    return await asking


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 30), max_size=20))
def test_replies_are_paired_in_order_however_they_are_cut(cuts: list[int]) -> None:
    said = b"250-first\r\n250 of two lines\r\n354 go on\n550 5.1.1 nobody\r\n"
    packets = []
    for cut in cuts:
        packets.append(said[:cut])
        said = said[cut:]
    found = asyncio.run(answered([*filter(None, packets), said], 3))
    assert found == [Reply(250, "first of two lines"), Reply(354, "go on"), Reply(550, "5.1.1 nobody")]


@pytest.mark.parametrize(
    "noise", [b"HTTP/1.1 400 Bad\r\n", b"25\r\n", b"2500 x\r\n", b"\r\n", b"\xff\xfe\x00\n", b"250x\n"]
)
async def test_what_is_no_smtp_ends_the_connection(noise: bytes) -> None:
    with pytest.raises(ConnectionError, match="no SMTP"):
        await answered([noise], 1)


@pytest.mark.parametrize("reply", [b"250-" + b"x" * (MAX_REPLY + 1), b"250-\r\n" * (MAX_REPLY + 1)])
async def test_a_reply_without_an_end_ends_the_connection(reply: bytes) -> None:
    with pytest.raises(ConnectionError, match="without an end"):
        await answered([reply], 1)


async def test_an_unasked_reply_ends_the_connection_and_is_kept_as_the_reason() -> None:
    pipe = Pipe()
    wire = Wire(pipe, Outbox())
    wire.data_received(b"421 too long idle\r\n")
    assert pipe.closed
    assert not wire.open
    with pytest.raises(ConnectionError, match="421 too long idle"):
        await wire.ask(b"MAIL\r\n", 1, 1)


@pytest.mark.parametrize("asked", [True, False])
async def test_a_server_that_says_it_closes_is_told_on_asked_or_not(asked: bool) -> None:
    heard: list[str] = []
    wire = Wire(Pipe(), Outbox(), lambda: heard.append("closing"))
    if asked:
        asking = asyncio.ensure_future(wire.ask(b"MAIL\r\n", 1, 1))
        await spoken()
        wire.data_received(b"421 slow down\r\n")
        assert await asking == [Reply(421, "slow down")]
    else:
        wire.data_received(b"421 too long idle\r\n")
    assert heard == ["closing"]


async def test_silence_ends_the_connection_after_its_time() -> None:
    pipe = Pipe()
    with pytest.raises(ConnectionError, match=r"no answer within 0\.01 seconds"):
        await Wire(pipe, Outbox()).ask(b"MAIL\r\n", 1, 0.01)
    assert pipe.closed


async def test_a_lost_connection_reaches_everybody_who_waits() -> None:
    wire = Wire(Pipe(), Outbox())
    asking = asyncio.ensure_future(wire.ask(b"x", 2, 1))
    await spoken()
    wire.data_received(b"250 ok\r\n")
    wire.connection_lost(None)
    with pytest.raises(ConnectionError, match="the server closed the connection"):
        await asking


async def test_wires_of_one_outbox_speak_at_the_end_of_the_turn_one_after_the_other() -> None:
    pipes, outbox = [Pipe(), Pipe()], Outbox()
    asking = [asyncio.ensure_future(Wire(pipe, outbox).ask((b"Hello ", b"you\r\n"), 1, 1)) for pipe in pipes]
    asyncio.get_running_loop().call_soon(lambda: seen.extend(pipe.written for pipe in pipes))
    seen: list[bytes] = []
    await asyncio.sleep(0)
    assert [seen, *(pipe.written for pipe in pipes)] == [[b"", b""], b"", b""]
    await asyncio.sleep(0)
    assert [pipe.written for pipe in pipes] == [b"Hello you\r\n"] * 2
    for question in asking:
        question.cancel()


async def test_a_wire_that_cannot_speak_keeps_no_other_from_speaking() -> None:
    class Broken(Pipe):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            raise RuntimeError("unable to write")

    broken, sound, outbox = Broken(), Pipe(), Outbox()
    in_vain = asyncio.ensure_future(Wire(broken, outbox).ask(b"the body", 1, 60))
    wire = Wire(sound, outbox)
    asking = asyncio.ensure_future(wire.ask(b"MAIL\r\n", 1, 60))
    with pytest.raises(WireLostError, match="unable to write") as lost:
        await asyncio.wait_for(in_vain, 1)
    assert lost.value.asked, "some of it may be out"
    assert broken.closed
    assert sound.written == b"MAIL\r\n"
    wire.data_received(b"250 ok\r\n")
    assert [reply.code for reply in await asking] == [250]


async def test_in_tls_a_question_in_pieces_is_one_write() -> None:
    pipe = Pipe(in_tls=True)
    asking = asyncio.ensure_future(Wire(pipe, Outbox()).ask((b"Hello ", b"you\r\n"), 1, 1))
    await spoken()
    assert pipe.writes == [b"Hello you\r\n"]
    asking.cancel()


@pytest.mark.parametrize("last_words", [b"", b"421 going down\r\n"])
async def test_a_question_that_did_not_go_out_is_known_to_be_unasked(last_words: bytes) -> None:
    pipe, outbox = Pipe(), Outbox()
    wire = Wire(pipe, outbox)
    asking = asyncio.ensure_future(wire.ask(b"the body", 1, 1))

    def end() -> None:
        wire.data_received(last_words)
        wire.connection_lost(None)

    asyncio.get_running_loop().call_soon(end)
    with pytest.raises(WireLostError) as lost:
        await asking
    assert not lost.value.asked
    assert pipe.written == b""


async def test_the_library_still_lets_its_connection_be_taken_over() -> None:
    """The contract with aiosmtplib: an asyncio transport in ``transport``, extensions by name after EHLO."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            writer.write(b"250-x\r\n250-PIPELINING\r\n250 SIZE 1000\r\n" if line.startswith(b"EHLO") else b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.sockets[0].getsockname()[1], start_tls=False)
    await client.connect()
    await client.ehlo()
    assert client.supports_extension("pipelining")
    assert client.esmtp_extensions["size"] == "1000"
    wire = take_over(client, Outbox())
    assert await wire.ask(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n", 2, 5) == [Reply(250, "ok")] * 2
    wire.close()
    await asyncio.sleep(0.05)
    server.close()
    await server.wait_closed()
