"""Joining: a form, a mail, a click.  What the pages show of it, and who tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from newsletter.audience.choices import SignUp


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody whose link to confirm was opened."""

    email: str
    locale: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who is on the list now; ``token`` leads to their preferences."""

    locale: str
    token: str


class Joining(Protocol):
    """Takes forms in, and puts on the list who confirms."""

    @property
    def open(self) -> bool:
        """Whether forms are taken at all."""
        ...

    async def ask(self, form: SignUp) -> bool:
        """Keep the form; a mail goes out by itself.  False if none are taken, or too many wait already.

        It takes as long, and says the same, whoever has the address.
        """
        ...

    async def asked(self, token: str) -> Asked | Joined | None:
        """Who would be confirmed by this token, which may hold anything, or was; changes nothing."""
        ...

    async def confirm(self, token: str) -> Joined | None:
        """Put them on the list.  May be done twice."""
        ...
