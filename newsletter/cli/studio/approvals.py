"""Approving in the studio: the same as ``newsletter i18n approve``."""

from __future__ import annotations

import hashlib

from newsletter.cli.approving import (
    approval_state_of,
    approve_edition,
    record_approval,
    seal_of,
    user_name,
    withdraw_approval,
)
from newsletter.cli.studio.work import Work
from newsletter.cli.studio.workbench import Workbench
from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError, TranslationError, UsageError
from newsletter.i18n.approvals import Approval, Seal
from newsletter.i18n.locales import own_name
from newsletter.i18n.messages import messages
from newsletter.web.preview.approving import Approvable, ApprovalPage
from newsletter.web.preview.studio import Approved
from newsletter.wording import headline, said

DIGITS = 16  # hexadecimal digits of a print: nobody forges one
SHOWN = 8  # obstacles of one edition; its page of translators has them all


class ApprovalDesk:
    """Implements ``Approving`` over the workbench."""

    def __init__(self, bench: Workbench, work: Work) -> None:
        self._bench = bench
        self._work = work

    async def page(self, slug: str) -> ApprovalPage:
        """How each edition stands."""
        return await self._work(lambda: self._page(slug))

    async def approve(self, slug: str, locale: str, by: str, seen: str) -> None:
        """Approve one."""
        approval = await self._work(lambda: self._approve(slug, locale, by, seen))
        await record_approval(self._bench.house, slug, locale, approval.by)

    async def withdraw(self, slug: str, locale: str) -> None:
        """Take one back."""

        def take_back() -> None:
            self._loaded(slug, locale)
            withdraw_approval(self._bench.house, slug, locale)

        await self._work(take_back)
        await record_approval(self._bench.house, slug, locale)

    def _loaded(self, slug: str, locale: str = "") -> LoadedIssue:
        """The issue as it is now."""
        loaded = self._bench.sound(slug)
        if locale and locale not in self._bench.house.settings.locales:
            raise UsageError(said("there is no edition '%(locale)s'", locale=locale))
        return loaded

    def _page(self, slug: str) -> ApprovalPage:
        loaded, house = self._loaded(slug), self._bench.house
        try:
            who = user_name()
        except UsageError:
            who = ""
        editions = tuple(self._edition(loaded, locale) for locale in house.settings.locales)
        return ApprovalPage(slug, house.settings.approval_required, who, editions)

    def _edition(self, loaded: LoadedIssue, locale: str) -> Approvable:
        house, issue = self._bench.house, loaded.issue
        approved, seen, obstacles = None, "", tuple[str, ...]()
        try:
            found = approval_state_of(house, loaded, locale)
            if approval := found.approval:
                approved = Approved(approval.by, approval.at, found.changes)
            seen = _print(seal_of(house, loaded, locale))
        except ContentError as error:
            obstacles = tuple(finding.message for finding in error.findings)[:SHOWN]
        except TranslationError as error:
            obstacles = (headline(error.message),)
        number = len(list(messages(issue, locale)))
        return Approvable(locale, own_name(locale), locale == issue.source_locale, number, approved, seen, obstacles)

    def _approve(self, slug: str, locale: str, by: str, seen: str) -> Approval:
        loaded, house = self._loaded(slug, locale), self._bench.house
        now = seal_of(house, loaded, locale)
        if _print(now) != seen:
            values = {"locale": locale, "slug": slug}
            message = said("the %(locale)s edition of '%(slug)s' has changed since you opened the page", **values)
            raise UsageError(message, said("read it again"))
        return approve_edition(house, loaded, locale, by, now)


def _print(seal: Seal) -> str:
    return hashlib.sha256(repr((sorted(seal.messages.items()), sorted(seal.blocks.items()))).encode()).hexdigest()[
        :DIGITS
    ]
