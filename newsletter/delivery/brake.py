"""When a run does more harm than good, and has to stop.

Without a brake, a relay that has closed for us would cost the whole list: each
address rejected, or each message in doubt, one after the other.
"""

from __future__ import annotations

from newsletter.delivery.states import Outcome, State
from newsletter.errors import MailServerError, SendingStoppedError
from newsletter.wording import said

ENOUGH = 100  # outcomes before a share of them says anything
_WORDS = {
    "ours": said("were refused because of us, not of the recipients"),
    State.IN_DOUBT: said("broke off after the message was handed over, so that they are in doubt"),
    State.REJECTED: said("were rejected, and none was accepted"),
    State.PENDING: said("broke off before the message could be handed over"),
}


class Brake:
    """Ends a run that fails too often: so many times in a row, or for more than ``failures`` of everybody (0 to 1)."""

    def __init__(self, connections: int, failures: float) -> None:
        self._limits = {"ours": 3, State.IN_DOUBT: 2 * connections, State.REJECTED: 20, State.PENDING: 5 * connections}
        self._in_a_row: dict[str, int] = {}
        self._failures = failures
        self._settled = self._failed = 0

    def check(self, outcome: Outcome) -> None:
        """Count one outcome.

        Raises SendingStoppedError when going on would do harm, and plain
        MailServerError when nothing can be handed over at all.
        """
        if outcome.unsaid:
            return
        self._check_share(outcome)
        if outcome.state is State.ACCEPTED:
            self._in_a_row.clear()
            return
        kind = "ours" if outcome.ours else outcome.state
        self._in_a_row[kind] = number = self._in_a_row.get(kind, 0) + 1
        if number < self._limits.get(kind, number + 1):
            return
        values = {"number": number, "what": _WORDS[kind], "reply": outcome.reply}
        message = said("stopped: %(number)s in a row %(what)s. The last answer: %(reply)s", **values)
        if kind == State.PENDING:
            hint = said("ask whoever runs the mail server; then the same command goes on where it stopped")
            raise MailServerError(message, hint)
        raise SendingStoppedError(message, said("ask whoever runs the mail server"))

    def _check_share(self, outcome: Outcome) -> None:
        if outcome.state in (State.PENDING, State.DEFERRED):
            return
        self._settled += 1
        self._failed += outcome.state is not State.ACCEPTED
        if self._settled >= ENOUGH and self._failed > self._failures * self._settled:
            values = {"failed": self._failed, "number": self._settled, "reply": outcome.reply}
            raise SendingStoppedError(
                said(
                    "stopped: %(failed)s of %(number)s were rejected or are in doubt. The last answer: %(reply)s",
                    **values,
                ),
                said("look at the reasons with 'newsletter campaigns show'; is the list an old one?"),
            )
