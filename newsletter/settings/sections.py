"""The sections of ``newsletter.yaml``, one model each."""

from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from newsletter.content.contacts import QueryName, QueryPair
from newsletter.errors import Level
from newsletter.settings.values import Address, Domain, NameByLocale, TagName, check_severity, timezone_name


class Section(BaseModel):
    """A mapping of the file; a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Organisation(Section):
    """Who writes."""

    name: NameByLocale = Field(description="The name; one, or one for each locale.")
    postal_address: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        min_length=5, description="Stands in every mail; the law in many countries wants it."
    )
    timezone: Annotated[str, AfterValidator(timezone_name)] = Field(description="IANA zone: America/New_York.")


class SenderSettings(Section):
    """The addresses of every mail."""

    address: Address = Field(description="The From address.")
    reply_to: Address | None = Field(None, description="Where answers go; the From address, if left out.")
    bounces: Address | None = Field(None, description="Where undeliverable mail returns (the envelope sender).")
    verp: bool = Field(default=False, description="An envelope sender for each mail: bounces+TOKEN@example.org.")


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class SmtpSettings(Section):
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


class Handling(StrEnum):
    """What becomes of a returned mail that was read and understood."""

    MOVE = "move"
    FLAG = "flag"


class BounceSettings(Section):
    """The mailbox to which mail comes back (IMAP)."""

    host: str = Field(min_length=1, description="Name of the IMAP server.")
    port: int = Field(993, ge=1, le=65535, description="993 with tls, 143 with starttls.")
    security: Security = Field(Security.TLS, description="tls, starttls, or none (this machine only).")
    username: str = Field(min_length=1, description="For the login.")
    password: str = Field("", repr=False, description="Only from the environment: NEWSLETTER_BOUNCES__PASSWORD.")
    password_file: str = Field("", description="A file that holds the password.")
    folders: tuple[str, ...] = Field(("INBOX",), min_length=1, description="The folders that are read.")
    handled: Handling = Field(Handling.MOVE, description="What becomes of mail that was understood: move or flag.")
    handled_folder: str = Field("Handled", min_length=1, description="Where it is moved to; made if it is not there.")
    timeout: float = Field(60.0, gt=0, le=600, description="Seconds to wait for an answer.")


class ApprovalRule(StrEnum):
    """Whether an edition must have been read over and approved before it is sent."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class DkimSettings(Section):
    """Signatures by which receivers know that the mail is yours."""

    domain: Domain = Field(description="The domain that signs; the From address's own.")
    selector: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")] = Field(
        description="The name of the key in the DNS: <selector>._domainkey.<domain>."
    )
    key_file: str = Field(min_length=1, description="A PEM file with an RSA key of 2,048 bits or more, or Ed25519.")


class LimitSettings(Section):
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


class CheckSettings(Section):
    """What ``newsletter check`` holds an edition to."""

    subject: int = Field(78, ge=20, le=150, description="Characters of a subject; phones show fewer.")
    preheader: int = Field(140, ge=20, le=250, description="Characters of a preheader.")
    button: int = Field(30, ge=10, le=100, description="Characters of what a button says.")
    reading_ease: int = Field(40, ge=0, le=100, description="Points of reading ease below which is warned.")
    severity: Annotated[dict[str, Level], AfterValidator(check_severity)] = Field(
        default_factory=dict, description="By check: error, warning or off."
    )


class Hosting(StrEnum):
    """Where the pictures of a mail are."""

    HOSTED = "hosted"
    INLINE = "inline"


class DonationSettings(Section):
    """What the donation page calls things in its address; an appeal may have names of its own."""

    amount: QueryName = Field("amount", description="The amount; empty: it is not told.")
    locale: QueryName = Field("locale", description="The language; empty: it is not told.")
    monthly: QueryPair = Field("monthly=1", description="What makes a gift monthly: a name, or name=value.")


class CalendarSettings(Section):
    """Events, as files for calendars."""

    attach: bool = Field(
        default=False, description="Attach the events of an issue to its mail, besides the link that is in it."
    )


class PreviewSettings(Section):
    """The studio, ``newsletter preview``."""

    test_addresses: tuple[Address, ...] = Field((), description="Where the studio may send a test to.")


class PublicSettings(Section):
    """The pages for readers, ``newsletter serve``."""

    interests: dict[TagName, NameByLocale] = Field(
        default_factory=dict, description="Tags that readers can choose, each with its name; one, or one by locale."
    )
    confirm_days: int = Field(7, ge=1, le=30, description="Days that the link to confirm a subscription works.")
    forms_per_hour: int = Field(60, ge=1, le=100_000, description="Forms to subscribe that one client may send.")
