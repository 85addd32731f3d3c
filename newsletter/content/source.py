"""YAML text → checked models, with the line and column of everything that is wrong.

Reads YAML more strictly than PyYAML does: a key twice in one mapping is an
error, aliases and tags are refused (an alias can blow a small file up to
gigabytes), ``no`` is a word and ``12:30`` is no number (YAML 1.2's core
schema), and characters that cannot be seen are refused.  All findings of a
file come at once; only broken YAML syntax ends the reading at its first error.

Used for issues and for ``newsletter.yaml`` alike.  Never executes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from newsletter.content.explain import explain
from newsletter.errors import ContentError, Finding, SourceSpan

MAX_BYTES = 512 * 1024  # of one YAML file; the longest real issue has some 20 KB
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ue000-\uf8ff]")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_M = TypeVar("_M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Composes nodes only; knows the few plain scalars of YAML 1.2's core schema (§10.3.2)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not used here", event.start_mark)
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789"))


@dataclass(slots=True)
class Source:
    """One YAML file: its text, its node tree, and its plain data.  ``path`` is shown to staff."""

    path: str
    text: str
    root: yaml.Node
    data: Any
    findings: list[Finding] = field(default_factory=list)
    # Values that came from elsewhere than the file (the environment), by their keys.
    origins: dict[tuple[int | str, ...], SourceSpan] = field(default_factory=dict)

    def span(self, node: yaml.Node) -> SourceSpan:
        """Where a node starts."""
        return SourceSpan(self.path, node.start_mark.line + 1, node.start_mark.column + 1)

    def find(self, node: yaml.Node, needle: str, *, last: bool) -> SourceSpan:
        """Where ``needle`` stands inside a node; the node's start if it is not there to the letter."""
        start, end = node.start_mark.index, node.end_mark.index
        at = (self.text.rfind if last else self.text.find)(needle, start, end) if needle else -1
        if at < 0:
            return self.span(node)
        line_start = self.text.rfind("\n", 0, at) + 1
        return SourceSpan(self.path, self.text.count("\n", 0, at) + 1, at - line_start + 1)


def read_source(path: Path, shown: str) -> Source:
    """Read one YAML file.

    Raises ContentError: unreadable, too large, not UTF-8, empty, invisible
    characters, or broken YAML.  Duplicate keys are kept as findings of the
    returned Source, so that ``validate`` reports them with all others.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _fail(shown, "unreadable", f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        hint = "an issue is text; pictures are files of their own"
        raise _fail(shown, "too-large", f"the file is larger than {MAX_BYTES // 1024} KB", hint)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        span = SourceSpan(shown, before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        hint = "save it as UTF-8 (in the editor: 'Save with encoding')"
        raise ContentError([Finding(span, "not-utf-8", "the file is not UTF-8", hint)]) from None
    return parse(text.replace("\r\n", "\n"), shown)


def parse(text: str, shown: str) -> Source:
    """Like ``read_source``, for text already in memory."""
    if not text.strip():
        raise _fail(shown, "empty", "the file is empty", "'newsletter new SLUG' writes a commented skeleton")
    if invisible := list(_invisible(text, shown)):
        raise ContentError(invisible)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text, shown) from None
    except yaml.YAMLError as error:
        raise _fail(shown, "yaml", str(error)) from None
    except RecursionError:
        raise _fail(shown, "yaml", "the YAML is nested too deeply") from None
    finally:
        loader.dispose()
    if root is None:
        raise _fail(shown, "empty", "the file holds nothing but comments")
    source = Source(shown, text, root, None)
    source.data = _construct(root, source)
    return source


def validate(source: Source, model: type[_M], context: object = None) -> _M:
    """Turn a Source into ``model``; ContentError with every finding of the file."""
    if not isinstance(source.data, Mapping):
        raise _fail(
            source.path, "wrong-type", "the file must be a mapping of keys to values", "start with 'key: value'"
        )
    findings = list(source.findings)
    try:
        result = model.model_validate(source.data, context=context)
    except ValidationError as error:
        findings += explain(error, model, source)
    else:
        if not findings:
            return result
    raise ContentError(findings)


def _invisible(text: str, shown: str) -> Iterator[Finding]:
    for found in _FORBIDDEN.finditer(text):
        before = text[: found.start()]
        span = SourceSpan(shown, before.count("\n") + 1, found.start() - (before.rfind("\n") + 1) + 1)
        message = f"the invisible character U+{ord(found.group()):04X} may not stand here"
        yield Finding(span, "invisible-character", message, "delete it; it often comes with pasted text")


def _construct(node: yaml.Node, source: Source) -> Any:
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            if not isinstance(key_node, yaml.ScalarNode):
                source.findings.append(Finding(source.span(key_node), "wrong-type", "a key must be plain text"))
            elif key in mapping:
                hint = "keep one of them; the other would be lost"
                source.findings.append(
                    Finding(source.span(key_node), "duplicate-key", f"the key '{key}' stands here twice", hint)
                )
            mapping[key] = _construct(value_node, source)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, source) for item in node.value]
    if node.tag.startswith("tag:yaml.org,2002:"):
        kind = node.tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return node.value == "true"
        if kind == "int" and _INTEGER.fullmatch(node.value) and len(node.value) < 19:  # noqa: PLR2004 - fits 64 bits
            return int(node.value)
        if kind == "float":
            return float(node.value)
        if kind in ("str", "int"):
            return node.value
    source.findings.append(Finding(source.span(node), "yaml", f"YAML tags ({node.tag}) are not used here"))
    return node.value


def _syntax(error: yaml.MarkedYAMLError, text: str, shown: str) -> ContentError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = str(error.problem or error.context or "broken YAML")
    lines = text.splitlines()
    this_line = lines[line - 1] if line <= len(lines) else ""
    if "\\t" in message or "\t" in this_line[: column + 1]:
        finding = Finding(
            SourceSpan(shown, line, column), "tab", "a tab stands where YAML wants spaces", "indent with spaces"
        )
        return ContentError([finding])
    hint = ""
    if "mapping values are not allowed" in message:
        hint = "a text that holds ': ' must stand in quotes, or on its own lines after '|'"
    elif "could not find expected ':'" in message or "expected <block end>" in message:
        hint = "look at the indentation here and on the line before"
    return ContentError([Finding(SourceSpan(shown, line, column), "yaml", message, hint)])


def _fail(shown: str, code: str, message: str, hint: str = "") -> ContentError:
    return ContentError([Finding(SourceSpan(shown), code, message, hint)])
