"""``locales/waivers.yaml``: findings that somebody looked at and judged to be right as they are.

A waiver names the issue, locale, message and check, gives the reason, and is
bound by a hash to both texts: whoever edits one of them gets the finding back.
It waives what may be waived; what blocks whatever one thinks (a lost link)
stays.  A waiver that waives nothing is reported, so that the file stays short.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from newsletter.content.source import parse, read_source, validate
from newsletter.errors import ContentError, SourceSpan
from newsletter.i18n.checks.findings import Check, CheckFinding, Severity, severity_of
from newsletter.wording import said

FILE_NAME = "waivers.yaml"
HEAD = """\
# What 'newsletter i18n check' finds and is right all the same. 'newsletter i18n waive' adds to it.
waivers:
"""
_HASH_LENGTH = 16  # hexadecimal digits; enough to tell texts apart, short enough to read

_Text = Annotated[str, StringConstraints(strict=True, min_length=1, strip_whitespace=True)]


class Waiver(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issue: _Text = Field(description="The slug of the issue.")
    locale: _Text = Field(description="The edition.")
    context: _Text = Field(description="The message: greeting.body")
    check: _Text = Field(description="The name of the check: numbers")
    reason: Annotated[str, StringConstraints(strict=True, min_length=3, strip_whitespace=True)]
    hash: _Text = Field(description="Of source, translation and check.")


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Waivers:
    """All waivers of a workspace, each with the line that it begins in."""

    path: str = FILE_NAME
    entries: tuple[tuple[Waiver, int], ...] = ()
    _by_hash: Mapping[tuple[str, str, str, str, str], str] = field(init=False)

    def __post_init__(self) -> None:
        keys = {(w.issue, w.locale, w.context, w.check, w.hash): w.reason for w, _line in self.entries}
        object.__setattr__(self, "_by_hash", keys)

    def apply(self, slug: str, locale: str, findings: Sequence[CheckFinding]) -> list[CheckFinding]:
        """The findings of one edition, those that are waived with the reason, and the waivers that waive nothing."""
        used: set[tuple[str, str, str, str, str]] = set()
        judged = []
        for finding in findings:
            key = (slug, locale, finding.context, finding.code, fingerprint(finding))
            reason = self._by_hash.get(key)
            if reason is not None and finding.severity is not Severity.BLOCKING:
                used.add(key)
                finding = replace(finding, reason=reason)  # noqa: PLW2901 - the same finding, judged
            judged.append(finding)
        return [*judged, *self._stale(slug, locale, used, {(f.context, f.code) for f in findings})]

    def _stale(
        self, slug: str, locale: str, used: set[tuple[str, str, str, str, str]], found: set[tuple[str, str]]
    ) -> Iterator[CheckFinding]:
        for waiver, line in self.entries:
            key = (waiver.issue, waiver.locale, waiver.context, waiver.check, waiver.hash)
            if (waiver.issue, waiver.locale) != (slug, locale) or key in used:
                continue
            if waiver.check not in list(Check):
                message = said("there is no check '%(check)s'", check=waiver.check)
            elif severity_of(waiver.check) is Severity.BLOCKING:
                message = said("'%(check)s' cannot be waived", check=waiver.check)
            elif (waiver.context, waiver.check) in found:
                values = {"check": waiver.check, "reason": waiver.reason}
                message = said("the text has changed since '%(check)s' was waived: %(reason)s", **values)
            else:
                message = said("'%(check)s' was waived and finds nothing here now", check=waiver.check)
            where = SourceSpan(self.path, line)
            hint = said("look at the message again; then delete this waiver, or waive anew")
            yield CheckFinding(Check.STALE_WAIVER, where, waiver.context, "", "", message, hint)

    def unknown(self, slugs: Sequence[str], locales: Sequence[str]) -> Iterator[CheckFinding]:
        """Waivers of issues or locales that are not there."""
        for waiver, line in self.entries:
            if waiver.issue in slugs and waiver.locale in locales:
                continue
            message = (
                said("there is no issue '%(slug)s'", slug=waiver.issue)
                if waiver.issue not in slugs
                else said("there is no locale '%(locale)s'", locale=waiver.locale)
            )
            where, hint = SourceSpan(self.path, line), said("delete this waiver")
            yield CheckFinding(Check.STALE_WAIVER, where, waiver.context, "", "", message, hint)


def fingerprint(finding: CheckFinding) -> str:
    """What a waiver is bound to: both texts and the check."""
    text = f"{finding.source}\0{finding.target}\0{finding.code}"
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def read_waivers(path: Path, shown: str) -> Waivers:
    """Read the file; no file is no waiver.  Raises ContentError with every finding."""
    if not path.exists():
        return Waivers(shown)
    source = read_source(path, shown)
    if source.data == {"waivers": None}:
        return Waivers(shown)
    entries = validate(source, _File).waivers
    lines = []
    if isinstance(source.root, yaml.MappingNode):
        for key, value in source.root.value:
            if key.value == "waivers" and isinstance(value, yaml.SequenceNode):
                lines = [node.start_mark.line + 1 for node in value.value]
    return Waivers(shown, tuple(zip(entries, lines, strict=True)))


def waive(path: Path, shown: str, slug: str, locale: str, finding: CheckFinding, reason: str) -> Waiver:
    """Add a waiver to the file, which keeps its comments.  An earlier one of the same message and check goes.

    Raises ContentError if the file is broken.
    """
    waiver = Waiver(
        issue=slug, locale=locale, context=finding.context, check=finding.code, reason=reason, hash=fingerprint(finding)
    )
    known = read_waivers(path, shown)
    same = (waiver.issue, waiver.locale, waiver.context, waiver.check)
    kept = [w for w, _line in known.entries if (w.issue, w.locale, w.context, w.check) != same or w.hash != waiver.hash]
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    if len(kept) == len(known.entries) and known.entries:
        added = text.rstrip("\n") + "\n" + _written([waiver])
        try:
            whole = [*(w for w, _line in known.entries), waiver]
            if list(validate(parse(added, shown), _File).waivers) == whole:
                return _replace(path, added, waiver)
        except ContentError:
            pass  # written in a style to which nothing can be added; then all of it is written anew
    return _replace(path, HEAD + _written([*kept, waiver]), waiver)


def _written(waivers: Sequence[Waiver]) -> str:
    data = [waiver.model_dump() for waiver in waivers]
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1_000)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _replace(path: Path, text: str, waiver: Waiver) -> Waiver:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".yaml.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return waiver
