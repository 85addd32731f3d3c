"""Who read an edition over, and whether what they read is still what would be sent.

An approval is bound to a *seal* of its edition: for every message a hash of
the source and of the translation, and for every block a hash of all that is no
text (links, pictures, dates, numbers, who sees it).  So what changed since can
be named, and an edit of one language voids the approval of that language only.

One small file for each edition, ``locales/<locale>/approvals/<slug>.yaml``:
it belongs under version control beside the catalog, and two people who approve
two editions never meet in one file.

The hash guards against mistakes, not against somebody who may write the file.
A picture is known by its name; its content is frozen with the campaign.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import polib
import yaml
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from newsletter.content.blocks import Divider
from newsletter.content.load import LoadedIssue
from newsletter.content.problems import Problem, raise_problems
from newsletter.content.source import read_source, validate
from newsletter.i18n.catalog import State, index, state
from newsletter.i18n.messages import map_texts, messages
from newsletter.i18n.translate import Edition
from newsletter.wording import quoted, said

DIGITS = 16  # hexadecimal digits of a hash: 64 bits, enough where nobody forges
HEAD = "(issue)"  # no id of a block; what stands for the issue itself among its blocks
_HEADER = "# Written by 'newsletter i18n approve'.  Do not edit it: approve the edition again instead.\n"


@dataclass(frozen=True, slots=True)
class Seal:
    """What an edition says, in hashes.  Messages by (context, hash of the source); "" is a missing translation."""

    messages: dict[tuple[str, str], str]
    blocks: dict[str, str]
    # The texts behind the hashes; only of a seal that was taken now.
    texts: dict[tuple[str, str], str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """Whether an edition may leave the house as far as its readers-over are concerned."""

    approval: Approval | None
    changes: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether somebody read over just this."""
        return self.approval is not None and not self.changes


def approval_state(approval: Approval | None, now: Seal) -> ApprovalState:
    """What an approval is worth for the edition as it is now."""
    return ApprovalState(approval, tuple(changes(approval.seal, now)) if approval else ())


def _moment(value: object) -> object:
    if isinstance(value, str):
        try:
            return dt.datetime.fromisoformat(value)
        except ValueError:
            hint = said("write e.g. 2019-06-03T18:00:00+00:00")
            raise_problems([Problem("bad-date", said("'%(value)s' is no moment", value=value), hint)])
    return value


class Approval(BaseModel):
    """The file of one edition.  A message is one line: context, hash of the source, hash of the translation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)]
    at: Annotated[AwareDatetime, BeforeValidator(_moment)]
    messages: tuple[Annotated[str, StringConstraints(strict=True, pattern=r"^\S+ \w+ \w+$")], ...]
    blocks: dict[str, Annotated[str, StringConstraints(strict=True)]] = Field(min_length=1)

    @property
    def seal(self) -> Seal:
        """What was read over."""
        rows = (line.split(" ") for line in self.messages)
        return Seal({(context, source): target for context, source, target in rows}, dict(self.blocks))


def approval_path(locales: Path, locale: str, slug: str) -> Path:
    """Where the approval of one edition lies."""
    return locales / locale / "approvals" / f"{slug}.yaml"


def read_approval(path: Path, shown: str) -> Approval | None:
    """The approval of an edition, valid or not; None if nobody approved it.  Raises ContentError for a broken file."""
    return validate(read_source(path, shown), Approval) if path.exists() else None


def write_approval(approval: Approval, path: Path) -> None:
    """Write an approval, whole or not at all."""
    data = {
        "by": approval.by,
        "at": approval.at.isoformat(timespec="seconds"),
        "messages": list(approval.messages),
        "blocks": approval.blocks,
    }
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1000)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".yaml.partial")
    partial.write_text(_HEADER + text, encoding="utf-8")
    partial.replace(path)


def approve(seal: Seal, by: str, at: dt.datetime) -> Approval:
    """The approval of what ``seal`` was taken from; the caller has made sure that it is complete."""
    lines = tuple(f"{context} {source} {target}" for (context, source), target in seal.messages.items())
    return Approval(by=by, at=at.astimezone(dt.UTC).replace(microsecond=0), messages=lines, blocks=seal.blocks)


def take_seal(loaded: LoadedIssue, edition: Edition, catalog: polib.POFile) -> Seal:
    """The seal of an edition that shows every block; of a draft too, whose holes count as missing."""
    locale, known = edition.locale, index(catalog)
    sealed: dict[tuple[str, str], str] = {}
    texts: dict[tuple[str, str], str] = {}
    for message in messages(loaded.issue, locale):
        target = message.text
        if locale != loaded.issue.source_locale:
            entry = known.get((message.context, message.text))
            target = entry.msgstr if entry and state(entry) is State.TRANSLATED else ""
        key = message.context, _hash(message.text)
        sealed[key] = _hash(target) if target else ""
        texts[key] = message.text
    # What is left without the texts; those of blocks that are not translated stay in.
    bare = map_texts(edition.issue, lambda message: "")
    named = {block.id: block for block in bare.blocks if not isinstance(block, Divider)}
    order = [block.model_dump_json() if isinstance(block, Divider) else block.id for block in bare.blocks]
    blocks = {HEAD: _hash(json.dumps([str(bare.date), bare.source_locale, order]))}
    # Without defaults, so that a key which is new in some version voids nothing.
    hashes = {name: _hash(block.model_dump_json(exclude_defaults=True)) for name, block in named.items()}
    return Seal(sealed, blocks | hashes, texts)


def changes(approved: Seal, now: Seal) -> list[str]:
    """What changed since an edition was approved, in words for staff; [] if the approval still holds."""
    return list(dict.fromkeys((*_changed_messages(approved, now), *_changed_blocks(approved, now))))


def _changed_messages(approved: Seal, now: Seal) -> Iterator[str]:
    gone = {context for context, source in approved.messages.keys() - now.messages.keys()}
    for key, target in now.messages.items():
        context, shown = key[0], _shown(now.texts.get(key, ""))
        if key not in approved.messages:
            values = {"context": context, "text": shown}
            if context in gone:
                yield said("source message %(context)s changed: %(text)s", **values)
            else:
                yield said("source message %(context)s is new: %(text)s", **values)
        elif not target:
            yield said("translation of %(context)s is gone or fuzzy: %(text)s", context=context, text=shown)
        elif approved.messages[key] != target:
            yield said("translation of %(context)s changed: %(text)s", context=context, text=shown)
    here = {context for context, _source in now.messages.keys() - approved.messages.keys()}
    for context in sorted(gone - here):
        yield said("source message %(context)s is gone", context=context)


def _changed_blocks(approved: Seal, now: Seal) -> Iterator[str]:
    for name in (*now.blocks, *(name for name in approved.blocks if name not in now.blocks)):
        if approved.blocks.get(name) == now.blocks.get(name):
            continue
        if name == HEAD:
            yield said("the date, the source locale or the order of the blocks changed")
        elif name not in approved.blocks:
            yield said("block '%(name)s' is new", name=name)
        elif name not in now.blocks:
            yield said("block '%(name)s' is gone", name=name)
        else:
            yield said("in block '%(name)s' a link, picture, date, number or untranslated text changed", name=name)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return quoted(line if len(line) <= 60 else f"{line[:59]}…")  # noqa: PLR2004 - fits a line of a terminal


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
