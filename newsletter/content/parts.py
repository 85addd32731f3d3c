"""What blocks are made of: links, pictures, and what is written or said in an action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo

from newsletter.content.contacts import MailAddress, PhoneNumber, QueryName, QueryPair
from newsletter.content.fields import (
    Date,
    Line,
    Locale,
    Markdown,
    OptionalLine,
    OptionalMarkdown,
    PictureByLocale,
    Segment,
    UrlByLocale,
    Vocabulary,
    vocabulary,
)
from newsletter.content.model import Model
from newsletter.content.placeholders import PLACEHOLDER
from newsletter.content.problems import Problem, raise_problems
from newsletter.wording import said

MAX_LETTER = 1_200  # characters; render/quality/links.py counts what the address has in each language


class Only(Model):
    """Who sees a block; whoever is left out does not learn that it exists."""

    locales: tuple[Locale, ...] = Field((), description="Only these languages.")
    segments: tuple[Segment, ...] = Field((), description="Only readers in one of these segments.")

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        if raw.get("locales") or raw.get("segments"):
            return []
        return [
            Problem("empty-only", said("'only' limits nothing"), said("name locales or segments, or leave 'only' out"))
        ]


class Link(Model):
    """A button or a link: where it leads, and what it says."""

    url: UrlByLocale = Field(description="Where it leads; one URL, or one for each locale.")
    label: Line = Field(description="What the button says, as a verb: 'Read more', 'Watch the talk'.")


def _not_over(until: dt.date, info: ValidationInfo) -> dt.date:
    words = vocabulary(info)
    if words and words.today and until < words.today:
        hint = said("ask the people in it again and change the date, or show another picture")
        message = said("the consent to show this picture ended on %(day)s", day=until)
        raise_problems([Problem("consent-over", message, hint)])
    return until


class Consent(Model):
    """The word of the people in a picture that it may be shown.  Readers never see it."""

    who: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500)] = Field(
        description="Who gave it, and how: 'Rosa, on paper, May 30'.  A note for staff."
    )
    until: Annotated[Date, AfterValidator(_not_over)] | None = Field(
        None, description="The last day on which the picture may be shown."
    )


class Image(Model):
    """A picture with its alternative text."""

    src: PictureByLocale = Field(description="A file beside the issues (media/x.png), or an https address.")
    alt: OptionalLine = Field(description='What it shows, for those who cannot see it; "" if it only decorates.')
    caption: OptionalLine = Field("", description="A line below the picture.")
    credit: OptionalLine = Field("", description="Whose picture it is: 'Photo: Rosa Example'.")
    consent: Consent | None = Field(None, description="That the people in it agreed; a note for staff.")


class LetterDraft(Model):
    """A letter that readers send from their own mail program, ready to be changed."""

    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=10, description="The addresses it goes to.")
    subject: Line = Field(description="Its subject.")
    body: Markdown = Field(description="Its words, in paragraphs; readers put their name below.")

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        problems = []
        for key in ("subject", "body"):
            value = raw.get(key)
            texts = [
                text for text in (value.values() if isinstance(value, Mapping) else [value]) if isinstance(text, str)
            ]
            for text in texts:
                if found := PLACEHOLDER.search(text):
                    hint = said("the letter is the same for all; readers sign it themselves")
                    message = said("a letter to send holds no name")
                    problems.append(Problem("bad-placeholder", message, hint, found.group()))
                if len(text) > MAX_LETTER:
                    message = said("the letter is too long: at most %(most)s characters", most=MAX_LETTER)
                    hint = said("some mail programs drop longer ones; say the most important")
                    problems.append(Problem("too-long", message, hint, f"{key}:"))
        return problems


class Phone(Model):
    """Somebody to call."""

    name: Line = Field(description="Who answers: 'the office of Governor Example'.")
    number: PhoneNumber = Field(description="With the code of the country: +1 802 555 0100")


class CallScript(Model):
    """Whom to call, and what to say."""

    to: tuple[Phone, ...] = Field(min_length=1, max_length=10, description="The numbers to call.")
    script: OptionalMarkdown = Field("", description="What to say, word for word.")


class Way(StrEnum):
    """A way to pass something on, each a plain link that tells nobody who sent it."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    EMAIL = "email"
    FACEBOOK = "facebook"
    BLUESKY = "bluesky"
    TELEGRAM = "telegram"


class Sharing(Model):
    """What readers pass on, and by which ways."""

    text: Line = Field(description="What their message says; the address is put behind it.")
    url: UrlByLocale | None = Field(None, description="What is passed on; this letter's own page, if left out.")
    ways: tuple[Way, ...] = Field(tuple(Way)[:5], min_length=1, max_length=len(Way), description="In this order.")


class Figure(Model):
    """A number that tells something, set large."""

    number: Annotated[int, Field(strict=True, ge=0)] = Field(description="Each language writes it its own way.")
    about: OptionalLine = Field("", description="A word before it: 'over', 'nearly'.")
    what: Line = Field(description="What is counted: 'dairy farms in Vermont and New York'.")


class DonationQuery(Model):
    """What the donation page calls the amount, the language and a monthly gift in its address.

    Of an appeal, what is left out is as the settings have it.
    """

    amount: QueryName | None = Field(None, description="The amount: 'amount' makes …?amount=25.")
    locale: QueryName | None = Field(None, description="The language: 'locale' makes …&locale=es.")
    monthly: QueryPair | None = Field(None, description="A gift every month: 'monthly=1' makes …&monthly=1.")
