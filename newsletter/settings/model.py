"""All of ``newsletter.yaml``, and what its sections must agree on."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from newsletter.audience.segments import SegmentName, SegmentRule
from newsletter.content.problems import Problem, raise_problems
from newsletter.errors import did_you_mean
from newsletter.i18n.locales import Offer, halves_of
from newsletter.render.theme import Theme
from newsletter.render.ways import MapService
from newsletter.settings.sections import (
    AllLimits,
    ApprovalRule,
    BounceSettings,
    CalendarSettings,
    CheckSettings,
    DkimSettings,
    DonationSettings,
    Hosting,
    Organisation,
    PreviewSettings,
    PublicSettings,
    Section,
    Security,
    SenderSettings,
    SmtpSettings,
)
from newsletter.settings.values import Locale, check_database, check_public_url
from newsletter.wording import said

MAX_VERP_LOCAL = 25  # characters; the plus sign and a token of two ten-digit numbers make it 64 (RFC 5321 §4.5.3.1.1)


class Settings(Section):
    """All of ``newsletter.yaml``."""

    organisation: Organisation
    locales: tuple[Locale, ...] = Field(min_length=1, description="Languages; the first is the default.")
    approval: ApprovalRule = Field(ApprovalRule.OPTIONAL, description="required: send only what somebody approved.")
    formats: dict[Locale, Locale] = Field(default_factory=dict, description="Formatting locale by text locale.")
    sender: SenderSettings
    public_url: Annotated[str, AfterValidator(check_public_url)] = Field(description="Where pages and pictures are.")
    database: Annotated[str, AfterValidator(check_database)] = Field("sqlite:///var/newsletter.db")
    smtp: SmtpSettings | None = Field(None, description="Needed to send, not to draft.")
    bounces: BounceSettings | None = Field(None, description="The mailbox to which mail comes back.")
    limits: AllLimits = Field(default_factory=lambda: AllLimits.model_validate({}))
    dkim: DkimSettings | None = Field(None, description="Sign every message; needed unless the mail server does.")
    secret_key: str = Field("", repr=False, description="Only from the environment: NEWSLETTER_SECRET_KEY.")
    secret_key_file: str = Field("var/secret.key", description="The file that holds the key of all reader links.")
    checks: CheckSettings = Field(default_factory=lambda: CheckSettings.model_validate({}))
    pictures: Hosting = Field(Hosting.HOSTED, description="hosted below public_url, or inline: in the mail itself.")
    maps: MapService = Field(MapService.OPENSTREETMAP, description="Where links to places lead.")
    donations: DonationSettings = Field(default_factory=lambda: DonationSettings.model_validate({}))
    calendar: CalendarSettings = Field(default_factory=lambda: CalendarSettings.model_validate({}))
    preview: PreviewSettings = Field(default_factory=lambda: PreviewSettings.model_validate({}))
    public: PublicSettings = Field(default_factory=lambda: PublicSettings.model_validate({}))
    theme: Theme = Field(default_factory=lambda: Theme.model_validate({}))
    segments: dict[SegmentName, SegmentRule] = Field(default_factory=dict, description="Named rules: who gets it.")
    bilingual: dict[SegmentName, str] = Field(
        default_factory=dict, description="Segments whose people get two languages in one message: es+en."
    )

    @model_validator(mode="after")
    def _locales_agree(self) -> Self:
        problems = [
            Problem(
                "unknown-locale",
                said("%(key)s: '%(locale)s' is not among the locales", key="formats", locale=locale),
                did_you_mean(locale, self.locales),
                "formats:",
            )
            for locale in self.formats
            if locale not in self.locales
        ]
        named = {"organisation.name": self.organisation.name}
        named |= {f"public.interests.{tag}": name for tag, name in self.public.interests.items()}
        problems += [
            Problem(
                "missing-locale",
                said("%(key)s has no value for '%(locale)s'", key=key, locale=locale),
                needle=f"{key.rpartition('.')[2]}:",
            )
            for key, name in named.items()
            if isinstance(name, dict)
            for locale in self.locales
            if locale not in name
        ]
        problems += [
            Problem(
                "duplicate-locale", said("the locale '%(locale)s' stands there twice", locale=locale), needle="locales:"
            )
            for locale in {locale for locale in self.locales if self.locales.count(locale) > 1}
        ]
        problems += [
            Problem(
                "unprotected-password",
                said("%(name)s: the password would cross the network in the clear", name=name),
                said("set %(name)s.security to starttls or tls", name=name),
                "security:",
            )
            for name, server in (("smtp", self.smtp), ("bounces", self.bounces))
            if server and server.security is Security.NONE and server.username and not _is_local(server.host)
        ]
        problems += self._verp_problems() + self._bilingual_problems()
        raise_problems(problems)
        return self

    def _verp_problems(self) -> list[Problem]:
        if not self.sender.verp:
            return []
        if self.sender.bounces is None:
            hint = said("name the address that takes them, as bounces@example.org")
            return [Problem("missing-key", said("sender.verp needs 'sender.bounces'"), hint, "verp:")]
        if len(self.sender.bounces.partition("@")[0]) > MAX_VERP_LOCAL:
            told = said(
                "sender.bounces is too long for sender.verp: at most %(most)s characters before the @",
                most=MAX_VERP_LOCAL,
            )
            return [Problem("bad-address", told, said("what is put behind them needs the rest"), "bounces:")]
        return []

    def _bilingual_problems(self) -> list[Problem]:
        problems = []
        for name, pair in self.bilingual.items():
            if name not in self.segments:
                hint = did_you_mean(name, self.segments) or said("define it under 'segments:'")
                message = said("bilingual: there is no segment '%(name)s'", name=name)
                problems.append(Problem("unknown-segment", message, hint, name))
            halves = halves_of(pair)
            if len(halves) != 2 or halves[0] == halves[1]:  # noqa: PLR2004 - a pair
                hint = said("write two different locales in the order of reading, e.g. es+en")
                message = said("bilingual: '%(pair)s' is no pair of languages", pair=pair)
                problems.append(Problem("bad-pair", message, hint, pair))
                continue
            problems += [
                Problem(
                    "unknown-locale",
                    said("%(key)s: '%(locale)s' is not among the locales", key="bilingual", locale=half),
                    did_you_mean(half, self.locales),
                    pair,
                )
                for half in halves
                if half not in self.locales
            ]
        return problems

    @property
    def approval_required(self) -> bool:
        """Whether only what somebody approved may be sent."""
        return self.approval is ApprovalRule.REQUIRED

    def offer(self) -> Offer:
        """The locales and pairs that readers can get."""
        return Offer(self.locales, self.bilingual)

    def editions(self) -> list[str]:
        """Every locale, then every pair that a segment gets."""
        return list(dict.fromkeys((*self.locales, *self.bilingual.values())))

    def format_locale(self, locale: str) -> str:
        """The formatting locale for a text locale."""
        return self.formats.get(locale, locale)

    def names(self) -> Mapping[str, str]:
        """The organisation's name by locale."""
        return self._by_locale(self.organisation.name)

    def interests(self) -> Mapping[str, Mapping[str, str]]:
        """The tags that readers can choose, each with its name by locale."""
        return {tag: self._by_locale(name) for tag, name in self.public.interests.items()}

    def _by_locale(self, name: str | dict[str, str]) -> Mapping[str, str]:
        return name if isinstance(name, dict) else dict.fromkeys(self.locales, name)


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
