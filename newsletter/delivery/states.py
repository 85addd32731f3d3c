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
    State.REJECTED: frozenset(),
    # Only by a person, who has looked or asked (``campaigns resolve``).
    State.IN_DOUBT: frozenset({State.PENDING, State.ACCEPTED, State.REJECTED}),
    State.CANCELLED: frozenset(),
}

UNDELIVERED = (State.PENDING, State.SENDING, State.DEFERRED, State.REJECTED, State.IN_DOUBT)


class Stage(StrEnum):
    """How far the dialogue for one message had come."""

    BEFORE_BODY = "before the body"
    AFTER_BODY = "after the body"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the state the delivery moves to, and the server's words."""

    state: State
    reply: str = ""

    def __post_init__(self) -> None:
        if self.state not in TRANSITIONS[State.SENDING]:
            raise ValueError(f"an attempt cannot end as {self.state}")


def classify(code: int, text: str) -> Outcome:
    """Decide what the reply to RCPT TO, DATA or the final dot means for one recipient.

    2yz → accepted, 4yz → deferred, 5yz → rejected.  Never raises; any other
    code is a server out of step and defers.  Source: RFC 5321 §4.2.1.
    """
    reply = f"{code} {' '.join(text.split())}"[:500]
    match code // 100:
        case 2:
            return Outcome(State.ACCEPTED, reply)
        case 5:
            return Outcome(State.REJECTED, reply)
        case _:
            return Outcome(State.DEFERRED, reply)


def connection_lost(stage: Stage, reason: str) -> Outcome:
    """What it means that the connection broke off: nothing happened yet, or nobody knows."""
    return Outcome(State.PENDING if stage is Stage.BEFORE_BODY else State.IN_DOUBT, reason[:500])
