"""pydantic's errors → Findings in words that staff understand, each at its line and column.

pydantic knows *where* only as a path of keys and indices (``loc``), mixed with
the tags of the unions it tried.  This module walks the YAML nodes along that
path, skipping what is no key, and words each kind of error once.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from newsletter.content.places import Source
from newsletter.content.problems import PROBLEMS
from newsletter.errors import Finding, did_you_mean

_TYPE_NAMES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "float_type": "a number",
    "float_parsing": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "date_type": "a date such as 2019-06-03",
    "datetime_type": "a date and time such as 2019-06-10T18:00",
}


def explain(error: ValidationError, model: type[BaseModel], source: Source) -> Iterator[Finding]:
    """Every finding behind one ValidationError."""
    for loc, finding in _findings(error, model, source):
        origin = next((span for keys, span in source.origins.items() if loc[: len(keys)] == keys), None)
        yield replace(finding, where=origin) if origin else finding


def _findings(  # noqa: C901 - one branch a kind of error
    error: ValidationError, model: type[BaseModel], source: Source
) -> Iterator[tuple[tuple[int | str, ...], Finding]]:
    for entry in error.errors(include_url=False):
        loc, kind, context = entry["loc"], entry["type"], entry.get("ctx", {})
        node, key_node, owner = _locate(source.root, loc)
        name = str(loc[-1]) if loc else "the file"
        if kind == PROBLEMS:
            for problem in context[PROBLEMS]:
                where = source.find(node, problem.needle, last=problem.last)
                yield loc, Finding(where, problem.code, problem.message, problem.hint)
        elif kind == "extra_forbidden":
            hint = did_you_mean(name, _known_keys(model, loc[:-1]))
            yield loc, Finding(source.span(key_node or node), "unknown-key", f"unknown key '{name}'{owner}", hint)
        elif kind == "missing":
            yield loc, Finding(source.span(node), "missing-key", f"missing key '{name}'{owner}", f"add '{name}: …'")
        elif kind == "union_tag_not_found":
            known = context.get("discriminator", "type").strip("'")
            yield loc, Finding(source.span(node), "missing-key", f"missing key '{known}'{owner}", f"add '{known}: …'")
        elif kind == "union_tag_invalid":
            where = source.span(_child(node, "type") or node)
            hint = did_you_mean(context["tag"], context["expected_tags"].replace("'", "").split(", "))
            yield loc, Finding(where, "unknown-block-type", f"unknown block type '{context['tag']}'", hint)
        elif kind in ("enum", "literal_error"):
            hint = did_you_mean(str(entry["input"]), _words(context["expected"]))
            yield loc, Finding(source.span(node), "unknown-value", f"unknown {name} '{entry['input']}'", hint)
        elif kind in _TYPE_NAMES:
            message = f"wrong type: '{_label(loc)}' must be {_TYPE_NAMES[kind]}, not {_named(entry['input'])}"
            hint = "put it in quotes" if kind == "string_type" and isinstance(entry["input"], int | float) else ""
            yield loc, Finding(source.span(node), "wrong-type", message, hint)
        elif kind == "too_short" and entry["input"]:
            continue  # its items were invalid, which is reported already
        elif kind in ("string_too_short", "too_short"):
            yield loc, Finding(source.span(node), "too-short", f"'{_label(loc)}' is empty")
        elif kind in ("string_too_long", "too_long"):
            most = context.get("max_length")
            yield loc, Finding(source.span(node), "too-long", f"'{_label(loc)}' is too long: at most {most}")
        elif kind == "string_pattern_mismatch":
            hint = "use small letters, digits and single hyphens: 'no-polimigra'" if name == "id" else ""
            yield loc, Finding(source.span(node), "bad-value", f"'{entry['input']}' is no valid {name}", hint)
        else:
            message = entry["msg"].removeprefix("Value error, ").removeprefix("Input ")
            yield loc, Finding(source.span(node), "bad-value", f"'{_label(loc)}' {message}")


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
                owner = f" in {kind.value}" + (f" '{name.value}'" if name is not None else "")
    return node, key_node, owner


def _child(node: yaml.Node, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for found, value in pairs if found.value == key), None)


def _label(loc: tuple[int | str, ...]) -> str:
    """The last key on the way; an index alone tells staff nothing."""
    names = [str(part) for part in loc if isinstance(part, str) and part not in ("one", "by-locale", "[key]")]
    return names[-1] if names else "the file"


def _named(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"{str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text '{value[:40]}'"
        case list():
            return "a list"
        case _:
            return "a mapping"


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
