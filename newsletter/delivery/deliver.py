"""The one orchestration of a run: claim, write, hand over, record; on protocols only.

Every open connection is one task.  Between them and the ledger stands the
Desk (``delivery/desk.py``).  A task claims at most one message at a time and
only when its connection stands, so that a run that is killed leaves at most
one message per open connection in doubt.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from newsletter.delivery.brake import Brake
from newsletter.delivery.desk import Claim, OnClaims, OnResult, Result
from newsletter.delivery.message import Mail
from newsletter.delivery.states import Outcome, State
from newsletter.errors import MailServerError
from newsletter.wording import said

RECONNECTS = 5  # attempts in a row before a run gives up on the server
FRUITLESS_ATTEMPTS = 4  # that ended before the body, until a delivery has to wait like a deferred one
IDLE = 10.0  # seconds without a message after which a session is asked whether it still stands
LOOK_AGAIN = 1.0  # seconds between two looks at a pause
BACKOFF = 0.5  # seconds before the first; doubles with each
# What is said of an unforeseen error: before the session has the message nothing can have been sent; from then on,
# nobody knows.
_NOTHING_SAID = Outcome(State.PENDING)
_NOBODY_KNOWS = Outcome(State.IN_DOUBT, "the program failed while this message was under way")


class Session(Protocol):
    """One connection to the mail server."""

    @property
    def open(self) -> bool:
        """Whether another message can go over it."""
        ...

    async def send(self, mail: Mail) -> Outcome:
        """Hand over one message.  MailServerError when no message could be: the sender is refused."""
        ...

    async def alive(self) -> bool:
        """Whether the server still answers, after a time without a message.  A session that is not is closed."""
        ...

    async def close(self) -> None:
        """End the dialogue; never raises."""
        ...


class Transport(Protocol):
    """Where sessions come from."""

    def pause(self) -> float:
        """Seconds to wait before the next connection, as the server asked for; 0 for none."""
        ...

    async def connect(self) -> Session:
        """Open a session.

        Raises MailServerError when another try would fail just the same
        (login, certificate), ConnectionError when it might not.
        """
        ...


class Counter(Protocol):
    """Where the tasks of a run get their claims and hand in results: the Desk, or a Branch of it elsewhere."""

    @property
    def stopped(self) -> asyncio.Event:
        """Set when no more claims are given out."""
        ...

    @property
    def ending(self) -> asyncio.Event:
        """Set while there is nothing to claim."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether no more claims are given out."""
        ...

    @property
    def lease_over(self) -> bool:
        """Whether nothing may be begun."""
        ...

    async def claim(self) -> Claim | None:
        """The next message to send, or None when there is none or the run is stopping."""
        ...

    def report(self, result: Result) -> None:
        """Hand in a result."""
        ...

    def stop(self) -> None:
        """Begin nothing more."""
        ...

    async def serve(self, workers: asyncio.Future[Any], prepare: OnClaims | None = None) -> None:
        """Do what the tasks need until they are done; see ``Desk.serve``."""
        ...


WriteMessage = Callable[[Claim], Awaitable[Mail]]


async def deliver(
    desk: Counter,
    transport: Transport,
    write_message: WriteMessage,
    connections: int,
    on_result: OnResult,
    brake: Brake,
    prepare: OnClaims | None = None,
) -> None:
    """Run until nothing is left to claim, or until ``desk.stop()``.

    ``prepare`` may be told of claims before ``write_message`` is called for each.

    Raises MailServerError when the server takes nothing from us; what was
    under way is recorded before.  Raises what ``desk.serve`` does.
    """
    crew = _Crew(desk, transport, write_message, on_result, brake)
    workers = asyncio.gather(*(crew.work() for _ in range(connections)), return_exceptions=True)
    await desk.serve(workers, prepare)
    failures = [outcome for outcome in await workers if isinstance(outcome, BaseException)]
    for failure in sorted(failures, key=lambda error: isinstance(error, MailServerError)):
        raise failure  # a fault of the program goes before one of the server


@dataclass(slots=True)
class _Crew:
    """What the tasks of a run share.  Each works with a connection of its own."""

    desk: Counter
    transport: Transport
    write_message: WriteMessage
    on_result: OnResult
    brake: Brake
    connected: int = 0

    async def work(self) -> None:
        session: Session | None = None
        fruitless = 0
        loop = asyncio.get_running_loop()
        try:
            while not self.desk.stopping:
                if session is None or not session.open:
                    old, session = session, None  # it is closed there, whatever becomes of the new one
                    session = await self._reconnect(old, self.desk.ending)
                    if session is None:
                        return
                asked_at = loop.time()
                claim = await self.desk.claim()
                if claim is None:
                    return
                if loop.time() - asked_at > IDLE and not await session.alive():
                    old, session = session, None
                    session = await self._renew(old, claim)
                    if session is None:
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

    async def _renew(self, old: Session, claim: Claim) -> Session | None:
        """A new session for a claim whose own was closed while it waited; None if there can be none.

        The claim is kept: given back, it would lose its moment under the
        limits, and the next one would find the next session closed again.
        """
        session = None
        try:
            session = await self._reconnect(old, self.desk.stopped)
        finally:
            if session is None:
                self.desk.report(Result(claim, Outcome(State.PENDING, "the connection was closed while idle")))
        return session

    async def _reconnect(self, old: Session | None, ending: asyncio.Event) -> Session | None:
        """A new session; None if there can be none for this task but others go on, or if the run is stopping."""
        if old is not None:
            self.connected -= 1
            await old.close()
        try:
            session = await _connect(self.transport, ending)
        except MailServerError as error:
            # Servers limit connections; a run goes on with those that it has.
            if self.connected and isinstance(error.__cause__, ConnectionError):
                return None
            raise
        if session is not None:
            self.connected += 1
        return session

    async def _attempt(self, session: Session, claim: Claim) -> Result:
        outcome = _NOTHING_SAID
        try:
            if claim.delay:
                await asyncio.sleep(claim.delay)
            mail = await self.write_message(claim)
            if self.desk.lease_over:  # the machine slept: somebody else may have settled this by now
                outcome = Outcome(State.PENDING, "this run was asleep")
                return Result(claim, outcome)
            outcome = _NOBODY_KNOWS
            outcome = await session.send(mail)
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


async def _connect(transport: Transport, ending: asyncio.Event) -> Session | None:
    """Like ``connect``; None if ``ending`` is set before there is a session."""
    for attempt in range(RECONNECTS):
        try:
            # In steps: a message accepted elsewhere shortens the pause.
            while pause := transport.pause():
                if await _wait(ending, min(pause, LOOK_AGAIN)):
                    return None
            return await transport.connect()
        except ConnectionError as error:
            if attempt == RECONNECTS - 1:
                hint = said("is the server up, and are smtp.host and smtp.port right? Then run the same command again")
                raise MailServerError(said("the mail server cannot be reached: %(why)s", why=error), hint) from error
        if await _wait(ending, BACKOFF * 2**attempt):
            return None
    raise AssertionError("unreachable")


async def _wait(stopped: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until the event is set; whether it was."""
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(stopped.wait(), seconds)
    return False
