"""What a monitoring system may know of a worker: numbers by campaign, state and outcome, and never whom.

Served in the format of Prometheus by a thread of its own, so that a scrape
waits for nothing and the worker for no scrape.  What the ledger says is read
at the worker's own pace, since counting a large campaign takes a while.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)

from newsletter.adapters.pool import SessionPool
from newsletter.cli.report import number_of
from newsletter.cli.wiring import Stores
from newsletter.cli.working import Meter
from newsletter.delivery.desk import Grant, OnClaims, Result
from newsletter.delivery.states import TRANSITIONS, State
from newsletter.errors import UsageError
from newsletter.store.ledger import CampaignLedger

LOOPBACK = "127.0.0.1"
PACE = 15.0  # seconds between two readings of the ledger
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  # seconds


class Metrics(Meter):
    """Counts, and serves the counts."""

    def __init__(self, pool: SessionPool) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when each number began is of no use here
        registry = CollectorRegistry()
        self._registry = registry
        self._messages = Counter(
            "newsletter_messages", "Attempts that have an outcome, by outcome.", ["outcome"], registry=registry
        )
        self._deliveries = Gauge(
            "newsletter_deliveries", "Recipients, by campaign and state.", ["campaign", "state"], registry=registry
        )
        self._exchanges = Histogram(
            "newsletter_exchange_seconds", "Time of one transaction of the ledger.", registry=registry, buckets=BUCKETS
        )
        self._alive = Gauge(
            "newsletter_last_sign_of_life_seconds", "When the worker last looked around.", registry=registry
        )
        connections = Gauge(
            "newsletter_open_connections", "Connections to the mail server, idle ones too.", registry=registry
        )
        connections.set_function(lambda: pool.open)
        self._read_at = float("-inf")
        self._final: set[int] = set()  # campaigns that are closed, and whose last numbers were read
        for state in State:
            if state in TRANSITIONS[State.SENDING]:
                self._messages.labels(state.value)

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes from now on.  UsageError if nobody can listen there."""
        try:
            start_http_server(port, host, self._registry)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            hint = "name another port: --metrics 9465"
            raise UsageError(f"the metrics cannot be served at {host}:{port}: {reason}", hint) from None

    def result(self, result: Result) -> None:
        self._messages.labels(result.outcome.state.value).inc()

    def alive(self) -> None:
        self._alive.set_to_current_time()

    def ledger_type(self) -> type[CampaignLedger]:
        """The ledger with a watch in its hand."""
        seconds = self._exchanges

        class Timed(CampaignLedger):
            async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
                with seconds.time():
                    return await super().exchange(results, want, prepare)

        return Timed

    async def ledger(self, stores: Stores, seen: Collection[int], open_campaigns: Collection[int]) -> None:
        if time.monotonic() - self._read_at < PACE:
            return
        for number in [number for number in seen if number in open_campaigns or number not in self._final]:
            counts = await stores.campaigns.counts(number)
            for state in State:
                self._deliveries.labels(str(number), state.value).set(number_of(counts, state))
        self._final = set(seen).difference(open_campaigns)
        self._read_at = time.monotonic()


def parse_place(text: str) -> tuple[str, int]:
    """ "9464", "0.0.0.0:9464" or "[::1]:9464" as host and port; without a host, this machine only."""
    host, _colon, port = text.strip().rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) <= 65535:  # noqa: PLR2004 - the highest port
        raise UsageError(f"'{text}' is no place for metrics", "write --metrics 9464, or --metrics 192.0.2.7:9464")
    return host.strip("[]") or LOOPBACK, int(port)
