"""What a person decides about a campaign that stands: of those in doubt and the rejected, and whether it is cancelled.

For ``newsletter campaigns`` and the studio.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from newsletter.errors import UsageError
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.cli.wiring import Stores
    from newsletter.delivery.states import State
    from newsletter.store.campaigns import CampaignStore


class Resolution(StrEnum):
    """What a person decides of the messages in doubt."""

    RESEND = "resend"
    ACCEPT = "accept"
    REJECT = "reject"


SAID = {
    Resolution.RESEND: said("they are sent again, and somebody may get a second copy"),
    Resolution.ACCEPT: said("they count as having their copy"),
    Resolution.REJECT: said("they count as rejected, and go without"),
}
RETRIED = said("they are tried again, also those of whom a server said that there is no such mailbox")


def moves(in_doubt: Resolution | None) -> tuple[State, State]:
    """From which state to which a resolution leads; None tries the rejected again."""
    from newsletter.delivery.states import State

    if in_doubt is None:
        return State.REJECTED, State.PENDING
    new = {Resolution.RESEND: State.PENDING, Resolution.ACCEPT: State.ACCEPTED, Resolution.REJECT: State.REJECTED}
    return State.IN_DOUBT, new[in_doubt]


async def resolve(stores: Stores, number: int, in_doubt: Resolution | None) -> int:
    """Decide of those in doubt, or with None try the rejected again; returns how many.  Raises UsageError."""
    from newsletter.cli.standing import find
    from newsletter.delivery.states import CampaignStatus, State

    old, new = moves(in_doubt)
    campaign = await find(stores, number)
    if new is State.PENDING and campaign.status is CampaignStatus.CANCELLED:
        hint = f"'newsletter send {campaign.slug} --missed {number}' sends the issue to those who have no copy of it"
        raise UsageError(f"campaign {number} was cancelled, so that nothing of it is sent again", hint)
    return await _change(stores, number, lambda campaigns: campaigns.resolve(number, old, new))


def really_cancel(number: int) -> str:
    """What a person is asked before that."""
    return said("Cancel the rest of campaign %(number)s for good?", number=number)


async def cancel(stores: Stores, number: int) -> int:
    """Let nobody else have a copy; returns how many go without.  Raises UsageError."""
    from newsletter.cli.standing import find

    campaign = await find(stores, number)
    if campaign.status.ended:
        raise UsageError(said("campaign %(number)s has ended; there is nothing to cancel", number=number))
    return await _change(stores, number, lambda campaigns: campaigns.cancel(number))


async def _change(stores: Stores, number: int, decide: Callable[[CampaignStore], Awaitable[int]]) -> int:
    """Change a campaign after what dead runs left behind has been named."""
    from newsletter.cli.lock import maybe_alone
    from newsletter.cli.standing import find

    await find(stores, number)
    with maybe_alone(stores.database.file) as alone:
        found = await stores.upkeep.reconcile(number, alone=alone)
        if found.doubtful:
            hint = f"'newsletter campaigns show {number}' names them; then give the same command again"
            raise UsageError(f"a run died and left {found.doubtful} more in doubt; nothing was decided yet", hint)
        return await decide(stores.campaigns)
