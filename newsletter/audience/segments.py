"""Segments: named rules that pick subscribers.

A rule is a mapping.  ``{tag: supporter}``, ``{locale: es}`` and
``{county: [Addison, Franklin]}`` (any further word is an attribute) hold when
the subscriber has one of the values; ``{all: […]}``, ``{any: […]}`` and
``{not: …}`` combine rules; ``{all: []}`` sets no condition and picks everybody.
Several keys in one mapping must all hold.

Here a rule is only checked and given a form; ``store/select.py`` turns it into
SQL, which is the one place where it is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, StringConstraints, WithJsonSchema

from newsletter.content.problems import Problem, raise_problems
from newsletter.errors import did_you_mean
from newsletter.wording import said

MAX_DEPTH = 10  # rules inside rules


@dataclass(frozen=True, slots=True)
class HasTag:
    """The subscriber carries one of these tags."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasLocale:
    """The subscriber's locale is one of these, or a region of one (``es`` holds for ``es-MX``)."""

    locales: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasAttribute:
    """A further column of the list has one of these values, to the letter."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every rule holds.  With no rules it holds for everybody."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one rule holds."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The rule does not hold."""

    rule: Rule


Rule = HasTag | HasLocale | HasAttribute | All | AnyOf | Not

_NEAR_WORDS = ("tag", "locale", "all", "any", "not")


def parse_rule(raw: object) -> Rule:
    """Check a rule as it stands in ``newsletter.yaml``; raises pydantic's error with every Problem of it."""
    problems: list[Problem] = []
    rule = _parse(raw, problems, 0)
    raise_problems(problems)
    return rule


def _parse(raw: object, problems: list[Problem], depth: int) -> Rule:
    nothing = All(())
    if depth > MAX_DEPTH:
        problems.append(Problem("bad-rule", said("rules are nested more than %(most)s deep", most=MAX_DEPTH)))
        return nothing
    if not isinstance(raw, Mapping) or not raw:
        hint = said("write e.g. {tag: supporter}, {locale: es} or {all: [{…}, {…}]}")
        problems.append(
            Problem("bad-rule", said("a rule must be a mapping, not %(given)s", given=repr(raw)), hint, str(raw))
        )
        return nothing
    rules = [_one(str(key), value, problems, depth) for key, value in raw.items()]
    return rules[0] if len(rules) == 1 else All(tuple(rules))


def _one(key: str, value: Any, problems: list[Problem], depth: int) -> Rule:
    match key:
        case "all" | "any":
            if not isinstance(value, list) or (key == "any" and not value):
                problems.append(Problem("bad-rule", said("'%(key)s' wants a list of rules", key=key), "", key))
                return All(())
            inner = tuple(_parse(item, problems, depth + 1) for item in value)
            return All(inner) if key == "all" else AnyOf(inner)
        case "not":
            return Not(_parse(value, problems, depth + 1))
        case "tag":
            return HasTag(tuple(word.lower() for word in _words(key, value, problems)))
        case "locale":
            return HasLocale(tuple(word.replace("_", "-").lower() for word in _words(key, value, problems)))
        case _:
            if key.lower() in _NEAR_WORDS or key in ("tags", "locales", "and", "or", "none"):
                hint = did_you_mean({"and": "all", "or": "any", "none": "not"}.get(key, key.lower()), _NEAR_WORDS)
                problems.append(Problem("bad-rule", said("unknown rule '%(key)s'", key=key), hint, key))
            return HasAttribute(key, _words(key, value, problems))


def as_data(rule: Rule) -> dict[str, object]:
    """The rule as ``newsletter.yaml`` would say it."""
    match rule:
        case HasTag(tags):
            return {"tag": list(tags)}
        case HasLocale(locales):
            return {"locale": list(locales)}
        case HasAttribute(name, values):
            return {name: list(values)}
        case All(rules):
            return {"all": [as_data(inner) for inner in rules]}
        case AnyOf(rules):
            return {"any": [as_data(inner) for inner in rules]}
        case Not(inner):
            return {"not": as_data(inner)}


def _words(key: str, value: object, problems: list[Problem]) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
        problems.append(Problem("bad-rule", said("'%(key)s' wants a word or a list of words", key=key), "", key))
        return ()
    return tuple(str(item) for item in items)


SegmentRule = Annotated[Rule, PlainValidator(parse_rule), WithJsonSchema({"type": "object"})]
SegmentName = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=60)]
