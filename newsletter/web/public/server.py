"""The HTTP server under the public pages: uvicorn, with patience for slow clients but not for ever.

uvicorn waits without end for the head of a request, and for a client to take
its answer.  Here each step has its time, after which the connection is cut:
a few hundred of them left open would keep everybody else out.
Nothing about single requests is logged: their paths hold readers' tokens.
"""

from __future__ import annotations

import asyncio

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from newsletter.web.public.guard import REQUEST_TIME

HEAD_TIME = 10.0  # seconds for the head of a request, from its first byte or from the connection on
ANSWER_TIME = REQUEST_TIME + 5.0  # seconds until an answer is written; the guard has answered before
FLUSH_TIME = 10.0  # seconds for the client to take the end of an answer
IDLE_TIME = 15  # seconds between two requests of one connection; proxies keep some open
MAX_CONNECTIONS = 900  # beyond them 503 is answered; a process may often have 1,024 open files
MAX_HEAD = 16 * 1024  # bytes
SHUTDOWN_TIME = 10  # seconds that open requests have when the server is stopped


class PatientProtocol(H11Protocol):
    """One connection.  A timer runs whenever it is the client's turn."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._allow(HEAD_TIME)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is not whole by its time never will be."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            if not self.cycle.response_complete:
                self._allow(ANSWER_TIME)
        elif self._timer is None and self.conn.their_state is h11.IDLE:
            self._allow(HEAD_TIME)

    def on_response_complete(self) -> None:
        """Between two requests uvicorn's own timer runs."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._allow(FLUSH_TIME)
        else:
            self._stop()

    def timeout_keep_alive_handler(self) -> None:
        """Closing waits for the client to take what is written; not for ever."""
        super().timeout_keep_alive_handler()
        self._allow(FLUSH_TIME)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        self._stop()
        super().connection_lost(exc)

    def _allow(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def server_config(app: ASGIApp) -> uvicorn.Config:
    """How the pages are served.  Proxies are ``proxies.py``'s matter."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        backlog=2048,
        timeout_keep_alive=IDLE_TIME,
        timeout_graceful_shutdown=SHUTDOWN_TIME,
        h11_max_incomplete_event_size=MAX_HEAD,
    )
