"""The states of a delivery, the moves between them, and what an SMTP reply means.

A delivery is *sending* from before MAIL FROM until its outcome is committed.
Whatever is known to have failed before the body was handed over goes back to
*pending*; a 4yz reply makes it *deferred*, a 5yz reply *rejected*, 2yz to the
final dot *accepted*.  If the connection or the process dies after the body
went out, nobody can know whether the server took it: *in doubt*, held until a
person decides.  That is all the theory: the only state from which a copy can
leave the house is *sending*, and the only way into it is from *pending*.  So a
second copy needs a second way into *pending*: a failure known to lie before
the body, a 4yz reply, or a person's word.

Source of the reply classes: RFC 5321 §4.2.1; of the doubt: RFC 1047.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where one delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.CANCELLED}),
    State.SENDING: frozenset({State.PENDING, State.ACCEPTED, State.DEFERRED, State.REJECTED, State.IN_DOUBT}),
    State.DEFERRED: frozenset({State.PENDING}),
    State.ACCEPTED: frozenset(),
    # Only by a person, who has looked or asked (``campaigns resolve``).
    State.REJECTED: frozenset({State.PENDING}),
    State.IN_DOUBT: frozenset({State.PENDING, State.ACCEPTED, State.REJECTED}),
    State.CANCELLED: frozenset(),
}


class CampaignStatus(StrEnum):
    """Where a whole campaign stands.  Claims are given out while it is *running*, and only then."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"  # by a person, or by a run that would have done harm
    FINISHED = "finished"  # nothing of it can move by itself any more
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing of it moves by itself, now or later."""
        return self in (CampaignStatus.FINISHED, CampaignStatus.CANCELLED)


_ENHANCED = re.compile(r"5\.(\d{1,3})\.(\d{1,3})\b")
# Security and policy; the mail system; the protocol; limits of a relay; the sender's own address.
_OURS: frozenset[tuple[int, int | None]] = frozenset({(7, None), (3, None), (5, None), (4, 5), (1, 7), (1, 8)})
# No such mailbox, no such system, no address at all, moved, takes no mail (RFC 7505), disabled.
_GONE: frozenset[tuple[int, int | None]] = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
_ENDS = tuple(TRANSITIONS[State.SENDING])
UNDELIVERED = (State.PENDING, State.SENDING, State.DEFERRED, State.REJECTED, State.IN_DOUBT)


class Stage(StrEnum):
    """How far the dialogue for one message had come."""

    BEFORE_BODY = "before the body"
    AFTER_BODY = "after the body"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the state the delivery moves to, and the server's words.

    ``ours`` says that the server objects to us (login, policy, quota) and not
    to this recipient: a few of these in a row end the run.  ``gone`` says that
    there is no such mailbox: nobody should write to it again.  ``unsaid`` says
    that the server was not asked, so that nothing can be concluded about it.
    """

    state: State
    reply: str = ""
    ours: bool = False
    gone: bool = False
    unsaid: bool = False

    def __post_init__(self) -> None:
        if self.state not in _ENDS:
            raise ValueError(f"an attempt cannot end as {self.state}")


def classify(code: int, text: str, stage: Stage = Stage.BEFORE_BODY) -> Outcome:
    """Decide what a reply means for one recipient: to RCPT TO or DATA, or, after the body, to the final dot.

    2yz → accepted, 4yz → deferred, 5yz → rejected.  A 5yz that is about the
    sender is no reason to give a recipient up: deferred, and ``ours``.  Any
    other code is a server out of step: before the body it defers; after it
    nobody knows, so in doubt.  Never raises.
    Source: RFC 5321 §4.2.1; RFC 3463 §3 (enhanced codes); RFC 4954 §6 (530, 534, 535, 538).
    """
    reply = f"{code} {' '.join(text.split())}"[:500]
    match code // 100:
        case 2:
            return Outcome(State.ACCEPTED, reply)
        case 4:
            return Outcome(State.DEFERRED, reply)
        case 5 if _about_the_sender(code, text):
            return Outcome(State.DEFERRED, reply, ours=True)
        case 5:
            return Outcome(State.REJECTED, reply, gone=_says(_GONE, text))
        case _:
            return Outcome(State.DEFERRED if stage is Stage.BEFORE_BODY else State.IN_DOUBT, reply)


def _about_the_sender(code: int, text: str) -> bool:
    """Whether a 5yz speaks of us.  Without an enhanced code only the replies about logins are sure to."""
    return code in (530, 534, 535, 538) or _says(_OURS, text)


def _says(codes: frozenset[tuple[int, int | None]], text: str) -> bool:
    """Whether the enhanced code at the beginning of a reply is one of these; None stands for any detail."""
    found = _ENHANCED.match(text)
    if not found:
        return False
    subject, detail = int(found[1]), int(found[2])
    return (subject, detail) in codes or (subject, None) in codes


def connection_lost(stage: Stage, reason: str) -> Outcome:
    """What it means that the connection broke off: nothing happened yet, or nobody knows."""
    return Outcome(State.PENDING if stage is Stage.BEFORE_BODY else State.IN_DOUBT, reason[:500])
