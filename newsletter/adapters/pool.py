"""Sessions that are kept between two runs of one process, since opening one takes several round trips and a login.

A worker delivers a campaign in chunks, and each chunk is a run of its own.
Behind the same protocol as a mail server, the pool hands out what the last run
gave back; what nobody wants for a while is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from newsletter.adapters.pace import loop_time
from newsletter.delivery.deliver import IDLE, Session, Transport
from newsletter.delivery.message import Mail
from newsletter.delivery.states import Outcome

KEEP = 30.0  # seconds that an idle session is kept; servers commonly close after some minutes


@dataclass(slots=True)
class SessionPool:
    """A mail server whose sessions outlive a run.  Call ``sweep`` now and then, and ``close`` at the end."""

    server: Transport
    clock: Callable[[], float] = loop_time
    lent: int = 0  # sessions that a run has
    _idle: list[tuple[Session, float]] = field(default_factory=list)  # with the time since when, the oldest first
    _closed: bool = False

    @property
    def open(self) -> int:
        """How many connections there are, at work or idle."""
        return self.lent + len(self._idle)

    def pause(self) -> float:
        """Seconds to wait before the next new connection, as the server asked for; 0 while there are idle ones."""
        return 0.0 if self._idle else self.server.pause()

    async def connect(self) -> Session:
        """A session that stands: one that was given back, or a new one.  Raises what the server raises."""
        while self._idle:
            session, since = self._idle.pop()  # the one that was used last, so that the others can grow old
            fresh = self.clock() - since <= IDLE
            if session.open if fresh else await session.alive():
                return self._lend(session)
            await session.close()
        return self._lend(await self.server.connect())

    async def sweep(self, longest: float = KEEP) -> None:
        """Close what has been idle for longer than so many seconds."""
        now = self.clock()
        old = [session for session, since in self._idle if now - since >= longest]
        self._idle = [(session, since) for session, since in self._idle if now - since < longest]
        await asyncio.gather(*(session.close() for session in old))

    async def close(self) -> None:
        """Close what is idle, and from now on also what is given back."""
        self._closed = True
        await self.sweep(0)

    def _lend(self, session: Session) -> Session:
        self.lent += 1
        return _Lent(self, session)

    async def give_back(self, session: Session, *, fit: bool) -> None:
        """Take a session back; one that is not ``fit`` for another message is closed."""
        self.lent -= 1
        if fit and not self._closed:
            self._idle.append((session, self.clock()))
        else:
            await session.close()


@dataclass(slots=True)
class _Lent:
    """A session in the hands of a run; to close it is to give it back."""

    pool: SessionPool
    session: Session
    _within: bool = False  # a message was begun and its outcome is not known: no other may follow
    _gone: bool = False

    @property
    def open(self) -> bool:
        return self.session.open

    async def send(self, mail: Mail) -> Outcome:
        self._within = True
        outcome = await self.session.send(mail)
        self._within = False
        return outcome

    async def alive(self) -> bool:
        return await self.session.alive()

    async def close(self) -> None:
        if not self._gone:
            self._gone = True
            await self.pool.give_back(self.session, fit=self.session.open and not self._within)
