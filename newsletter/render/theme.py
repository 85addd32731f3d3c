"""The look that ``newsletter.yaml`` may set, and whose letter it is.

Every value of a theme reaches MJML and CSS as it stands, so each is validated
to a form that can hold nothing else.  And every pair of colours in which the
templates set words must be readable; buttons are the same pairs turned round,
so that no colour of their lettering needs to be chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, model_validator

from newsletter.content.fields import check_picture
from newsletter.content.problems import Problem, raise_problems
from newsletter.render.ways import Donations, MapService
from newsletter.wording import said

DEFAULT_THEME = "harvest"  # the defaults of the keys; every other is a file (settings/themes.py)
MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3 (AA)

_COLOUR = re.compile(r"#[0-9a-f]{6}")


def _colour(value: str) -> str:
    if not _COLOUR.fullmatch(value):
        hint = said("write '#' and six digits of 0 to 9 and a to f, in quotes: '#1d5440'")
        raise_problems([Problem("bad-value", said("'%(value)s' is no colour", value=value), hint)])
    return value


Colour = Annotated[str, StringConstraints(strict=True, to_lower=True), AfterValidator(_colour)]


class Plain(str):
    """A value of our own that MJML must see as it is: a colour, a direction, a font list."""

    __slots__ = ()


class Font(StrEnum):
    """Families that are on the reader's device already; nothing is ever fetched."""

    SANS = "sans"
    SERIF = "serif"


class Corners(StrEnum):
    """How buttons end, and tags and bars."""

    SQUARE = "square"
    SOFT = "soft"
    ROUND = "round"


RADII = {Corners.SQUARE: "0px", Corners.SOFT: "3px", Corners.ROUND: "24px"}

# Roboto may not be named: the MJML engine would fetch it from Google.  Android shows it for Arial anyway.
# Each is in a mail a hundred times, so it names no font that its last word finds by itself.
FONT_STACKS = {
    Font.SANS: "-apple-system,'Segoe UI',Arial,sans-serif",
    Font.SERIF: "Georgia,'Noto Serif',serif",
}


def _logo(src: str, info: ValidationInfo) -> str:
    return check_picture(src, info) if src else src


class Theme(BaseModel):
    """Colours for light and dark, the fonts for text and headings, and the form of buttons."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)] = Field(
        DEFAULT_THEME, description="harvest, river, plaza, or one of your own; the keys below go over it."
    )
    primary: Colour = Field("#1d5440", description="Header, links and most buttons.")
    accent: Colour = Field("#92331b", description="Appeals and calls to action.")
    highlight: Colour = Field("#dc9f2e", description="Stripes and marks, in the dark too; never words.")
    paper: Colour = Field("#fcf8ef", description="Behind the text.")
    ground: Colour = Field("#efe6d3", description="Around the letter and behind boxes in it.")
    ink: Colour = Field("#22261f", description="The text.")
    primary_dark: Colour = Field("#9ad3b2", description="Links and most buttons, in the dark.")
    accent_dark: Colour = Field("#f0a588", description="Appeals and calls to action, in the dark.")
    paper_dark: Colour = Field("#1d211c", description="Behind the text, in the dark.")
    ground_dark: Colour = Field("#11140f", description="Around the letter and behind boxes in it, in the dark.")
    ink_dark: Colour = Field("#ece5d6", description="The text, in the dark.")
    heading_font: Font = Field(Font.SERIF, description="serif or sans.")
    text_font: Font = Field(Font.SERIF, description="serif or sans.")
    corners: Corners = Field(Corners.SOFT, description="square, soft or round: of buttons, tags and bars.")
    logo: Annotated[str, AfterValidator(_logo)] = Field(
        "", max_length=500, description="A picture for the header; a file beside the issues, or https."
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        problems = []
        for dark in ("", "_dark"):
            for words in ("ink", "primary", "accent"):
                for behind in ("paper", "ground"):
                    over, under = getattr(self, words + dark), getattr(self, behind + dark)
                    ratio = contrast(over, under)
                    if ratio < MIN_CONTRAST:
                        values = {"words": words + dark, "over": over, "behind": behind + dark, "under": under}
                        message = said("%(words)s %(over)s on %(behind)s %(under)s is hard to read", **values)
                        contrasts = {"ratio": f"{ratio:.1f}", "least": MIN_CONTRAST}
                        hint = said(
                            "its contrast is %(ratio)s : 1; choose colours with at least %(least)s : 1", **contrasts
                        )
                        problems.append(Problem("low-contrast", message, hint, over))
        raise_problems(problems)
        return self


def contrast(one: str, other: str) -> float:
    """How well ``#rrggbb`` reads on another, from 1 to 21.  Source: WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)  # noqa: PLR2004 - sRGB
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whose letter it is: what the header and footer of every edition say, and how its links are made.

    ``names`` is by locale; ``public_url`` has no slash at its end.  ``timezone``
    says when a day is over.
    """

    names: Mapping[str, str]
    postal_address: str
    public_url: str
    locales: tuple[str, ...]
    theme: Theme
    donations: Donations = field(default_factory=Donations)
    maps: MapService = MapService.OPENSTREETMAP
    timezone: str = "UTC"

    def name(self, locale: str) -> str:
        """The organisation's name as it calls itself in ``locale``."""
        return self.names[locale]
