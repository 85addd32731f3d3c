"""Segment rules → SQL.  The one place where a rule is evaluated.

Every condition is true or false and never NULL, so that ``not`` also picks
people of whom the list says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from newsletter.audience.segments import All, AnyOf, HasAttribute, HasLocale, HasTag, Not, Rule
from newsletter.audience.subscribers import Status
from newsletter.store.tables import subscriber_tags, subscribers


def condition(rule: Rule) -> sa.ColumnElement[bool]:
    """The SQL condition over ``subscribers`` for one rule."""
    match rule:
        case HasTag(tags):
            tagged = sa.select(subscriber_tags.c.subscriber_id).where(subscriber_tags.c.tag.in_(tags))
            return subscribers.c.id.in_(tagged)
        case HasLocale(locales):
            column = subscribers.c.locale
            same = [sa.or_(column == tag, column.startswith(f"{tag}-", autoescape=True)) for tag in locales]
            return sa.or_(sa.false(), *same)
        case HasAttribute(name, values):
            return sa.func.coalesce(subscribers.c.attributes[name].as_string(), "").in_(values)
        case All(rules):
            return sa.and_(sa.true(), *(condition(inner) for inner in rules))
        case AnyOf(rules):
            return sa.or_(sa.false(), *(condition(inner) for inner in rules))
        case Not(inner):
            return sa.not_(condition(inner))


def reachable() -> sa.ColumnElement[bool]:
    """Who may be written to at all."""
    return subscribers.c.status == Status.SUBSCRIBED


def membership(rules: Mapping[str, Rule], names: Iterable[str]) -> list[sa.Label[bool]]:
    """One yes-or-no column ``in_<segment>`` for each segment."""
    return [condition(rules[name]).label(f"in_{name}") for name in names]


def in_any(rules: Mapping[str, Rule], names: Iterable[str]) -> sa.ColumnElement[bool]:
    """In at least one of the segments."""
    return sa.or_(sa.false(), *(condition(rules[name]) for name in names))
