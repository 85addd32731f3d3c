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
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from newsletter.content import characters
from newsletter.content.explain import explain
from newsletter.content.places import Source
from newsletter.content.syntax import explain_syntax, find_conflicts
from newsletter.errors import ContentError, Finding, SourceSpan
from newsletter.wording import said

MAX_BYTES = 512 * 1024  # of one YAML file; the longest real issue has some 20 KB
_HASHTAG = re.compile(r"[ \t]+#\w")  # behind a value; whoever writes a comment mostly writes a space
_M = TypeVar("_M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Composes nodes only; knows the few plain scalars of YAML 1.2's core schema (§10.3.2)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.unused: list[tuple[str, yaml.Mark]] = []  # tags and anchors

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases", event.start_mark)
        if event.tag is not None:
            # Also "!!float x", which no value can be made of.  Without its tag the node is read on as it looks.
            self.unused.append((said("YAML tags (%(tag)s) are not used here", tag=event.tag), event.start_mark))
            event.tag = None
        if event.anchor is not None:  # else "&now we win" would be read as "we win"
            self.unused.append(
                (said("YAML anchors (&%(name)s) are not used here", name=event.anchor), event.start_mark)
            )
            event.anchor = None
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
# Not 05401: a postcode or a telephone number stays the text that was written.
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(0|[1-9][0-9]*)\.[0-9]+$"), list("-+0123456789")
)


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
        hint = said("check its name and its permissions")
        raise _fail(shown, "unreadable", said("cannot be read: %(why)s", why=error.strerror), hint) from None
    if len(raw) > MAX_BYTES:
        hint = said("an issue is text; pictures are files of their own")
        raise _fail(shown, "too-large", said("the file is larger than %(most)s KB", most=MAX_BYTES // 1024), hint)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        span = SourceSpan(shown, before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        hint = said("save it as UTF-8 (in the editor: 'Save with encoding')")
        raise ContentError([Finding(span, "not-utf-8", said("the file is not UTF-8"), hint)]) from None
    return parse(text, shown)


def parse(text: str, shown: str) -> Source:
    """Like ``read_source``, for text already in memory."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        hint = said("'newsletter new SLUG' writes a commented skeleton")
        raise _fail(shown, "empty", said("the file is empty"), hint)
    if found := [*find_invisible(text, shown), *find_conflicts(text, shown)]:
        raise ContentError(found)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise ContentError([explain_syntax(error, text, shown)]) from None
    except yaml.YAMLError as error:
        raise _fail(shown, "yaml", said("this is no YAML: %(why)s", why=error)) from None
    except RecursionError:
        raise _fail(shown, "yaml", said("the YAML is nested too deeply")) from None
    except (ValueError, OverflowError):
        # PyYAML passes on what chr() says of "\\U00110000".
        mark = loader.get_mark()
        where = SourceSpan(shown, mark.line + 1, mark.column + 1)
        raise ContentError(
            [Finding(where, "yaml", said("there is no such character"), said("write the character itself"))]
        ) from None
    finally:
        loader.dispose()
    if root is None:
        raise _fail(shown, "empty", said("the file holds nothing but comments"))
    source = Source(shown, text, root, None)
    for message, at in loader.unused:
        where = SourceSpan(shown, at.line + 1, at.column + 1)
        source.findings.append(Finding(where, "yaml", message, said("leave it out, or put the text in quotes")))
    source.data = _construct(root, source)
    return source


def validate(source: Source, model: type[_M], context: object = None) -> _M:
    """Turn a Source into ``model``; ContentError with every finding of the file."""
    if not isinstance(source.data, Mapping):
        message = said("the file must be a mapping of keys to values")
        raise _fail(source.path, "wrong-type", message, said("start with 'key: value'"))
    findings = list(source.findings)
    try:
        result = model.model_validate(source.data, context=context)
    except ValidationError as error:
        # What is wrong with a text of which half is lost may be right with the whole.
        lost = {finding.where.line for finding in findings if finding.code == "hashtag"}
        findings += [finding for finding in explain(error, model, source) if finding.where.line not in lost]
    else:
        if not findings:
            return result
    raise ContentError(findings)


def find_invisible(text: str, shown: str) -> Iterator[Finding]:
    """Every forbidden character of a file that people write, where it stands."""
    for found in characters.FORBIDDEN.finditer(text):
        before = text[: found.start()]
        span = SourceSpan(shown, before.count("\n") + 1, found.start() - (before.rfind("\n") + 1) + 1)
        yield Finding(span, characters.CODE, characters.complaint(found.group()), characters.HINT)


def _construct(node: yaml.Node, source: Source) -> Any:
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                source.findings.append(Finding(source.span(key_node), "wrong-type", said("a key must be plain text")))
                continue
            key = _text(key_node, source)
            if key in mapping:
                hint = said("keep one of them; the other would be lost")
                message = said("the key '%(key)s' stands here twice", key=key)
                source.findings.append(Finding(source.span(key_node), "duplicate-key", message, hint))
            mapping[key] = _construct(value_node, source)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, source) for item in node.value]
    if (
        isinstance(node, yaml.ScalarNode)
        and node.style not in ("|", ">")
        and _HASHTAG.match(source.text, node.end_mark.index)
    ):
        message = said("what follows '#' would be lost, as a comment")
        hint = said("put the whole text in quotes; or write a space behind '#' if it is meant as a comment")
        where = source.span(node)
        source.findings.append(Finding(where, "hashtag", message, hint))
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return node.value == "true"
        case "int" if len(node.value) < 19:  # noqa: PLR2004 - fits 64 bits
            return int(node.value)
        case "float":
            return float(node.value)
    return _text(node, source)


def _text(node: yaml.Node, source: Source) -> str:
    """The text of a scalar.  An escape in double quotes ("\\ue000") may make what the file itself does not hold."""
    for problem in characters.check_characters(node.value):
        source.findings.append(Finding(source.span(node), problem.code, problem.message, problem.hint))
    return characters.FORBIDDEN.sub("", node.value)


def _fail(shown: str, code: str, message: str, hint: str = "") -> ContentError:
    return ContentError([Finding(SourceSpan(shown), code, message, hint)])
