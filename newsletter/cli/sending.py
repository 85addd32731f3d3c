"""One issue to some segments: planned, frozen, delivered, and reported."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from filelock import FileLock, Timeout
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from newsletter.audience.tokens import Tokens
from newsletter.cli.output import confirm, err, say, say_json, table
from newsletter.cli.wiring import House, Stores
from newsletter.content.load import LoadedIssue
from newsletter.delivery.deliver import Claim, Desk, OnResult, Result, Transport, deliver
from newsletter.delivery.message import MessageTemplate, Reader, reader_of
from newsletter.delivery.states import UNDELIVERED, State
from newsletter.errors import NotDeliveredError, StoreError, UsageError
from newsletter.i18n.translate import limiting_segments
from newsletter.store.campaigns import Campaign, Planned
from newsletter.store.ledger import CampaignLedger

TOKEN_BYTES = 9  # random bytes in the name of a run


async def send_test(house: House, loaded: LoadedIssue, address: str) -> None:
    """Every edition to one address, just as readers get it; the ledger knows nothing of it."""
    server = house.smtp_server()
    editions = [house.frozen(loaded, locale) for locale in house.settings.locales]
    reader = Reader(address, "", "", "test", house.settings.public_url)
    session = await server.connect()
    try:
        for edition in editions:
            message_id = f"<test-{secrets.token_hex(8)}@{house.sender.domain}>"
            message = MessageTemplate(edition, house.sender).fill(reader, message_id, house.clock.now())
            outcome = await session.send(address, message)
            say(f"{edition.locale}: {outcome.state}: {outcome.reply}")
            if outcome.state is not State.ACCEPTED:
                raise NotDeliveredError(f"the {edition.locale} edition was not accepted: {outcome.reply}")
    finally:
        await session.close()


@dataclass(slots=True)
class Plan:
    """Who a campaign would reach, in numbers, and which editions it needs."""

    by_locale: dict[str, int] = field(default_factory=dict)
    needed: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    @property
    def people(self) -> int:
        """Everybody."""
        return sum(self.by_locale.values())


class Sending:
    """One issue to some segments: planned, frozen, delivered, and reported."""

    def __init__(self, house: House, loaded: LoadedIssue, segments: list[str]) -> None:
        self._house = house
        self._loaded = loaded
        self._segments = segments
        self._rules = house.settings.segments
        self._limiting = limiting_segments(loaded.issue)
        self._edition_for = cache(lambda locale, sees: house.frozen(loaded, locale, sees))

    async def dry_run(self, *, as_json: bool) -> None:
        """List everybody with edition and reason.  One line a person, so that any number can be listed."""
        plan = Plan()

        async def each(planned: Planned) -> None:
            self._count(plan, planned)
            person = planned.recipient.subscriber
            picked_by = sorted(planned.recipient.segments.intersection(self._segments))
            if as_json:
                row = {
                    "email": person.email,
                    "name": person.name,
                    "edition": planned.locale,
                    "locale_reason": planned.reason,
                    "segments": picked_by,
                    "sees_blocks_for": sorted(planned.recipient.segments.intersection(self._limiting)),
                }
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                say(f"{person.email:<40} {planned.locale:<6} in {', '.join(picked_by)}; {planned.reason}")

        async with self._house.stores() as stores:
            campaign = await stores.campaigns.find(self._loaded.slug, self._segments)
            if campaign:
                err.print("this campaign has started: its recipients are frozen. It reaches nobody new.", markup=False)
                counts = await stores.campaigns.counts(campaign)
                print_counts(counts)
                return
            await stores.campaigns.plan(self._loaded.slug, self._rules, self._segments, self._limiting, each)
        self._make_editions(plan)
        if not as_json:
            say(f"{plan.people} people: {_numbers(plan.by_locale)}. Nothing was sent.")

    async def run(self, *, yes: bool, as_json: bool, transport: Transport | None = None) -> Campaign | None:
        """Start or go on.  Raises NotDeliveredError unless everybody has their copy."""
        server = transport or self._house.smtp_server()
        async with self._house.stores() as stores:
            with _only_run(stores, self._loaded.slug):
                tokens = await self._house.tokens(stores.database)
                campaign = await stores.campaigns.find(self._loaded.slug, self._segments)
                if campaign:
                    self._tell_resumed(campaign)
                else:
                    campaign = await self._start(stores, yes=yes)
                    if campaign is None:
                        return None
                try:
                    await self._deliver(stores, campaign, tokens, server)
                finally:
                    counts = await stores.campaigns.counts(campaign)
                    if as_json:
                        say_json(_counts_json(campaign, counts))
                    else:
                        print_counts(counts)
        _require_delivered(counts, self._loaded.slug)
        return campaign

    def _count(self, plan: Plan, planned: Planned) -> None:
        plan.by_locale[planned.locale] = plan.by_locale.get(planned.locale, 0) + 1
        plan.needed.add((planned.locale, planned.recipient.segments.intersection(self._limiting)))

    def _make_editions(self, plan: Plan) -> None:
        """Render what the plan needs, so that an incomplete translation shows before anything is asked or sent."""
        for locale, sees in sorted(plan.needed, key=lambda pair: (pair[0], sorted(pair[1]))):
            self._edition_for(locale, sees)

    async def _start(self, stores: Stores, *, yes: bool) -> Campaign | None:
        plan = Plan()

        async def each(planned: Planned) -> None:
            self._count(plan, planned)

        await stores.campaigns.plan(self._loaded.slug, self._rules, self._segments, self._limiting, each)
        if not plan.people:
            say("nobody to send to: the segments are empty, or everybody in them has had this issue")
            return None
        self._make_editions(plan)
        err.print(f"'{self._loaded.slug}' to {', '.join(self._segments)}: {plan.people} people", markup=False)
        err.print(f"  {_numbers(plan.by_locale)}", markup=False)
        if not yes and not sys.stdin.isatty():
            raise UsageError("nobody is there to be asked", "add --yes to send without being asked")
        if not yes and not confirm(f"Send to {plan.people} people now?"):
            say("nothing was sent")
            return None
        return await stores.campaigns.freeze(
            self._loaded.slug, self._rules, self._segments, self._limiting, self._edition_for
        )

    def _tell_resumed(self, campaign: Campaign) -> None:
        day = campaign.frozen_at.astimezone().strftime("%Y-%m-%d %H:%M")
        err.print(f"going on with the campaign frozen on {day}; later edits change nothing of it", markup=False)

    async def _deliver(self, stores: Stores, campaign: Campaign, tokens: Tokens, server: Transport) -> None:
        house = self._house
        sender = house.sender
        ledger = CampaignLedger(stores.database, house.clock, campaign, secrets.token_urlsafe(TOKEN_BYTES))
        doubtful = await ledger.reopen()
        if doubtful:
            err.print(
                f"{doubtful} messages were under way when an earlier run ended: in doubt, not sent again", markup=False
            )
        templates = {
            edition_id: MessageTemplate(edition, sender)
            for edition_id, edition in (await stores.campaigns.editions(campaign)).items()
        }

        def write(claim: Claim) -> bytes:
            reader = reader_of(claim.subscriber, tokens, sender.public_url)
            message_id = tokens.message_id(campaign.ref, claim.subscriber.ref, sender.domain)
            return templates[claim.edition_id].fill(reader, message_id, house.clock.now())

        counts = await stores.campaigns.counts(campaign)
        pending = sum(by_state.get(State.PENDING, 0) for by_state in counts.values())
        connections = min(house.settings.smtp.connections if house.settings.smtp else 1, max(pending, 1))
        desk = Desk(ledger)
        if pending:
            with _progress(pending) as on_result, _stop_on_interrupt(desk):
                await deliver(desk, server, write, connections, on_result)
        await ledger.close()


@contextlib.contextmanager
def _only_run(stores: Stores, slug: str) -> Iterator[None]:
    """Hold the lock that the system frees when its holder dies, however it dies."""
    lock = FileLock(f"{stores.database.file}.send.lock", timeout=0)
    try:
        with lock:
            yield
    except Timeout:
        raise StoreError(
            f"another sending is running, so '{slug}' was not touched", "wait until it has ended, then try again"
        ) from None


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
def _stop_on_interrupt(desk: Desk) -> Iterator[None]:
    """Ctrl-C: finish what is under way, then end.  A second one ends at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        err.print("stopping: finishing what is under way; the same command goes on later", markup=False)
        desk.stop()
        loop.remove_signal_handler(signal.SIGINT)

    with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
        loop.add_signal_handler(signal.SIGINT, stop)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)


def _numbers(by_locale: dict[str, int]) -> str:
    return ", ".join(f"{number} {locale}" for locale, number in sorted(by_locale.items()))


def print_counts(counts: dict[str, dict[State, int]]) -> None:
    """A table of what became of a campaign, by edition."""
    states = [state for state in State if state is State.ACCEPTED or any(state in found for found in counts.values())]
    states.sort(key=lambda state: state is not State.ACCEPTED)
    table(
        ("edition", "recipients", *(state.replace("_", " ") for state in states)),
        (
            (locale, sum(found.values()), *(found.get(state, 0) for state in states))
            for locale, found in sorted(counts.items())
        ),
    )


def _counts_json(campaign: Campaign, counts: dict[str, dict[State, int]]) -> dict[str, object]:
    editions = {locale: {state.value: number for state, number in found.items()} for locale, found in counts.items()}
    return {"issue": campaign.slug, "segments": list(campaign.segments), "editions": editions}


def _require_delivered(counts: dict[str, dict[State, int]], slug: str) -> None:
    missing = {state: sum(found.get(state, 0) for found in counts.values()) for state in UNDELIVERED}
    if not any(missing.values()):
        return
    told = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in missing.items() if number)
    hints = []
    if missing[State.PENDING] or missing[State.DEFERRED]:
        hints.append("run the same command again to go on")
    if missing[State.REJECTED]:
        hints.append("rejected addresses are refused for good")
    if missing[State.IN_DOUBT]:
        hints.append("those in doubt may have their copy, so they are not sent again")
    raise NotDeliveredError(f"'{slug}' did not reach everybody: {told}", "; ".join(hints))
