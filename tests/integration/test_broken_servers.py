"""Mail servers that vanish, break off at any point of the dialogue, or talk nonsense: what each costs whom."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter

import pytest

from newsletter.adapters.smtp import SmtpServer
from newsletter.delivery.message import Mail, Message
from newsletter.delivery.states import State
from newsletter.errors import MailServerError
from tests.integration.conftest import People, Space
from tests.integration.faults import CUT, SEEDS, SEND, MailServer, meanwhile, reckon
from tests.integration.records import deliveries
from tests.integration.waiting import wait_until

CONNECTIONS = 20


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.01)
    monkeypatch.setattr("newsletter.adapters.smtp.GOODBYE_TIMEOUT", 0.2)


# Where the connection is cut, after which words, and what becomes of the message: its state, and after how many tries.
CUTS: list[tuple[str, bytes, str, int]] = [
    ("MAIL", CUT, "accepted", 2),
    ("MAIL", b"25" + CUT, "accepted", 2),
    ("RCPT", CUT, "accepted", 2),
    ("RCPT", b"250-ok\r\n" + CUT, "accepted", 2),
    ("DATA", CUT, "accepted", 2),
    ("DATA", b"354 g" + CUT, "accepted", 2),
    ("BODY", CUT, "in_doubt", 1),
    ("DOT", CUT, "in_doubt", 1),
    ("DOT", b"250 tak" + CUT, "in_doubt", 1),
    ("DOT", b"250-taken\r\n" + CUT, "in_doubt", 1),
    ("DOT", b"250 taken\r\n" + CUT, "accepted", 1),
    ("DOT", b"451 later\r\n" + CUT, "deferred", 1),
    ("DOT", b"550 no\r\n" + CUT, "rejected", 1),
    ("RSET", CUT, "rejected", 1),
    ("RSET", b"25" + CUT, "rejected", 1),
]
BEFORE_ALL = [("GREETING", CUT), ("GREETING", b"220 hel" + CUT), ("EHLO", CUT), ("EHLO", b"250-hello\r\n" + CUT)]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "stepwise"])
def test_a_connection_cut_at_any_point_has_its_outcome(
    space: Space, people: People, database_url: str, pipelining: bool
) -> None:
    """Each cut befalls a reader of its own; between them are readers to whom nothing happens."""
    victims = {f"reader{2 * place}@example.org": cut for place, cut in enumerate(CUTS)}
    ahead = list(BEFORE_ALL)
    mails = 0
    done: set[tuple[str, str]] = set()

    def answer(stage: str, recipient: str) -> bytes | None:
        nonlocal mails
        if stage in ("GREETING", "EHLO"):
            if server.inbox.connections > 1 and ahead and ahead[0][0] == stage:  # the first one tries the server
                return ahead.pop(0)[1]
            return None
        if stage == "MAIL":  # in the order of the readers
            mails += 1
            recipient = f"reader{mails - 1}@example.org"
        where, words, *_ = victims.get(recipient, ("", b""))
        if where == "RSET" and stage == "RCPT":
            return b"550 no\r\n"
        if stage != where or (stage, recipient) in done:
            return None
        done.add((stage, recipient))
        return words

    with MailServer(answer, pipelining=pipelining) as server:
        space.replace("database", database_url)
        people(2 * len(CUTS))
        space.set("smtp", port=server.port, connections=1)
        for _ in range(2):  # the second time nothing more is sent
            space.run(*SEND, code=3)
            reckon(space, server.inbox, 2 * len(CUTS))
            ledger = deliveries(space)
            assert {email: (ledger[email].state, ledger[email].attempts) for email in victims} == {
                email: (state, attempts) for email, (_stage, _words, state, attempts) in victims.items()
            }
    assert not ahead
    assert all(row.state == "accepted" for email, row in ledger.items() if email not in victims)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mail_server_that_is_killed_and_comes_back_costs_nobody_their_copy(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.1)  # five tries make 1.5 seconds
    dice = random.Random(seed)
    people(800)
    space.set("limits", pause_at_failures=1.0)

    def kill() -> None:
        for kills in range(1, 4):
            wait_until(lambda: len(server.inbox.messages) > 150 * kills)  # noqa: B023 - used at once
            time.sleep(dice.uniform(0, 0.03))
            server.kill()
            time.sleep(dice.uniform(0, 0.05))
            server.start()

    with MailServer(delay=0.01) as server:
        space.set("smtp", port=server.port, connections=CONNECTIONS)
        with meanwhile(kill), contextlib.suppress(AssertionError):  # 3 if somebody is in doubt, and else 0
            space.run(*SEND, code=3)
        states = reckon(space, server.inbox, 800)
    assert set(states) <= {"accepted", "in_doubt"}
    assert states["in_doubt"] <= 3 * CONNECTIONS, "at most one message per open connection"


def test_a_mail_server_that_stays_away_ends_the_run_in_words_and_the_next_goes_on(space: Space, people: People) -> None:
    people(300)
    space.set("limits", pause_at_failures=1.0)

    def kill() -> None:
        wait_until(lambda: len(server.inbox.messages) > 60)
        server.kill()

    with MailServer(delay=0.01) as server:
        space.set("smtp", port=server.port, connections=CONNECTIONS)
        with meanwhile(kill):
            done = space.run(*SEND, code=2)
        assert "the mail server cannot be reached" in done.stderr
        assert "run the same command again" in done.stderr
        held = reckon(space, server.inbox, 300)["in_doubt"]
        assert held <= CONNECTIONS
        server.start()
        space.run(*SEND, code=3 if held else 0)
        assert reckon(space, server.inbox, 300)["accepted"] == 300 - held


def way_to(server: MailServer) -> SmtpServer:
    """The way to it, with little patience."""
    return SmtpServer("127.0.0.1", server.port, "none", "", "", "bounces@example.org", timeout=1.5)


MAIL = Mail("ana@example.org", "x", Message.of(b"Subject: x\r\n\r\nHello\r\n"))
ENDLESS = b"250-" + b"x" * 200_000
# What is said where, and what the message is then.
NONSENSE: list[tuple[str, bytes, State]] = [
    ("RCPT", ENDLESS, State.PENDING),
    ("RCPT", b"250-x\r\n" * 20_000, State.PENDING),
    ("RCPT", b"\xff\xfe\r\n", State.PENDING),
    ("DATA", b"2500 x\r\n", State.PENDING),
    ("DATA", b"250 what?\r\n", State.PENDING),
    ("RCPT", b"250 ok\r\n250 again\r\n", State.PENDING),
    ("DATA", b"354 go on\r\n250 taken\r\n", State.PENDING),
    ("DATA", b"HTTP/1.1 400 Bad Request\r\n", State.PENDING),
    ("RCPT", b"550 5.1.1 \xff\x00\x1b[2Jno\r\n", State.REJECTED),
    ("DOT", ENDLESS, State.IN_DOUBT),
    ("DOT", b"\xff\xfe\r\n", State.IN_DOUBT),
    ("DOT", b"\r\n", State.IN_DOUBT),
    ("DOT", b"250 \xff\x00 taken\r\n", State.ACCEPTED),
    ("DOT", b"250 taken\r\n250 taken\r\n", State.ACCEPTED),
    ("BODY", b"550 too long already\r\n", State.REJECTED),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "stepwise"])
@pytest.mark.parametrize(("stage", "words", "state"), NONSENSE, ids=lambda value: str(value)[:24])
async def test_nonsense_has_its_outcome_and_does_not_reach_the_next_message(
    stage: str, words: bytes, state: State, pipelining: bool
) -> None:
    said: list[str] = []

    def answer(asked: str, _recipient: str) -> bytes | None:
        if asked != stage or said:
            return None
        said.append(asked)
        return words

    with MailServer(answer, pipelining=pipelining) as server:
        way = way_to(server)
        session = await way.connect()
        outcome = await session.send(MAIL)
        assert outcome.state is state, outcome
        assert outcome.reply.isprintable(), "staff read it in a terminal, and PostgreSQL stores no NUL"
        if not session.open:
            session = await way.connect()
        again = await session.send(Mail("leo@example.org", "y", MAIL.message))
        await session.close()
    if again.state is State.ACCEPTED:
        assert server.inbox.recipients()[-1] == "leo@example.org"
    else:
        assert again.state is State.PENDING, "what was unclear costs a try, and no more"


@pytest.mark.parametrize(
    ("stage", "state"), [("MAIL", State.PENDING), ("DATA", State.PENDING), ("DOT", State.IN_DOUBT)]
)
async def test_a_reply_that_comes_byte_by_byte_is_not_waited_for_longer_than_any_other(
    stage: str, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.adapters.smtp.DATA_TIMEOUT", 0.3)
    with MailServer(lambda asked, _to: b"250 ok, by and by\r\n" if asked == stage else None, pause=0.1) as server:
        session = await way_to(server).connect()
        began = time.monotonic()
        outcome = await session.send(MAIL)
        assert outcome.state is state
        assert time.monotonic() - began < 2
        await session.close()


GREETINGS = [
    b"220 " + b"x" * 100_000 + b"\r\n",
    b"220-x\r\n" * 20_000,
    b"\xff\xfe\r\n",
    b"\r\n",
    b"554 \xff\x00\x1b[2J no\r\n",
    b"HTTP/1.1 400 Bad Request\r\n",
    b"",
]
EHLOS = [
    "250-x\r\n250 SIZE ²\r\n".encode(),
    b"250-x\r\n250 SIZE " + b"9" * 5000 + b"\r\n",
    b"250-x\r\n250-SIZE -1\r\n250-AUTH\r\n250 AUTH=\xff\r\n",
    b"250-\r\n250-\r\n250 \r\n",
    b"250\r\n",
    b"599 \xff\r\n",
    b"250-" + b"x" * 100_000 + b"\r\n",
]


@pytest.mark.parametrize(
    ("stage", "words"),
    [*(("GREETING", words) for words in GREETINGS), *(("EHLO", words) for words in EHLOS)],
    ids=lambda value: str(value)[:24],
)
async def test_a_session_that_begins_with_nonsense_is_one_or_is_refused_in_words(stage: str, words: bytes) -> None:
    with (
        MailServer(lambda asked, _to: words if asked == stage else None) as server,
        contextlib.suppress(ConnectionError, MailServerError),
    ):
        session = await way_to(server).connect()
        assert (await session.send(MAIL)).state in (State.ACCEPTED, State.PENDING)
        await session.close()


@pytest.mark.parametrize("words", [b"554 5.7.1 \xff\xfe\x1b[2J\x00 no\r\n", b"250 \xff\x00 no\r\n" + CUT])
def test_what_cannot_be_printed_is_told_nevertheless(
    space: Space, people: People, database_url: str, words: bytes
) -> None:
    space.replace("database", database_url)
    people(30)
    with MailServer(lambda asked, _to: words if asked == "RCPT" else None) as server:
        space.set("smtp", port=server.port, connections=2)
        done = space.run(*SEND, code=2)
    assert done.stderr.encode(), "no half of a character"
    assert "\x1b[2J" not in done.stderr
    assert "\x00" not in done.stderr
    assert set(Counter(row.state for row in deliveries(space).values())) <= {"pending", "deferred"}


def test_a_greeting_that_cannot_be_printed_is_told_nevertheless(space: Space, people: People) -> None:
    people(2)
    with MailServer(lambda asked, _to: b"554 \xff\x1b[2J no\r\n" if asked == "GREETING" else None) as server:
        space.set("smtp", port=server.port)
        done = space.run("send", "june", "--to", "ana@example.org", code=2)
    assert "554" in done.stderr
    assert done.stderr.encode(), "no half of a character"
    assert "\x1b[2J" not in done.stderr
