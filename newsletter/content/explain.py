"""pydantic's errors → Findings in words that staff understand, each at its line and column.

pydantic knows *where* only as a path of keys and indices (``loc``), mixed with
the tags of the unions it tried.  This module walks the YAML nodes along that
path, skipping what is no key, and words each kind of error once.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from newsletter.content.places import Source
from newsletter.content.problems import PROBLEMS
from newsletter.errors import Finding, SourceSpan, did_you_mean
from newsletter.wording import said

_TYPE_NAMES = {
    "string_type": said("text"),
    "int_type": said("a whole number"),
    "int_from_float": said("a whole number"),
    "int_parsing": said("a whole number"),
    "bool_type": said("true or false"),
    "bool_parsing": said("true or false"),
    "float_type": said("a number"),
    "float_parsing": said("a number"),
    "list_type": said("a list"),
    "tuple_type": said("a list"),
    "dict_type": said("a mapping of keys to values"),
    "model_type": said("a mapping of keys to values"),
    "model_attributes_type": said("a mapping of keys to values"),
    "date_type": said("a date such as 2019-06-03"),
    "datetime_type": said("a date and time such as 2019-06-10T18:00"),
    "time_type": said("a time of day such as 12:30"),
}
# Limits of a number: pydantic's name of the mistake, the limit in its context, our sentence.
_LIMITS: Mapping[str, tuple[str, Callable[[str, object], str]]] = {
    "greater_than_equal": ("ge", lambda key, n: said("'%(key)s' must be at least %(limit)s", key=key, limit=n)),
    "greater_than": ("gt", lambda key, n: said("'%(key)s' must be more than %(limit)s", key=key, limit=n)),
    "less_than_equal": ("le", lambda key, n: said("'%(key)s' must be at most %(limit)s", key=key, limit=n)),
    "less_than": ("lt", lambda key, n: said("'%(key)s' must be less than %(limit)s", key=key, limit=n)),
}


def explain(error: ValidationError, model: type[BaseModel], source: Source) -> Iterator[Finding]:
    """Every finding behind one ValidationError."""
    for loc, finding in _findings(error, model, source):
        origin = next((span for keys, span in source.origins.items() if loc[: len(keys)] == keys), None)
        yield replace(finding, where=origin) if origin else finding


def _findings(  # noqa: C901, PLR0912 - one branch a kind of error
    error: ValidationError, model: type[BaseModel], source: Source
) -> Iterator[tuple[tuple[int | str, ...], Finding]]:
    for entry in error.errors(include_url=False):
        loc, kind, context = entry["loc"], entry["type"], entry.get("ctx", {})
        node, key_node, owner = _locate(source.root, loc)
        name = str(loc[-1]) if loc else said("the file")
        if kind == PROBLEMS:
            for problem in context[PROBLEMS]:
                where = source.find(node, problem.needle, last=problem.last)
                yield loc, Finding(where, problem.code, problem.message, problem.hint)
        elif kind == "extra_forbidden":
            hint = did_you_mean(name, _known_keys(model, loc[:-1]))
            message = _within(owner, said("unknown key '%(key)s'", key=name))
            yield loc, Finding(source.span(key_node or node), "unknown-key", message, hint)
        elif kind == "missing":
            yield loc, _missing(source.span(node), name, owner)
        elif kind == "union_tag_not_found":
            known = context.get("discriminator", "type").strip("'")
            yield loc, _missing(source.span(node), known, owner)
        elif kind == "union_tag_invalid":
            where = source.span(_child(node, "type") or node)
            hint = did_you_mean(context["tag"], context["expected_tags"].replace("'", "").split(", "))
            message = said("unknown block type '%(type)s'", type=context["tag"])
            yield loc, Finding(where, "unknown-block-type", message, hint)
        elif kind in ("enum", "literal_error"):
            hint = did_you_mean(str(entry["input"]), _words(context["expected"]))
            message = said("unknown %(key)s '%(value)s'", key=name, value=entry["input"])
            yield loc, Finding(source.span(node), "unknown-value", message, hint)
        elif kind in _TYPE_NAMES:
            values = {"key": _label(loc), "wanted": _TYPE_NAMES[kind], "given": _named(entry["input"])}
            message = said("wrong type: '%(key)s' must be %(wanted)s, not %(given)s", **values)
            yield loc, Finding(source.span(node), "wrong-type", message, _hint(kind, entry["input"], model, loc))
        elif kind == "too_short" and entry["input"]:
            continue  # its items were invalid, which is reported already
        elif kind in ("string_too_short", "too_short"):
            yield loc, Finding(source.span(node), "too-short", said("'%(key)s' is empty", key=_label(loc)))
        elif kind in ("string_too_long", "too_long"):
            most = context.get("max_length")
            message = said("'%(key)s' is too long: at most %(most)s", key=_label(loc), most=most)
            yield loc, Finding(source.span(node), "too-long", message)
        elif kind == "string_pattern_mismatch":
            hint = said("use small letters, digits and single hyphens: 'no-polimigra'") if name == "id" else ""
            message = said("'%(value)s' is no valid %(key)s", value=entry["input"], key=name)
            yield loc, Finding(source.span(node), "bad-value", message, hint)
        elif kind in _LIMITS:
            limit, sentence = _LIMITS[kind]
            yield loc, Finding(source.span(node), "bad-value", sentence(_label(loc), context[limit]))
        else:
            why = entry["msg"].removeprefix("Value error, ").removeprefix("Input ")
            message = said("'%(key)s' cannot be used: it %(why)s", key=_label(loc), why=why)
            yield loc, Finding(source.span(node), "bad-value", message)


def _hint(kind: str, given: object, model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """How a value of the right type is written."""
    match kind.partition("_")[0]:
        case "string" if isinstance(given, int | float):
            return said("put it in quotes")
        case "string" if given is None:
            return said("write it behind the ':'; a text that begins with '#' must stand in quotes")
        case "int":
            return said("write digits alone, without comma, point or currency sign: 1300")
        case "list" | "tuple":
            return said("write it in square brackets, or each item on a line of its own behind '- '")
        case "model" if isinstance(loc[-1], str) and (keys := _known_keys(model, loc)):
            names = ", ".join(sorted(keys))
            return said("write its keys below it, each on an indented line of its own: %(keys)s", keys=names)
    return ""


def _locate(root: yaml.Node, loc: Iterable[int | str]) -> tuple[yaml.Node, yaml.Node | None, str]:
    """The node at ``loc``, the node of its key, and words that name the block it lies in."""
    node, key_node, owner = root, None, ""
    for part in loc:
        if part == "[key]":  # pydantic's word for: the key itself is wrong, not its value
            node = key_node or node
        elif isinstance(node, yaml.MappingNode):
            for found_key, value in node.value:
                if found_key.value == part:
                    node, key_node = value, found_key
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node, key_node = node.value[part], None
            kind, name = _child(node, "type"), _child(node, "id")
            if kind is not None:
                owner = kind.value + (f" '{name.value}'" if name is not None else "")
    return node, key_node, owner


def _within(owner: str, what: str) -> str:
    return said("%(what)s in %(block)s", what=what, block=owner) if owner else what


def _missing(where: SourceSpan, key: str, owner: str) -> Finding:
    message = _within(owner, said("missing key '%(key)s'", key=key))
    return Finding(where, "missing-key", message, said("add '%(key)s: …'", key=key))


def _child(node: yaml.Node, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for found, value in pairs if found.value == key), None)


def _label(loc: tuple[int | str, ...]) -> str:
    """The last key on the way; an index alone tells staff nothing."""
    names = [str(part) for part in loc if isinstance(part, str) and part not in ("one", "by-locale", "[key]")]
    return names[-1] if names else said("the file")


def _named(value: object) -> str:
    match value:
        case None:
            return said("empty")
        case bool():
            return f"{str(value).lower()}"
        case int() | float():
            return said("the number %(value)s", value=value)
        case str():
            return said("the text '%(value)s'", value=value[:40])
        case list():
            return said("a list")
        case _:
            return said("a mapping")


def _words(expected: str) -> list[str]:
    return [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """The keys that the model at ``loc`` has; union tags in ``loc`` choose among block types."""
    models = {model}
    for part in loc:
        tagged = {found for found in models if _tag(found) == part}
        fields = [found.model_fields[part] for found in models if isinstance(part, str) and part in found.model_fields]
        if tagged:
            models = tagged
        elif fields:
            models = {inner for info in fields for inner in _models(info.annotation)}
    return {key for found in models for key in found.model_fields}


def _tag(model: type[BaseModel]) -> object:
    kind = model.model_fields.get("type")
    return typing.get_args(kind.annotation)[0] if kind and typing.get_args(kind.annotation) else None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from _models(inner)
