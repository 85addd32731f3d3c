"""The shape of an issue: what one YAML file says, in its source language.

Extraction and translation walk the models by the markers of their fields
(``fields.py``) and never list fields by hand.  Source of the shapes: docs/issues.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from newsletter.content.blocks import Block
from newsletter.content.fields import Date, Locale, Preheader, Subject, Vocabulary
from newsletter.content.model import Model
from newsletter.content.placeholders import COUNTED
from newsletter.content.problems import Problem
from newsletter.wording import said


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
    archive: bool = Field(default=True, strict=True, description="false: the issue gets no page on the web, only mail.")
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=60)

    @property
    def mail_kind(self) -> MailKind:
        """What staff say it is; else an appeal if it asks for money, and tells or asks nothing else."""
        types = {block.type for block in self.blocks}
        asks = "appeal" in types and types.isdisjoint({"story", "video", "action"})
        return self.kind or (MailKind.APPEAL if asks else MailKind.NEWS)

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        blocks = raw.get("blocks")
        blocks = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
        names = [str(block.get("id", "")) for block in blocks]
        problems = [
            Problem(
                "duplicate-id",
                said("the id '%(name)s' is used %(number)s times", name=name, number=names.count(name)),
                said("translations hang on it, so it must be unique; choose another"),
                needle=f"id: {name}",
                last=True,
            )
            for name in sorted(set(names))
            if name and names.count(name) > 1
        ]
        texts = [(raw, str(raw.get("subject"))), (raw, str(raw.get("preheader")))]
        for owner, text in [*texts, *((block, _strings(block)) for block in blocks)]:
            for name in {found["number"] for found in COUNTED.finditer(text)}:
                if owner.get(name) is None:
                    hint = said("it belongs into an action that has '%(name)s:'", name=name)
                    message = said("{%(name)s} stands where there is no %(name)s", name=name)
                    problems.append(Problem("unknown-placeholder", message, hint, f"{{{name}"))
        return problems


def _strings(value: object) -> str:
    """All text in a raw value, one after the other."""
    if isinstance(value, Mapping):
        return " ".join(_strings(inner) for inner in value.values())
    if isinstance(value, list):
        return " ".join(_strings(inner) for inner in value)
    return value if isinstance(value, str) else ""
