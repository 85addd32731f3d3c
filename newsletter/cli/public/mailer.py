"""The mails that forms cause: sent in the background, slowly, and again while the mail server is away.

A form waits in the database until its mail is handed over, so neither a
restart nor a night without a mail server loses one.  Whoever is on the list
already gets a mail that says so; that is found out here and not when the form
comes in, so that its answer can tell nothing.

These mails count against the limits of the settings.  When there is no room,
they wait like any other, but before every campaign (``delivery/limits.py``).

A mail that the server puts off rests for a while, longer each time, so that
those behind it have their turn: some addresses are put off for ever.

Of several servers of one list, one sends at a time, batch by batch.  After a
crash in the wrong moment a mail goes out twice, which does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field

from newsletter.adapters.smtp import SmtpServer, SmtpSession
from newsletter.audience.tokens import Tokens
from newsletter.cli.lock import only_mailer
from newsletter.cli.logs import note
from newsletter.cli.wiring import House
from newsletter.delivery.notice import notice_mail
from newsletter.delivery.states import State
from newsletter.delivery.writer import Signer
from newsletter.i18n.locales import choose_locale, halves_of
from newsletter.render.notice import WrittenNotice, already_there, to_confirm, write_notice
from newsletter.store.allowances import Turns
from newsletter.store.database import Database
from newsletter.store.signups import SignupStore, Waiting

BATCH = 20  # mails over one connection
MOST_PER_MINUTE = 60  # so that a flood of forms does not become a flood of mail
LOOK_AGAIN = 60.0  # seconds after which it is looked for mail that waits, though nobody said so
OTHER_SENDS = 1.0  # seconds after which it is looked whether another server has ended its batch
PURGE_EVERY = 3600.0  # seconds
FIRST_WAIT, LONGEST_WAIT = 5.0, 600.0  # seconds after a failure; doubles with each


@dataclass(slots=True)
class Mailer:
    """Sends what waits, as long as ``run`` runs."""

    house: House
    signups: SignupStore
    turns: Turns
    tokens: Tokens
    server: SmtpServer
    signer: Signer | None
    database: Database
    pace: float = 60 / MOST_PER_MINUTE  # seconds from one mail to the next
    first_wait: float = FIRST_WAIT
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _held: dict[str, float] = field(default_factory=dict)  # domains that limits hold up, until when; "" is all mail
    _resting: dict[int, tuple[float, float]] = field(default_factory=dict)  # forms put off: until when, after what wait

    def try_out(self) -> None:
        """Write one of each, so that what is wrong with templates and words shows now.  Raises TemplateError."""
        for locale in self.house.settings.locales:
            self._written(locale, known="", url="")
            self._written(locale, known="somebody", url="")

    def wake(self) -> None:
        """Something waits."""
        self._awake.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        purge_at, wait = loop.time(), 0.0
        while True:
            try:
                if loop.time() >= purge_at:
                    purge_at = loop.time() + PURGE_EVERY
                    await self.signups.purge()
                pause = await self._send_alone()
                wait = 0.0
            except Exception as error:  # the mail server is away, or the database, or something is wrong with us
                wait = self._longer(wait)
                note("confirmation-mail-waits", logging.WARNING, error, seconds=wait)
                await asyncio.sleep(wait)
                continue
            if pause:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), pause)
            self._awake.clear()

    async def _send_alone(self) -> float:
        """Send a batch, unless another server does; how long to wait then, in seconds."""
        async with only_mailer(self.database) as our_turn:
            if not our_turn:
                return OTHER_SENDS
            return await self._send_some()

    async def _send_some(self) -> float:
        """Send a batch; how long to wait for the next, in seconds."""
        now = asyncio.get_running_loop().time()
        self._held = {domain: until for domain, until in self._held.items() if until > now}
        # A form that was not put off again long after its time is there no more.
        self._resting = {form: rest for form, rest in self._resting.items() if rest[0] + LONGEST_WAIT > now}
        resting = [form for form, (until, _wait) in self._resting.items() if until > now]
        waiting = [] if "" in self._held else await self.signups.to_mail(BATCH, self._held, resting)
        session: SmtpSession | None = None
        done = hung_up = False
        try:
            for form in waiting:
                domain = form.email.rpartition("@")[2]
                if not await self._has_turn(domain):
                    continue
                sent = False
                try:
                    session = session or await self.server.connect()
                    sent = await self._send(session, form)
                finally:
                    if not sent:
                        await self.turns.give_back(domain)
                done = done or sent
                if not sent:
                    self._rest(form)
                if not session.open:
                    hung_up = True
                    break
                await asyncio.sleep(max(self.pace, self.turns.pause(domain)))
        finally:
            if session:
                await session.close()
        if hung_up and not done:
            return self.first_wait
        return 0 if waiting else self._until_rested()

    def _until_rested(self) -> float:
        now = asyncio.get_running_loop().time()
        return min([until - now for until, _wait in self._resting.values() if until > now] + [LOOK_AGAIN])

    def _longer(self, wait: float) -> float:
        return min(2 * wait, LONGEST_WAIT) or self.first_wait

    def _rest(self, form: Waiting) -> None:
        _until, wait = self._resting.get(form.id, (0.0, 0.0))
        wait = self._longer(wait)
        self._resting[form.id] = (asyncio.get_running_loop().time() + wait, wait)

    async def _has_turn(self, domain: str) -> bool:
        """Wait until limits let a mail to this domain go; False if that would take long."""
        if not self._held.keys().isdisjoint(("", domain)):
            return False
        turn = await self.turns.take(domain)
        if turn.granted:
            await asyncio.sleep(turn.delay)
        else:
            # Not for so long as it may be: what a campaign gives back makes room earlier.
            self._held[turn.held] = asyncio.get_running_loop().time() + min(turn.delay, LOOK_AGAIN)
            note("confirmation-mail-waits-for-limits", logging.INFO, seconds=round(turn.delay))
        return turn.granted

    async def _send(self, session: SmtpSession, form: Waiting) -> bool:
        """Send one; False if it has to be tried again."""
        locale = halves_of(choose_locale(form.locale, self.house.settings.locales).locale)[0]
        base = self.house.settings.public_url
        if form.known:
            url = f"{base}/p/{self.tokens.reader_token(form.known)}"
        else:
            url = f"{base}/c/{self.tokens.signup_token(form.ref)}"
        written = self._written(locale, form.known, url)
        mail = notice_mail(written, locale, self.house.sender(locale), form.email, self.house.clock.now(), self.signer)
        outcome = await session.send(mail)
        match outcome.state:
            case State.ACCEPTED | State.IN_DOUBT:  # who did not get it fills in the form again
                await self.signups.mailed(form)
            case State.REJECTED:
                note("confirmation-mail-rejected", logging.INFO)
                await self.signups.drop(form)
            case _:
                note("confirmation-mail-put-off", logging.WARNING if outcome.ours else logging.INFO)
                return False
        return True

    def _written(self, locale: str, known: str, url: str) -> WrittenNotice:
        house = self.house
        words, organisation = house.composer.template_words(locale), house.settings.names()[locale]
        notice = (already_there if known else to_confirm)(words, organisation, url)
        return write_notice(notice, locale, house.composer, f"{house.settings.public_url}/")
