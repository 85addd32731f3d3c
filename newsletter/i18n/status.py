"""How far each edition is: the states of its messages, what keeps it back, and who read it over."""

from __future__ import annotations

from dataclasses import dataclass

import polib

from newsletter.content.load import LoadedIssue
from newsletter.errors import Finding
from newsletter.i18n.approvals import Approval, ApprovalState, approval_state, take_seal
from newsletter.i18n.formats import Formats
from newsletter.i18n.messages import messages
from newsletter.i18n.sync import Counts, count, differences
from newsletter.i18n.translate import translate


@dataclass(frozen=True, slots=True)
class EditionStatus:
    """One edition.  ``blocking`` keeps it in the house; ``notices`` do not."""

    slug: str
    locale: str
    is_source: bool
    counts: Counts
    blocking: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    approval_state: ApprovalState
    catalog_name: str

    @property
    def complete(self) -> bool:
        """Whether it could be sent, approval aside."""
        return self.counts.complete and not self.blocking


def edition_status(
    loaded: LoadedIssue,
    locale: str,
    catalog: polib.POFile,
    approval: Approval | None,
    formats: Formats,
    *,
    catalog_name: str,
    blocking: tuple[Finding, ...],
) -> EditionStatus:
    """The status of one edition.  ``blocking`` is what the checks say keeps it back."""
    is_source = locale == loaded.issue.source_locale
    notices: tuple[Finding, ...] = ()
    if is_source:
        counts = Counts(len(list(messages(loaded.issue, locale))), 0, 0)
    else:
        counts = count(loaded.issue, catalog, locale)
        notices = tuple(differences(loaded, locale, catalog, catalog_name))
    approved = ApprovalState(None)
    if approval:
        draft = translate(loaded, locale, catalog, formats, draft=True)
        approved = approval_state(approval, take_seal(loaded, draft, catalog))
    return EditionStatus(loaded.slug, locale, is_source, counts, blocking, notices, approved, catalog_name)
