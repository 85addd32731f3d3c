"""The one orchestration of a run: claim, write, hand over, record; on protocols only.

Every open connection is one task.  Between them and the ledger stands the
Desk, which gathers what happened while its last transaction was being
committed into the next one (group commit).  A task claims at most one message
at a time and only when its connection stands, so that a run that is killed
leaves at most one message per open connection in doubt.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from newsletter.audience.subscribers import Addressee
from newsletter.delivery.states import Outcome, State
from newsletter.errors import MailServerError

RECONNECTS = 5  # attempts in a row before a run gives up on the server
FRUITLESS_ATTEMPTS = 4  # that ended before the body, until a delivery has to wait like a deferred one
BACKOFF = 0.5  # seconds before the first; doubles with each


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery that this run may send, and nobody else; ``attempt`` counts from 1."""

    addressee: Addressee
    edition_id: int
    attempt: int
    first_attempt: dt.datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claim."""

    claim: Claim
    outcome: Outcome


class Ledger(Protocol):
    """Remembers deliveries; see ``store/ledger.py``."""

    async def exchange(self, results: Sequence[Result], want: int) -> list[Claim]:
        """Commit the results and claim up to ``want`` rows, in one transaction."""
        ...


class Session(Protocol):
    """One connection to the mail server."""

    @property
    def open(self) -> bool:
        """Whether another message can go over it."""
        ...

    async def send(self, recipient: str, message: bytes) -> Outcome:
        """Hand over one message.  MailServerError when no message could be: the sender is refused."""
        ...

    async def close(self) -> None:
        """End the dialogue; never raises."""
        ...


class Transport(Protocol):
    """Where sessions come from."""

    async def connect(self) -> Session:
        """Open a session.

        Raises MailServerError when another try would fail just the same
        (login, certificate), ConnectionError when it might not.
        """
        ...


WriteMessage = Callable[[Claim], bytes]
OnResult = Callable[[Result], None]


@dataclass(slots=True)
class Desk:
    """Gathers results and wishes for claims, and exchanges them with the ledger in one go."""

    ledger: Ledger
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _results: list[Result] = field(default_factory=list)
    _waiting: list[asyncio.Future[Claim | None]] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def stopping(self) -> bool:
        """Whether no more claims are given out."""
        return self.stopped.is_set()

    def report(self, result: Result) -> None:
        """Hand in a result; it is committed with the next exchange."""
        self._results.append(result)
        self._wake.set()

    async def claim(self) -> Claim | None:
        """The next message to send, or None when there is none or the run is stopping."""
        if self.stopping:
            return None
        future: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._wake.set()
        return await future

    def stop(self) -> None:
        """Give out no more claims; what is under way is still recorded."""
        self.stopped.set()
        # Nobody may wait for an exchange that does not come, as after a failed one.
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            future.set_result(None)
        self._wake.set()

    async def serve(self, workers: asyncio.Future[list[BaseException | None]]) -> None:
        """Exchange until every worker is done and every result is committed."""
        workers.add_done_callback(lambda _done: self._wake.set())
        while not (workers.done() and not self._results):
            await self._wake.wait()
            self._wake.clear()
            if self._waiting or self._results:
                await self._exchange()

    async def _exchange(self) -> None:
        waiting, self._waiting = self._waiting, []
        results, self._results = self._results, []
        claims: list[Claim] = []
        try:
            claims = await self.ledger.exchange(results, 0 if self.stopping else len(waiting))
        except BaseException:
            self.stop()
            self._results = [*results, *self._results]
            raise
        finally:
            for future, claim in zip(waiting, [*claims, *[None] * (len(waiting) - len(claims))], strict=True):
                future.set_result(claim)


async def deliver(
    desk: Desk, transport: Transport, write_message: WriteMessage, connections: int, on_result: OnResult
) -> None:
    """Run until nothing is left to claim, or until ``desk.stop()``.

    Raises MailServerError when the server takes nothing from us; what was
    under way is recorded before.  If the ledger fails, what is under way ends,
    its recording is tried once more, and the ledger's error is raised.
    """
    crew = _Crew(desk, transport, write_message, on_result, Brake(connections))
    workers = asyncio.gather(*(crew.work() for _ in range(connections)), return_exceptions=True)
    try:
        await desk.serve(workers)
    except BaseException:
        await workers
        await desk.serve(workers)
        raise
    failures = [outcome for outcome in await workers if isinstance(outcome, BaseException)]
    for failure in sorted(failures, key=lambda error: isinstance(error, MailServerError)):
        raise failure  # a fault of the program goes before one of the server


class Brake:
    """Ends a run that only does harm: so many failures of one kind in a row, without a single acceptance.

    Without it a relay that has closed for us would cost the whole list: each
    address rejected, or each message in doubt, one after the other.
    """

    def __init__(self, connections: int) -> None:
        self._limits = {"ours": 3, State.IN_DOUBT: 2 * connections, State.REJECTED: 20, State.PENDING: 5 * connections}
        self._in_a_row: dict[str, int] = {}

    def check(self, outcome: Outcome) -> None:
        """Count one outcome.  Raises MailServerError at the limit."""
        if outcome.state is State.ACCEPTED:
            self._in_a_row.clear()
            return
        kind = "ours" if outcome.ours else outcome.state
        self._in_a_row[kind] = number = self._in_a_row.get(kind, 0) + 1
        if number >= self._limits.get(kind, number + 1):
            hint = "ask whoever runs the mail server; then the same command goes on where it stopped"
            raise MailServerError(f"stopped: {number} in a row {_WORDS[kind]}. The last answer: {outcome.reply}", hint)


_WORDS = {
    "ours": "were refused because of us, not of the recipients",
    State.IN_DOUBT: "broke off after the message was handed over, so that they are in doubt",
    State.REJECTED: "were rejected, and none was accepted",
    State.PENDING: "broke off before the message could be handed over",
}


@dataclass(slots=True)
class _Crew:
    """What the tasks of a run share.  Each works with a connection of its own."""

    desk: Desk
    transport: Transport
    write_message: WriteMessage
    on_result: OnResult
    brake: Brake
    connected: int = 0

    async def work(self) -> None:
        session: Session | None = None
        fruitless = 0
        try:
            while not self.desk.stopping:
                if session is None or not session.open:
                    old, session = session, None  # it is closed there, whatever becomes of the new one
                    session = await self._reconnect(old)
                    if session is None:
                        return
                claim = await self.desk.claim()
                if claim is None:
                    return
                outcome = (await self._attempt(session, claim)).outcome
                self.brake.check(outcome)
                fruitless = fruitless + 1 if outcome.state is State.PENDING else 0
                if fruitless:
                    await _wait(self.desk.stopped, BACKOFF * 2 ** min(fruitless, RECONNECTS))
        except BaseException:
            self.desk.stop()
            raise
        finally:
            if session is not None:
                self.connected -= 1
                await session.close()

    async def _reconnect(self, old: Session | None) -> Session | None:
        """A new session; None if there can be none for this task but others go on, or if the run is stopping."""
        if old is not None:
            self.connected -= 1
            await old.close()
        try:
            session = await _connect(self.transport, self.desk.stopped)
        except MailServerError as error:
            # Servers limit connections; a run goes on with those that it has.
            if self.connected and isinstance(error.__cause__, ConnectionError):
                return None
            raise
        if session is not None:
            self.connected += 1
        return session

    async def _attempt(self, session: Session, claim: Claim) -> Result:
        # What is said of an unforeseen error: before the session has the message nothing
        # can have been sent; from then on, nobody knows.
        outcome = Outcome(State.PENDING)
        try:
            message = self.write_message(claim)
            outcome = Outcome(State.IN_DOUBT, "the program failed while this message was under way")
            outcome = await session.send(claim.addressee.email, message)
            if outcome.state is State.PENDING and claim.attempt >= FRUITLESS_ATTEMPTS:
                # Somebody at whose address the server always hangs up must not hold up all others.
                outcome = Outcome(State.DEFERRED, outcome.reply)
        except MailServerError as error:
            outcome = Outcome(State.PENDING, error.message)
            raise
        finally:
            result = Result(claim, outcome)
            self.desk.report(result)
            self.on_result(result)
        return result


async def connect(transport: Transport) -> Session:
    """Open a session, trying again where that may help.  Raises MailServerError."""
    session = await _connect(transport, asyncio.Event())
    assert session is not None
    return session


async def _connect(transport: Transport, stopped: asyncio.Event) -> Session | None:
    """Like ``connect``; None if ``stopped`` while waiting for the next try."""
    for attempt in range(RECONNECTS):
        try:
            return await transport.connect()
        except ConnectionError as error:
            if attempt == RECONNECTS - 1:
                hint = "is the server up, and are smtp.host and smtp.port right? Then run the same command again"
                raise MailServerError(f"the mail server cannot be reached: {error}", hint) from error
        if await _wait(stopped, BACKOFF * 2**attempt):
            return None
    raise AssertionError("unreachable")


async def _wait(stopped: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until the run is stopped; whether it was."""
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(stopped.wait(), seconds)
    return False
