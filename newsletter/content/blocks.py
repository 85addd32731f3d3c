"""The kinds of blocks, one model each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import reduce
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from newsletter.content.event import Event
from newsletter.content.fields import (
    Currency,
    Date,
    Line,
    Markdown,
    OptionalLine,
    OptionalMarkdown,
    Slug,
    Translatable,
    UrlByLocale,
    Vocabulary,
)
from newsletter.content.model import Model
from newsletter.content.parts import CallScript, DonationQuery, Figure, Image, LetterDraft, Link, Only, Sharing
from newsletter.content.problems import Problem
from newsletter.wording import Said, said

Count = Annotated[int, Field(strict=True, ge=0)]


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
        hint = said("leave one of the two out")
        return [
            Problem(
                "not-translated",
                said("'%(key)s' is given by locale, and the block says 'translate: false'", key=key),
                hint,
                key,
            )
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


class Video(BlockBase):
    """A film to watch: a picture from it with a play mark drawn on, and a button."""

    type: Literal["video"]
    title: Line
    body: OptionalMarkdown = ""
    poster: Image = Field(description="A picture from the film; on a file, the play mark is drawn for you.")
    url: UrlByLocale = Field(description="Where the film is.")
    label: OptionalLine = Field("", description="What the button says; 'Watch the video' if left out.")
    minutes: Annotated[int, Field(strict=True, ge=1, le=600)] | None = Field(None, description="How long it is.")


class Figures(BlockBase):
    """Some numbers in a row."""

    type: Literal["figures"]
    title: OptionalLine = ""
    figures: tuple[Figure, ...] = Field(min_length=1, max_length=4, description="Up to four; three look best.")


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
    amounts: tuple[Annotated[int, Field(strict=True, gt=0, le=1_000_000)], ...] = Field(
        (), max_length=6, description="Suggested amounts, a button each."
    )
    currency: Currency = "USD"
    monthly: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="true: the amounts also as gifts of every month."
    )
    query: DonationQuery | None = Field(None, description="What this donation page calls the amount and the language.")


class ActionKind(StrEnum):
    """What readers are asked to do."""

    PETITION = "petition"
    LETTER = "letter"
    CALL = "call"
    EVENT = "event"
    MARCH = "march"
    RSVP = "rsvp"
    SHARE = "share"


# What each kind cannot do without: one of these keys.
NEEDS: Mapping[ActionKind, tuple[str, ...]] = {
    ActionKind.PETITION: ("targets",),
    ActionKind.LETTER: ("letter", "targets"),
    ActionKind.CALL: ("call", "targets"),
    ActionKind.EVENT: ("event",),
    ActionKind.MARCH: ("event",),
    ActionKind.RSVP: ("event",),
    ActionKind.SHARE: ("share", "targets"),
}
_MEANT = {
    "targets": said("'targets:', a list of url and label"),
    "event": said("'event:' with starts, and place or online"),
    "letter": said("'letter:' with to, subject and body"),
    "call": said("'call:' with to and script"),
    "share": said("'share:' with text"),
}


def _or(one: Said, other: Said) -> Said:
    return said("%(one)s, or %(other)s", one=one, other=other)


class Action(BlockBase):
    """A call to do something: sign, write, call, come, share."""

    type: Literal["action"]
    kind: ActionKind
    title: Line
    body: OptionalMarkdown = Field("", description="May hold {count}, which is written as each language writes it.")
    image: Image | None = None
    event: Event | None = None
    letter: LetterDraft | None = Field(None, description="A letter that opens in the reader's mail program.")
    call: CallScript | None = Field(None, description="Whom to call, and what to say.")
    share: Sharing | None = Field(None, description="What to pass on, with a button for each way.")
    targets: tuple[Link, ...] = Field((), max_length=10, description="Where to act; the first one is the main button.")
    count: Count | None = Field(None, description="The number behind {count}.")
    goal: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None, description="The number behind {goal}; with it a bar shows how far the count has come."
    )
    progress: OptionalLine = Field("", description="The words beside the bar: 'Nearly {count} of {goal} have signed'.")
    deadline: Date | None = Field(None, description="The last day on which it helps.")

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        problems = super().cross_check(raw, words)
        kind = str(raw.get("kind", ""))
        needs = NEEDS[ActionKind(kind)] if kind in set(ActionKind) else ()
        if needs and not any(raw.get(key) for key in needs):
            what = reduce(_or, (_MEANT[key] for key in needs))
            problems.append(Problem("missing-key", said("'kind: %(kind)s' needs %(what)s", kind=kind, what=what)))
        if raw.get("goal") is not None and raw.get("count") is None:
            problems.append(Problem("missing-key", said("a goal needs 'count:', how far it has come"), needle="goal:"))
        if raw.get("progress") and raw.get("goal") is None:
            hint = said("add 'goal:', or say it in the body")
            message = said("'progress' stands beside a bar, and there is no goal")
            problems.append(Problem("missing-key", message, hint, "progress:"))
        return problems


Block = Annotated[
    Text | Story | Quote | ImageBlock | Video | Figures | Divider | Appeal | Action,
    Discriminator("type"),
]
