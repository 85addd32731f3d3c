"""The shape of an issue: one pydantic model a block type, all frozen, all refusing unknown keys.

An ``Issue`` is what one YAML file says, in its source language.  Extraction
and translation walk the models by the markers of their fields (``fields.py``)
and never list fields by hand.  Source of the shapes: docs/issues.md.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from newsletter.content.fields import (
    Currency,
    Date,
    Line,
    Locale,
    LocalTime,
    Markdown,
    OptionalLine,
    OptionalMarkdown,
    PictureByLocale,
    Preheader,
    Segment,
    Slug,
    Subject,
    Translatable,
    UrlByLocale,
    Vocabulary,
    parse_local_time,
    vocabulary,
)
from newsletter.content.placeholders import COUNT, COUNTED
from newsletter.content.problems import Problem, merge_problems, raise_problems
from newsletter.errors import did_you_mean


class Model(BaseModel):
    """The base of all: frozen, strict about keys, and all its mistakes reported at once.

    pydantic runs a model's own validators only when every field is valid, so
    staff would learn of "ends before it starts" one round after a typo.  What
    compares several keys is therefore a ``cross_check`` of the raw mapping.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        """Problems between the keys of one mapping as written; must accept any nonsense."""
        return []

    @model_validator(mode="wrap")
    @classmethod
    def _report_all(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        problems = cls.cross_check(data, vocabulary(info)) if isinstance(data, Mapping) else []
        try:
            model = handler(data)
        except ValidationError as error:
            if not problems:
                raise
            raise merge_problems(error, problems) from None
        raise_problems(problems)
        return model


class Link(Model):
    """A button or a link: where it leads, and what it says."""

    url: UrlByLocale = Field(description="Where it leads; one URL, or one for each locale.")
    label: Line = Field(description="What the button says, as a verb: 'Read more', 'Watch the talk'.")


class Image(Model):
    """A picture with its alternative text."""

    src: PictureByLocale = Field(description="A file beside the issues (media/x.png), or an https address.")
    alt: OptionalLine = Field(description='What it shows, for those who cannot see it; "" if it only decorates.')
    caption: OptionalLine = Field("", description="A line below the picture.")


class Event(Model):
    """When and where people meet.  Times are local to ``timezone``."""

    starts: LocalTime = Field(description="Local date and time: 2019-06-10T18:00")
    ends: LocalTime | None = Field(None, description="Local date and time of the end.")
    timezone: str = Field("", description="IANA zone, e.g. America/New_York; the organisation's, if left out.")
    place: OptionalLine = Field("", description="Where, as one would tell it: 'our office, King Street, Burlington'.")
    online: UrlByLocale | None = Field(None, description="The address of the video meeting.")

    @model_validator(mode="before")
    @classmethod
    def _default_zone(cls, data: Any, info: ValidationInfo) -> Any:
        words = vocabulary(info)
        if isinstance(data, dict) and words and data.get("timezone", "") == "":
            return {**data, "timezone": words.timezone}
        return data

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        problems = []
        if not raw.get("place") and not raw.get("online"):
            hint = "add 'place:' or 'online:'"
            problems.append(Problem("no-place", "the event has neither a place nor an online address", hint))
        zone_name = str(raw.get("timezone") or (words.timezone if words else "UTC"))
        times = {key: parse_local_time(raw.get(key)) for key in ("starts", "ends")}
        try:
            zone = zoneinfo.ZoneInfo(zone_name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            hint = did_you_mean(zone_name, zoneinfo.available_timezones())
            hint = hint if len(hint) < 100 else "use an IANA name such as America/New_York"  # noqa: PLR2004 - not the whole list
            problems.append(Problem("bad-timezone", f"unknown time zone '{zone_name}'", hint, zone_name))
        else:
            for key, time in times.items():
                if time is None:
                    continue
                try:
                    back = time.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone)
                except OverflowError:  # the first day of the year 1, the last of 9999
                    problems.append(Problem("bad-date", f"the year {time.year} is out of reach", needle=f"{key}:"))
                    continue
                if back.replace(tzinfo=None) != time:
                    hint = f"clocks were put forward that night; did you mean {back:%H:%M}?"
                    message = f"{time:%Y-%m-%d %H:%M} does not exist in {zone_name}"
                    problems.append(Problem("no-such-time", message, hint, needle=f"{key}:"))
        if times["starts"] and times["ends"] and times["ends"] <= times["starts"]:
            hint = f"it starts at {times['starts']:%Y-%m-%d %H:%M}"
            problems.append(Problem("ends-before-start", "the event ends before it starts", hint, "ends:"))
        return problems

    @property
    def starts_at(self) -> dt.datetime:
        """The start, aware."""
        return self.starts.replace(tzinfo=zoneinfo.ZoneInfo(self.timezone or "UTC"))

    @property
    def ends_at(self) -> dt.datetime | None:
        """The end, aware."""
        return self.ends and self.ends.replace(tzinfo=zoneinfo.ZoneInfo(self.timezone or "UTC"))


class Only(Model):
    """Who sees a block; whoever is left out does not learn that it exists."""

    locales: tuple[Locale, ...] = Field((), description="Only these languages.")
    segments: tuple[Segment, ...] = Field((), description="Only readers in one of these segments.")

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        if raw.get("locales") or raw.get("segments"):
            return []
        return [Problem("empty-only", "'only' limits nothing", "name locales or segments, or leave 'only' out")]


class BlockBase(Model):
    """What every block has."""

    id: Slug = Field(description="Stable and unique in the issue: translations hang on it.")
    only: Only | None = Field(None, description="Limit the block to some locales or segments.")
    translate: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="false: its texts are used as they are, in every locale."
    )

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        if raw.get("translate") is not False:
            return []
        hint = "leave one of the two out"
        return [
            Problem("not-translated", f"'{key}' is given by locale, and the block says 'translate: false'", hint, key)
            for key, info in cls.model_fields.items()
            if isinstance(raw.get(key), Mapping) and any(isinstance(mark, Translatable) for mark in info.metadata)
        ]


class Text(BlockBase):
    """Plain words: a greeting, an introduction, a farewell."""

    type: Literal["text"]
    title: OptionalLine = ""
    body: Markdown


class Story(BlockBase):
    """Something that happened."""

    type: Literal["story"]
    title: Line
    body: Markdown
    image: Image | None = None
    link: Link | None = None


class Quote(BlockBase):
    """Somebody's words, set large."""

    type: Literal["quote"]
    text: Line = Field(description="The words, without quotation marks; each language sets its own.")
    by: OptionalLine = Field("", description="Who said it.")


class ImageBlock(BlockBase):
    """A picture on its own."""

    type: Literal["image"]
    image: Image
    link: UrlByLocale | None = Field(None, description="Where a click on the picture leads.")


class Divider(Model):
    """A line between two parts."""

    type: Literal["divider"]
    only: Only | None = None


class Appeal(BlockBase):
    """A request for a donation."""

    type: Literal["appeal"]
    title: Line
    body: OptionalMarkdown = ""
    image: Image | None = None
    url: UrlByLocale = Field(description="The donation page.")
    label: OptionalLine = Field("", description="What the button says; 'Donate' if left out.")
    amounts: tuple[Annotated[int, Field(strict=True, gt=0, le=1_000_000)], ...] = Field((), max_length=6)
    currency: Currency = "USD"


class ActionKind(StrEnum):
    """What readers are asked to do."""

    PETITION = "petition"
    LETTER = "letter"
    CALL = "call"
    EVENT = "event"
    MARCH = "march"
    RSVP = "rsvp"
    SHARE = "share"


NEEDS_EVENT = (ActionKind.EVENT, ActionKind.MARCH, ActionKind.RSVP)


class Action(BlockBase):
    """A call to do something: sign, write, call, come, share."""

    type: Literal["action"]
    kind: ActionKind
    title: Line
    body: OptionalMarkdown = Field("", description="May hold {count}, which is written as each language writes it.")
    image: Image | None = None
    event: Event | None = None
    targets: tuple[Link, ...] = Field((), max_length=10, description="Where to act; the first one is the main button.")
    count: Annotated[int, Field(strict=True, ge=0)] | None = Field(None, description="The number behind {count}.")
    deadline: Date | None = Field(None, description="The last day on which it helps.")

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        problems = super().cross_check(raw, words)
        kind = str(raw.get("kind", ""))
        if kind in NEEDS_EVENT and not raw.get("event"):
            problems.append(Problem("missing-key", f"a {kind} needs 'event:' with starts, and place or online"))
        if kind in set(ActionKind) - set(NEEDS_EVENT) and not raw.get("targets"):
            problems.append(Problem("missing-key", f"a {kind} needs 'targets:', a list of url and label"))
        return problems


Block = Annotated[
    Text | Story | Quote | ImageBlock | Divider | Appeal | Action,
    Discriminator("type"),
]


class MailKind(StrEnum):
    """What readers may choose to get, or not to get."""

    NEWS = "news"
    APPEAL = "appeal"


class Issue(Model):
    """One newsletter, as written, in ``source_locale``."""

    source_locale: Locale = Field(description="The language this file is written in.")
    date: Date = Field(description="The date readers see: 2019-06-03")
    subject: Subject = Field(description="The mail's subject line.")
    preheader: Preheader = Field(description="The grey line that mail clients show beside the subject.")
    kind: MailKind | None = Field(
        None, description="news or appeal: readers may decline either. By its blocks, if left out."
    )
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=60)

    @property
    def mail_kind(self) -> MailKind:
        """What staff say it is; else an appeal if it asks for money, and tells or asks nothing else."""
        types = {block.type for block in self.blocks}
        asks = "appeal" in types and types.isdisjoint({"story", "action"})
        return self.kind or (MailKind.APPEAL if asks else MailKind.NEWS)

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        blocks = raw.get("blocks")
        blocks = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
        names = [str(block.get("id", "")) for block in blocks]
        problems = [
            Problem(
                "duplicate-id",
                f"the id '{name}' is used {names.count(name)} times",
                "translations hang on it, so it must be unique; choose another",
                needle=f"id: {name}",
                last=True,
            )
            for name in sorted(set(names))
            if name and names.count(name) > 1
        ]
        uncounted = [_strings(block) for block in blocks if block.get("count") is None]
        for text in [str(raw.get("subject")), str(raw.get("preheader")), *uncounted]:
            if COUNTED.search(text):
                hint = "it belongs into an action that has 'count:'"
                problems.append(
                    Problem("unknown-placeholder", f"{COUNT} stands where there is no count", hint, "{count")
                )
        return problems


def _strings(value: object) -> str:
    """All text in a raw value, one after the other."""
    if isinstance(value, Mapping):
        return " ".join(_strings(inner) for inner in value.values())
    if isinstance(value, list):
        return " ".join(_strings(inner) for inner in value)
    return value if isinstance(value, str) else ""
