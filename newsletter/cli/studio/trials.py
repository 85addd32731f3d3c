"""Tests from the studio: the same as ``newsletter send --to``, to the addresses that the settings allow."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from newsletter.cli.copies import send_copies
from newsletter.cli.studio.mistakes import OUR_FAULT, Told, told
from newsletter.cli.studio.work import Work
from newsletter.cli.studio.workbench import Workbench
from newsletter.delivery.states import Outcome
from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n.locales import own_names
from newsletter.web.preview.events import Hub
from newsletter.web.preview.trying import Copy, Trial, TrialPage
from newsletter.wording import said

TOPIC = "tests"


class TrialDesk:
    """Implements ``Trying``.  One test at a time."""

    def __init__(self, bench: Workbench, work: Work, hub: Hub) -> None:
        self._bench = bench
        self._work = work
        self._hub = hub
        self._trials: dict[str, Trial] = {}
        self._sending: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Let a test that is under way come to its end."""
        if self._sending:
            await asyncio.wait([self._sending])

    async def page(self, slug: str) -> TrialPage:
        """To whom, and the newest one."""
        await self._work(lambda: self._bench.load(slug))
        return TrialPage(slug, self._bench.house.settings.preview.test_addresses, self._trials.get(slug))

    async def start(self, slug: str, to: str) -> None:
        """Begin."""
        page = await self.page(slug)
        if to not in page.addresses:
            raise UsageError(
                said("'%(address)s' is not among preview.test_addresses", address=to), said("add it to newsletter.yaml")
            )
        if self._sending and not self._sending.done():
            raise UsageError(said("a test is under way already"), said("wait for its end"))
        locales = self._bench.house.settings.editions()
        copies = tuple(Copy(locale, own_names(locale)) for locale in locales)
        self._tell(slug, Trial(to, copies, under_way=True))
        self._sending = asyncio.ensure_future(self._send(slug, to))

    async def _send(self, slug: str, to: str) -> None:
        errors: tuple[Told, ...] = ()

        def on_outcome(locale: str, outcome: Outcome) -> None:
            trial = self._trials[slug]
            copies = tuple(
                replace(copy, state=outcome.state.value, reply=outcome.reply) if copy.locale == locale else copy
                for copy in trial.copies
            )
            self._tell(slug, replace(trial, copies=copies))

        try:
            await send_copies(self._bench.own_house(), slug, to, on_outcome)
        except NewsletterError as error:
            errors = told(error)
        except Exception:
            errors = (OUR_FAULT,)
            raise
        finally:
            self._tell(slug, replace(self._trials[slug], under_way=False, errors=errors))

    def _tell(self, slug: str, trial: Trial) -> None:
        self._trials[slug] = trial
        self._hub.tell(TOPIC)
