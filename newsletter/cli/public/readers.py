"""Readers behind the public pages: tokens to people, and what they choose into the store."""

from __future__ import annotations

from newsletter.audience.choices import Choices, Member, SignUp
from newsletter.audience.consent import Agreement
from newsletter.audience.subscribers import Subscriber
from newsletter.audience.tokens import Tokens
from newsletter.cli.public.mailer import Mailer
from newsletter.store.choices import ChoiceStore
from newsletter.store.signups import SignupStore
from newsletter.web.public.joining import Asked, Joined

NOBODY = ""  # a ref that nobody has: an invalid token is looked up like an unknown one, and takes as long


class ReaderDesk:
    """Implements ``web.public.readers.Readers``."""

    def __init__(self, choices: ChoiceStore, tokens: Tokens) -> None:
        self._choices = choices
        self._tokens = tokens

    async def find(self, token: str) -> Subscriber | None:
        """Who this is."""
        return await self._choices.reader(self._ref(token))

    async def leave(self, token: str, kind: str, *, way: str) -> Member | None:
        """Take them off the list, or off mail of one kind."""
        return await self._choices.leave(self._ref(token), kind, way=way)

    async def stay(self, token: str, kind: str, agreement: Agreement) -> Member | None:
        """Take that back."""
        return await self._choices.stay(self._ref(token), kind, agreement)

    async def choose(self, token: str, choices: Choices) -> Subscriber | None:
        """Keep what they chose."""
        ref = self._ref(token)
        return await self._choices.reader(ref) if await self._choices.choose(ref, choices) else None

    def _ref(self, token: str) -> str:
        return self._tokens.reader_ref(token) or NOBODY


class JoinDesk:
    """Implements ``web.public.joining.Joining``."""

    def __init__(self, signups: SignupStore, tokens: Tokens, mailer: Mailer | None) -> None:
        self._signups = signups
        self._tokens = tokens
        self._mailer = mailer

    @property
    def open(self) -> bool:
        """Whether there is anybody to send the mail that confirms."""
        return self._mailer is not None

    async def ask(self, form: SignUp) -> bool:
        """Keep the form, and let the mailer know."""
        if self._mailer is None:
            return False
        kept = await self._signups.ask(form)
        self._mailer.wake()
        return kept

    async def asked(self, token: str) -> Asked | Joined | None:
        """Who would be confirmed, or was."""
        found = await self._signups.find(self._tokens.signup_ref(token) or NOBODY)
        if found and found.known:
            return Joined(found.locale, self._tokens.reader_token(found.known))
        return Asked(found.email, found.locale) if found else None

    async def confirm(self, token: str) -> Joined | None:
        """Put them on the list."""
        form = await self._signups.find(self._tokens.signup_ref(token) or NOBODY)
        if form is None:
            return None
        ref = await self._signups.confirm(form.ref)
        return Joined(form.locale, self._tokens.reader_token(ref)) if ref else None
