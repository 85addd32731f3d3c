"""The look that ``newsletter.yaml`` may set, and whose letter it is.

Every value of a theme reaches MJML and CSS as it stands, so each is validated
to a form that can hold nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Colour = Annotated[str, StringConstraints(strict=True, pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]


class Plain(str):
    """A value of our own that MJML must see as it is: a colour, a direction, a font list."""

    __slots__ = ()


class Font(StrEnum):
    """Families that are on the reader's device already; nothing is ever fetched."""

    SANS = "sans"
    SERIF = "serif"


FONT_STACKS = {
    Font.SANS: "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    Font.SERIF: "Georgia, 'Times New Roman', Times, serif",
}


class Theme(BaseModel):
    """Colours for light and dark, and the fonts for text and headings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    primary: Colour = Field("#1f5c4d", description="Header, buttons and links.")
    accent: Colour = Field("#b8472a", description="Appeals and calls to action.")
    paper: Colour = Field("#ffffff", description="Behind the text.")
    ground: Colour = Field("#f3efe6", description="Around the letter.")
    ink: Colour = Field("#22281f", description="The text.")
    primary_dark: Colour = Field("#8fd3bd", description="Links and buttons on dark paper.")
    accent_dark: Colour = Field("#f0a58d", description="Calls to action on dark paper.")
    paper_dark: Colour = Field("#1e2320", description="Behind the text, in the dark.")
    ground_dark: Colour = Field("#121513", description="Around the letter, in the dark.")
    ink_dark: Colour = Field("#ece9e1", description="The text, in the dark.")
    heading_font: Font = Field(Font.SERIF, description="serif or sans.")
    text_font: Font = Field(Font.SANS, description="serif or sans.")
    logo: str = Field("", max_length=500, description="A picture for the header; a file beside the issues, or https.")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whose letter it is: what the header and footer of every edition say.

    ``names`` is by locale; ``public_url`` has no slash at its end.
    """

    names: Mapping[str, str]
    postal_address: str
    public_url: str
    locales: tuple[str, ...]
    theme: Theme

    def name(self, locale: str) -> str:
        """The organisation's name as it calls itself in ``locale``."""
        return self.names[locale]
