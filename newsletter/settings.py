"""``newsletter.yaml`` and the environment → Settings; read once, at the edge.

Every key can come from the environment: ``NEWSLETTER_SMTP__PORT=2525`` is
``smtp.port``.  Secrets may not stand in the file: they come from the
environment or from a file that is named by ``…_file``.

Only the room ``cli`` reads settings; it hands each other room what it needs.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import quote, urlsplit

import idna
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from newsletter.audience.segments import SegmentName, SegmentRule
from newsletter.audience.subscribers import parse_address
from newsletter.content.links import check_url
from newsletter.content.places import Source
from newsletter.content.problems import Problem, raise_problems
from newsletter.content.source import parse, read_source, validate
from newsletter.errors import ContentError, Finding, SettingsError, SourceSpan, did_you_mean
from newsletter.i18n.locales import Offer, halves_of, is_locale
from newsletter.render.theme import Theme

FILE_NAME = "newsletter.yaml"
PREFIX = "NEWSLETTER_"
PREVIEW_PASSWORD = f"{PREFIX}PREVIEW_PASSWORD"  # the studio's own (cli/preview.py); no setting
SECRETS = (("smtp", "password"), ("secret_key",))
MAX_PUBLIC_URL = 200  # characters; List-Unsubscribe must fit into a line of 998 (RFC 5322 §2.1.1)


def _locale(tag: str) -> str:
    if not is_locale(tag):
        raise_problems([Problem("unknown-locale", f"'{tag}' is no locale", "write e.g. en, es or pt_BR", tag)])
    return tag


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, zoneinfo.available_timezones())
        hint = hint if hint.startswith("did") else "use an IANA name such as America/New_York"
        raise_problems([Problem("bad-timezone", f"unknown time zone '{name}'", hint, name)])
    return name


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        raise_problems([Problem("bad-address", f"'{text}' is no address: {error}", "", text)])
        raise


def _public_url(url: str) -> str:
    """The address as mail needs it: in ASCII, and such that a path can follow."""
    problems = check_url(url)
    parts = urlsplit(url) if not problems else None
    if parts and parts.scheme not in ("https", "http"):
        problems = [Problem("bad-url", f"'{url}' is no web address", "write https://…", url)]
    elif parts and (parts.query or parts.fragment or "?" in url or "#" in url):
        problems = [Problem("bad-url", f"'{url}' ends in a query, so that no page can lie below it", "", url)]
    elif parts and len(url) > MAX_PUBLIC_URL:
        problems = [Problem("bad-url", f"the address is longer than {MAX_PUBLIC_URL} characters", "", url)]
    raise_problems(problems)
    assert parts is not None
    try:
        host = idna.encode(parts.hostname or "", uts46=True).decode()
    except idna.IDNAError as error:
        raise_problems([Problem("bad-url", f"'{url}' names no valid host: {error}", "", url)])
        raise
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{quote(parts.path, safe='/%~')}".rstrip("/")


def _database(url: str) -> str:
    if not url.startswith(("sqlite:///", "postgresql://")):
        hint = "write sqlite:///var/newsletter.db, or postgresql://user@host/name"
        raise_problems([Problem("bad-database", f"'{url}' is no database that this version knows", hint, url)])
    return url


Locale = Annotated[str, StringConstraints(strict=True), AfterValidator(_locale)]
Address = Annotated[str, StringConstraints(strict=True), AfterValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
# Tagged, so that a wrong type is one mistake and not one for each form the name may have.
NameByLocale = Annotated[
    Annotated[Name, Tag("one")] | Annotated[dict[Locale, Name], Tag("by-locale")],
    Discriminator(lambda value: "by-locale" if isinstance(value, dict) else "one"),
]


class Organisation(_Section):
    """Who writes."""

    name: NameByLocale = Field(description="The name; one, or one for each locale.")
    postal_address: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        min_length=5, description="Stands in every mail; the law in many countries wants it."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(description="IANA zone of events: America/New_York.")


class SenderSettings(_Section):
    """The addresses of every mail."""

    address: Address = Field(description="The From address.")
    reply_to: Address | None = Field(None, description="Where answers go; the From address, if left out.")
    bounces: Address | None = Field(None, description="Where undeliverable mail returns (the envelope sender).")


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class SmtpSettings(_Section):
    """The mail server that takes the mail."""

    host: str = Field(min_length=1, description="Name of the mail server.")
    port: int = Field(587, ge=1, le=65535, description="587 with starttls, 465 with tls.")
    security: Security = Field(Security.STARTTLS, description="starttls, tls, or none (this machine only).")
    username: str = Field("", description="For the login; empty for no login.")
    password: str = Field("", repr=False, description="Only from the environment: NEWSLETTER_SMTP__PASSWORD.")
    password_file: str = Field("", description="A file that holds the password.")
    connections: int = Field(5, ge=1, le=200, description="How many connections are kept open while sending.")
    messages_per_connection: int = Field(
        0, ge=0, le=100_000, description="Messages over one connection before a new one is opened; 0 for no limit."
    )
    timeout: float = Field(60.0, gt=0, le=600, description="Seconds to wait for an answer; the last one may take 600.")


class ApprovalRule(StrEnum):
    """Whether an edition must have been read over and approved before it is sent."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class DkimSettings(_Section):
    """Signatures by which receivers know that the mail is yours."""

    domain: Domain = Field(description="The domain that signs; the From address's own.")
    selector: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")] = Field(
        description="The name of the key in the DNS: <selector>._domainkey.<domain>."
    )
    key_file: str = Field(min_length=1, description="A PEM file with an RSA key of 2,048 bits or more, or Ed25519.")


class LimitSettings(_Section):
    """How fast mail may go out."""

    per_second: float | None = Field(None, gt=0, le=10_000, description="Evenly spaced; 0.5 is one every 2 seconds.")
    per_hour: int | None = Field(None, ge=1, description="In any 60 minutes.")
    per_day: int | None = Field(None, ge=1, description="In any 24 hours.")


class AllLimits(LimitSettings):
    """Limits of all mail, and of single recipient domains."""

    domains: dict[Domain, LimitSettings] = Field(default_factory=dict, description="By domain of the recipient.")
    pause_at_failures: float = Field(
        0.1, gt=0, le=1, description="Share of rejected or doubtful messages at which a campaign is paused."
    )


class CheckSettings(_Section):
    """What ``newsletter i18n check`` holds a translation to."""

    subject: int = Field(78, ge=20, le=150, description="Characters of a subject; phones show fewer.")
    preheader: int = Field(140, ge=20, le=250, description="Characters of a preheader.")
    button: int = Field(30, ge=10, le=100, description="Characters of what a button says.")
    reading_ease: int = Field(40, ge=0, le=100, description="Points of reading ease below which is warned.")


class PreviewSettings(_Section):
    """The studio, ``newsletter preview``."""

    test_addresses: tuple[Address, ...] = Field((), description="Where the studio may send a test to.")


class Settings(_Section):
    """All of ``newsletter.yaml``."""

    organisation: Organisation
    locales: tuple[Locale, ...] = Field(min_length=1, description="Languages; the first is the default.")
    approval: ApprovalRule = Field(ApprovalRule.OPTIONAL, description="required: send only what somebody approved.")
    formats: dict[Locale, Locale] = Field(default_factory=dict, description="Formatting locale by text locale.")
    sender: SenderSettings
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(description="Where web pages and pictures are.")
    database: Annotated[str, AfterValidator(_database)] = Field("sqlite:///var/newsletter.db")
    smtp: SmtpSettings | None = Field(None, description="Needed to send, not to draft.")
    limits: AllLimits = Field(default_factory=lambda: AllLimits.model_validate({}))
    dkim: DkimSettings | None = Field(None, description="Sign every message; needed unless the mail server does.")
    secret_key: str = Field("", repr=False, description="Only from the environment: NEWSLETTER_SECRET_KEY.")
    secret_key_file: str = Field("var/secret.key", description="The file that holds the key of all reader links.")
    checks: CheckSettings = Field(default_factory=lambda: CheckSettings.model_validate({}))
    preview: PreviewSettings = Field(default_factory=lambda: PreviewSettings.model_validate({}))
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
                f"formats: '{locale}' is not among the locales",
                did_you_mean(locale, self.locales),
                "formats:",
            )
            for locale in self.formats
            if locale not in self.locales
        ]
        if isinstance(self.organisation.name, dict):
            problems += [
                Problem("missing-locale", f"organisation.name has no value for '{locale}'", needle="name:")
                for locale in self.locales
                if locale not in self.organisation.name
            ]
        problems += [
            Problem("duplicate-locale", f"the locale '{locale}' stands there twice", needle="locales:")
            for locale in {locale for locale in self.locales if self.locales.count(locale) > 1}
        ]
        if self.smtp and self.smtp.security is Security.NONE and self.smtp.username and not _is_local(self.smtp.host):
            hint = "set smtp.security to starttls or tls"
            problems.append(
                Problem("unprotected-password", "the password would cross the network in the clear", hint, "security:")
            )
        problems += self._bilingual_problems()
        raise_problems(problems)
        return self

    def _bilingual_problems(self) -> list[Problem]:
        problems = []
        for name, pair in self.bilingual.items():
            if name not in self.segments:
                hint = did_you_mean(name, self.segments) or "define it under 'segments:'"
                problems.append(Problem("unknown-segment", f"bilingual: there is no segment '{name}'", hint, name))
            halves = halves_of(pair)
            if len(halves) != 2 or halves[0] == halves[1]:  # noqa: PLR2004 - a pair
                hint = "write two different locales in the order of reading, e.g. es+en"
                problems.append(Problem("bad-pair", f"bilingual: '{pair}' is no pair of languages", hint, pair))
                continue
            problems += [
                Problem(
                    "unknown-locale",
                    f"bilingual: '{half}' is not among the locales",
                    did_you_mean(half, self.locales),
                    pair,
                )
                for half in halves
                if half not in self.locales
            ]
        return problems

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
        name = self.organisation.name
        return name if isinstance(name, dict) else dict.fromkeys(self.locales, name)


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def read_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings of the workspace at ``root``; SettingsError with every finding."""
    try:
        source = read_source(root / FILE_NAME, FILE_NAME)
        if isinstance(source.data, dict):
            source.findings += _secrets_in(source)
            _overlay(source, environment)
            _read_secret_files(source, root)
        return validate(source, Settings)
    except ContentError as errors:
        raise SettingsError(errors.findings) from None


def _secrets_in(source: Source) -> list[Finding]:
    findings = []
    for path in SECRETS:
        data: Any = source.data
        for key in path:
            data = data.get(key) if isinstance(data, dict) else None
        if data is not None:
            variable = PREFIX + "__".join(path).upper()
            hint = f"set {variable}, or name a file with '{path[-1]}_file:'; then change the secret"
            where = source.find(source.root, f"{path[-1]}:", last=False)
            findings.append(Finding(where, "secret-in-file", f"'{path[-1]}' may not stand in this file", hint))
    url = source.data.get("database")
    if isinstance(url, str) and url.startswith("postgresql:") and _has_password(url):
        hint = "use PostgreSQL's own password file (~/.pgpass) or NEWSLETTER_DATABASE; then change the password"
        where = source.find(source.root, "database:", last=False)
        message = "the database's password may not stand in this file"
        findings.append(Finding(where, "secret-in-file", message, hint))
    return findings


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False


def _overlay(source: Source, environment: Mapping[str, str]) -> None:
    """Put what the environment says over what the file says."""
    for variable, value in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable == PREVIEW_PASSWORD:
            continue
        *sections, key = variable.removeprefix(PREFIX).lower().split("__")
        target = source.data
        for section in sections:
            inner = target.get(section)
            target[section] = dict(inner) if isinstance(inner, dict) else {}
            target = target[section]
        # A list or mapping is written as in the file; anything else is text, which the model turns into what it wants.
        structured = value[:1] in ("[", "{") and (*sections, key) not in SECRETS
        target[key] = parse(value, variable).data if structured else value
        source.origins[(*sections, key)] = SourceSpan(f"environment variable {variable}", line=0)


def _read_secret_files(source: Source, root: Path) -> None:
    """A password from the file that ``smtp.password_file`` names.  (The secret key's file may be made later.)"""
    smtp = source.data.get("smtp")
    if not isinstance(smtp, dict) or not isinstance(smtp.get("password_file"), str) or smtp.get("password"):
        return
    try:
        source.data["smtp"] = {**smtp, "password": (root / smtp["password_file"]).read_text(encoding="utf-8").strip()}
    except (OSError, UnicodeDecodeError) as error:
        where = source.find(source.root, "password_file:", last=False)
        source.findings.append(Finding(where, "unreadable", f"the password file cannot be read: {error}"))
