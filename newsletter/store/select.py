"""Segment rules → SQL.  The one place where a rule is evaluated.

Every condition is true or false and never NULL, so that ``not`` also picks
people of whom the list says nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from newsletter.audience.segments import All, AnyOf, HasAttribute, HasLocale, HasTag, Not, Rule
from newsletter.audience.subscribers import Status
from newsletter.delivery.bounces import Kind
from newsletter.delivery.states import State
from newsletter.i18n.locales import PAIR, current_tag
from newsletter.store.tables import campaigns, deliveries, feedback, subscriber_tags, subscribers


def condition(rule: Rule) -> sa.ColumnElement[bool]:
    """The SQL condition over ``subscribers`` for one rule."""
    match rule:
        case HasTag(tags):
            # A look-up for each person, not a list made anew for each batch of people: that grew with its square.
            own = subscriber_tags.c.subscriber_id == subscribers.c.id
            return sa.exists().where(own, subscriber_tags.c.tag.in_(tags))
        case HasLocale(locales):
            return sa.or_(sa.false(), *(_speaks(current_tag(tag)) for tag in locales))
        case HasAttribute(name, values):
            return sa.func.coalesce(subscribers.c.attributes[name].as_string(), "").in_(values)
        case All(rules):
            return sa.and_(sa.true(), *(condition(inner) for inner in rules))
        case AnyOf(rules):
            return sa.or_(sa.false(), *(condition(inner) for inner in rules))
        case Not(inner):
            return sa.not_(condition(inner))


def _speaks(tag: str) -> sa.ColumnElement[bool]:
    """The row says this locale, a region of it, or a pair that holds one of them: ``es``, ``es-mx``, ``en+es``."""
    column = subscribers.c.locale
    begins = [column.startswith(f"{tag}{after}", autoescape=True) for after in ("-", PAIR)]
    follows = [column.endswith(f"{PAIR}{tag}", autoescape=True), column.contains(f"{PAIR}{tag}-", autoescape=True)]
    return sa.or_(column == tag, *begins, *follows)


def reachable(now: dt.datetime | sa.BindParameter[dt.datetime]) -> sa.ColumnElement[bool]:
    """Who may be written to at all at this moment."""
    rested = sa.or_(subscribers.c.paused_until.is_(None), subscribers.c.paused_until <= now)
    return sa.and_(subscribers.c.status == Status.SUBSCRIBED, rested)


def wants(kind: str) -> sa.ColumnElement[bool]:
    """Who has not declined mail of this kind (``content.schema.MailKind``)."""
    return subscribers.c.declined != kind


def may_get(
    campaign: int | sa.BindParameter[int], now: dt.datetime | sa.BindParameter[dt.datetime]
) -> sa.ColumnElement[bool]:
    """Who may be sent their copy of a campaign at this moment."""
    kind = sa.select(campaigns.c.kind).where(campaigns.c.id == campaign).scalar_subquery()
    return sa.and_(reachable(now), subscribers.c.declined != kind)


def may_have_copy(rows: sa.FromClause = deliveries) -> sa.ColumnElement[bool]:
    """Whether a row of the ledger brought a copy, may have, or still can: not if it came back because of us."""
    came_back = sa.exists().where(
        feedback.c.campaign_id == rows.c.campaign_id,
        feedback.c.subscriber_id == rows.c.subscriber_id,
        feedback.c.verdict == Kind.SENDER.value,
    )
    kept = sa.and_(rows.c.state == State.ACCEPTED, sa.not_(came_back))
    return sa.or_(kept, rows.c.state.in_((State.PENDING, State.SENDING, State.DEFERRED, State.IN_DOUBT)))


def membership(rules: Mapping[str, Rule], names: Iterable[str]) -> list[sa.Label[bool]]:
    """One yes-or-no column ``in_<segment>`` for each segment."""
    return [condition(rules[name]).label(f"in_{name}") for name in names]


def in_any(rules: Mapping[str, Rule], names: Iterable[str]) -> sa.ColumnElement[bool]:
    """In at least one of the segments."""
    return sa.or_(sa.false(), *(condition(rules[name]) for name in names))
