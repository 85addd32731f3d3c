"""One issue to some segments: planned, frozen, delivered, and reported."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import secrets
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from newsletter.audience.subscribers import parse_address
from newsletter.audience.tokens import Tokens
from newsletter.cli.i18n_approve import require_approval
from newsletter.cli.lock import only_run
from newsletter.cli.output import confirm, err, say, say_json, tell
from newsletter.cli.report import counts_json, numbers, people, print_counts, require_delivered
from newsletter.cli.segments import known_segments
from newsletter.cli.wiring import House, Stores
from newsletter.delivery.deliver import Desk, OnResult, Result, Transport, connect, deliver
from newsletter.delivery.message import FrozenEdition, MessageTemplate, Reader
from newsletter.delivery.states import State
from newsletter.delivery.writer import MessageWriter, write_message
from newsletter.errors import NotDeliveredError, UsageError
from newsletter.i18n.translate import limiting_segments
from newsletter.render.rendered import CLIPPED_HINT, clipped
from newsletter.store.campaigns import Campaign, EditionFor, Planned, Target
from newsletter.store.ledger import CampaignLedger

TOKEN_BYTES = 9  # random bytes in the name of a run


async def send_test(house: House, issue: str, to: str, *, as_json: bool) -> None:
    """Every edition to one address, just as readers get it; the ledger knows nothing of it."""
    try:
        address = parse_address(to)
    except ValueError as error:
        raise UsageError(f"'{to}' is no address: {error}") from None
    loaded = house.load(house.workspace.issue_file(issue))
    editions = [house.frozen(loaded, locale) for locale in house.settings.editions()]
    outcomes: dict[str, dict[str, str]] = {}
    signer = house.dkim_signer()
    session = await connect(house.smtp_server())
    try:
        for edition in editions:
            message_id = f"<test-{secrets.token_hex(8)}@{edition.sender.domain}>"
            reader = Reader(address, "", "", token="test")  # noqa: S106 - the token of nobody
            message = write_message(MessageTemplate(edition), reader, message_id, house.clock.now(), signer)
            outcome = await session.send(address, message)
            outcomes[edition.locale] = {"state": outcome.state.value, "reply": outcome.reply}
            if not as_json:
                say(f"{edition.locale}: {outcome.state}: {outcome.reply}")
    finally:
        await session.close()
    if as_json:
        say_json({"to": address, "editions": outcomes})
    failed = [locale for locale, outcome in outcomes.items() if outcome["state"] != State.ACCEPTED]
    if failed:
        raise NotDeliveredError(f"not accepted: {', '.join(failed)}", "the server's answer above says why")


@dataclass(slots=True)
class Plan:
    """Who a campaign would reach, in numbers, and which editions it needs."""

    by_locale: dict[str, int] = field(default_factory=dict)
    needed: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    @property
    def people(self) -> int:
        """Everybody."""
        return sum(self.by_locale.values())

    def add(self, planned: Planned, sees: frozenset[str]) -> None:
        """Count one more recipient."""
        self.by_locale[planned.locale] = self.by_locale.get(planned.locale, 0) + 1
        self.needed.add((planned.locale, sees))


class Sending:
    """One issue to some segments.

    The issue, its catalogs and the settings are read only to start a campaign;
    one that was started is frozen and goes on without them.
    """

    def __init__(self, house: House, issue: str, segments: list[str]) -> None:
        self._house = house
        self._issue = issue
        self._slug = house.workspace.slug(issue)
        self._segments = sorted(set(segments))

    async def dry_run(self, *, as_json: bool) -> None:
        """List everybody with edition and reason.  One line a person, so that any number can be listed."""
        async with self._house.stores() as stores:
            campaign = await stores.campaigns.find(self._slug, self._segments)
            if campaign:
                counts = await stores.campaigns.counts(campaign)
                if as_json:
                    say_json(counts_json(campaign, counts))
                    return
                say("this campaign has started: its recipients are frozen, and it reaches nobody new")
                print_counts(counts)
                return
            target, edition_for = self._target()
            plan = await self._plan(stores, target)
            _make_editions(plan, edition_for)

            async def each(planned: Planned) -> None:
                self._list(planned, target, as_json=as_json)

            await stores.campaigns.plan(target, each)
        if not as_json:
            say(f"{people(plan.people)}{': ' if plan.people else ''}{numbers(plan.by_locale)}. Nothing was sent.")

    async def run(self, *, yes: bool, as_json: bool, wait: bool = False) -> None:
        """Start or go on.  Raises NotDeliveredError unless everybody has their copy."""
        server = self._house.smtp_server()
        async with self._house.stores() as stores:
            with only_run(stores.database.file):
                tokens = await self._house.tokens(stores.database)
                campaign = await stores.campaigns.find(self._slug, self._segments)
                if campaign:
                    day = campaign.frozen_at.astimezone().strftime("%Y-%m-%d %H:%M")
                    tell(f"going on with the campaign frozen on {day}; later edits change nothing of it")
                else:
                    campaign = await self._start(stores, yes=yes)
                if campaign is None:
                    if as_json:
                        say_json({"issue": self._slug, "segments": self._segments, "editions": {}})
                    return
                due = None
                try:
                    due = await self._deliver(stores, campaign, tokens, server, wait=wait)
                finally:
                    counts = await stores.campaigns.counts(campaign)
                    if as_json:
                        say_json(counts_json(campaign, counts))
                    else:
                        print_counts(counts)
        require_delivered(counts, self._slug, due)

    def _target(self) -> tuple[Target, EditionFor]:
        """Whom a new campaign is for, and the maker of its editions."""
        house = self._house
        known_segments(house, self._segments)
        loaded = house.load(house.workspace.issue_file(self._issue))

        @cache
        def edition_for(locale: str, sees: frozenset[str]) -> FrozenEdition:
            edition = house.frozen(loaded, locale, sees)
            require_approval(house, loaded, locale)
            return edition

        limiting = limiting_segments(loaded.issue)
        return Target(self._slug, tuple(self._segments), house.settings.segments, limiting), edition_for

    def _list(self, planned: Planned, target: Target, *, as_json: bool) -> None:
        person = planned.recipient.subscriber
        picked_by = sorted(planned.recipient.segments.intersection(self._segments))
        if not as_json:
            say(f"{person.email:<40} {planned.locale:<6} in {', '.join(picked_by)}; {planned.reason}")
            return
        row = {
            "email": person.email,
            "name": person.name,
            "edition": planned.locale,
            "locale_reason": planned.reason,
            "segments": picked_by,
            "sees_blocks_for": sorted(planned.recipient.segments & target.limiting),
        }
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")

    async def _start(self, stores: Stores, *, yes: bool) -> Campaign | None:
        target, edition_for = self._target()
        plan = await self._plan(stores, target)
        if not plan.people:
            tell("nobody to send to: the segments are empty, or everybody in them has had this issue")
            return None
        _make_editions(plan, edition_for)
        tell(f"'{self._slug}' to {', '.join(self._segments)}: {people(plan.people)}")
        tell(f"  {numbers(plan.by_locale)}")
        if not yes and not sys.stdin.isatty():
            raise UsageError("nobody is there to be asked", "add --yes to send without being asked")
        if not yes and not confirm(f"Send to {people(plan.people)} now?"):
            tell("nothing was sent")
            return None
        return await stores.campaigns.freeze(target, edition_for, expected=plan.by_locale)

    async def _plan(self, stores: Stores, target: Target) -> Plan:
        plan = Plan()

        async def each(planned: Planned) -> None:
            plan.add(planned, planned.recipient.segments & target.limiting)

        await stores.campaigns.plan(target, each)
        return plan

    async def _deliver(
        self, stores: Stores, campaign: Campaign, tokens: Tokens, server: Transport, *, wait: bool
    ) -> dt.datetime | None:
        """Deliver what is due.  With ``wait`` also what is deferred, in its time; returns when the next is due."""
        house = self._house
        ledger = CampaignLedger(stores.database, house.clock, campaign, secrets.token_urlsafe(TOKEN_BYTES))
        editions = await stores.campaigns.editions(campaign)
        write = MessageWriter(campaign.ref, editions, tokens, house.clock, house.dkim_signer())
        desk = Desk(ledger)
        with _stop_on_signal(desk):
            while True:
                if doubtful := await ledger.reopen():
                    tell(f"{doubtful} were under way when an earlier run ended: in doubt, not sent again")
                counts = await stores.campaigns.counts(campaign)
                pending = sum(by_state.get(State.PENDING, 0) for by_state in counts.values())
                if pending:
                    connections = min(house.settings.smtp.connections if house.settings.smtp else 1, pending)
                    with _progress(pending) as on_result:
                        await deliver(desk, server, write, connections, on_result)
                await ledger.close()
                due = await ledger.next_due()
                if not wait or due is None or desk.stopping:
                    return due
                tell(
                    f"waiting until {due.astimezone():%H:%M} for what was deferred; Ctrl-C ends this, and loses nothing"
                )
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(desk.stopped.wait(), (due - house.clock.now()).total_seconds())


def _make_editions(plan: Plan, edition_for: EditionFor) -> None:
    """Render what the plan needs, so that an incomplete translation shows before anything is asked or sent."""
    for locale, sees in sorted(plan.needed, key=lambda pair: (pair[0], sorted(pair[1]))):
        edition = edition_for(locale, sees)
        if too_long := clipped(locale, edition.html):
            tell(f"warning: {too_long}\n  hint: {CLIPPED_HINT}")


@contextlib.contextmanager
def _progress(total: int) -> Iterator[OnResult]:
    """A bar on standard error, with what was not accepted beside it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("sending", total=total)
        other = 0

        def on_result(result: Result) -> None:
            nonlocal other
            if result.outcome.state is State.PENDING:
                return
            other += result.outcome.state is not State.ACCEPTED
            progress.update(task, advance=1, description=f"sending, {other} not accepted" if other else "sending")

        yield on_result


@contextlib.contextmanager
def _stop_on_signal(desk: Desk) -> Iterator[None]:
    """Ctrl-C, a closed terminal, a shutdown: finish what is under way, then end.  A second one ends at once."""
    loop = asyncio.get_running_loop()
    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def stop() -> None:
        tell("stopping: finishing what is under way; the same command goes on later")
        desk.stop()
        restore()

    def restore() -> None:
        for number in signals:
            with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
                loop.remove_signal_handler(number)

    for number in signals:
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        restore()
