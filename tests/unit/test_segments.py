"""Segments: every form of a rule, and every mistake in one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from newsletter.audience.segments import MAX_DEPTH, All, AnyOf, HasAttribute, HasLocale, HasTag, Not, Rule, parse_rule
from newsletter.content.problems import PROBLEMS, Problem


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ({"tag": "Supporter"}, HasTag(("supporter",))),
        ({"tag": ["a", "B"]}, HasTag(("a", "b"))),
        ({"locale": "es_MX"}, HasLocale(("es-mx",))),
        ({"locale": ["en", "es"]}, HasLocale(("en", "es"))),
        ({"county": ["Addison", "Franklin"]}, HasAttribute("county", ("Addison", "Franklin"))),
        ({"zip": 5401}, HasAttribute("zip", ("5401",))),
        ({"not": {"tag": "board"}}, Not(HasTag(("board",)))),
        ({"tag": "a", "locale": "es"}, All((HasTag(("a",)), HasLocale(("es",))))),
        ({"any": [{"tag": "a"}, {"not": {"tag": "b"}}]}, AnyOf((HasTag(("a",)), Not(HasTag(("b",)))))),
        (
            {"all": [{"locale": "es"}, {"any": [{"tag": "a"}, {"county": "Addison"}]}]},
            All((HasLocale(("es",)), AnyOf((HasTag(("a",)), HasAttribute("county", ("Addison",)))))),
        ),
    ],
)
def test_rule_is_read(raw: dict[str, Any], rule: Rule) -> None:
    assert parse_rule(raw) == rule


def problems_of(raw: object) -> list[Problem]:
    """What is wrong with a rule."""
    with pytest.raises(PydanticCustomError) as caught:
        parse_rule(raw)
    assert caught.value.context
    found = caught.value.context[PROBLEMS]
    assert all(problem.code == "bad-rule" for problem in found)
    return list(found)


@pytest.mark.parametrize(
    ("raw", "says", "hint"),
    [
        ("supporter", "must be a mapping", "{tag: supporter}"),
        (None, "must be a mapping", "{tag: supporter}"),
        ([], "must be a mapping", "{tag: supporter}"),
        ({}, "must be a mapping", "{tag: supporter}"),
        ({"all": {}}, "'all' wants a list of rules", ""),
        ({"any": []}, "'any' wants a list of rules", ""),
        ({"any": {"tag": "a"}}, "'any' wants a list of rules", ""),
        ({"not": ["a"]}, "must be a mapping", ""),
        ({"not": {}}, "must be a mapping", ""),
        ({"tag": []}, "'tag' wants a word", ""),
        ({"tag": None}, "'tag' wants a word", ""),
        ({"tag": True}, "'tag' wants a word", ""),
        ({"tag": {"a": "b"}}, "'tag' wants a word", ""),
        ({"county": [["Addison"]]}, "'county' wants a word", ""),
        ({"tags": "a"}, "unknown rule 'tags'", "did you mean 'tag'?"),
        ({"Locale": "es"}, "unknown rule 'Locale'", "did you mean 'locale'?"),
        ({"locales": "es"}, "unknown rule 'locales'", "did you mean 'locale'?"),
        ({"and": [{"tag": "a"}]}, "unknown rule 'and'", "did you mean 'all'?"),
        ({"or": [{"tag": "a"}]}, "unknown rule 'or'", "did you mean 'any'?"),
        ({"none": [{"tag": "a"}]}, "unknown rule 'none'", "did you mean 'not'?"),
    ],
)
def test_mistake_in_a_rule_is_told(raw: object, says: str, hint: str) -> None:
    problem = problems_of(raw)[0]
    assert says in problem.message
    assert hint in problem.hint


def test_all_mistakes_of_a_rule_come_at_once() -> None:
    assert len(problems_of({"all": [{"tag": []}, {"any": []}, {"not": "x"}, {"tags": "a"}]})) == 4


def test_rules_may_be_nested_only_so_deep() -> None:
    def nested(depth: int) -> dict[str, Any]:
        return {"not": nested(depth - 1)} if depth else {"tag": "a"}

    assert isinstance(parse_rule(nested(MAX_DEPTH)), Not)
    assert f"more than {MAX_DEPTH} deep" in problems_of(nested(MAX_DEPTH + 1))[0].message


RAW: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "tag", "locale", "county"]) | st.text(max_size=4), inner, max_size=3
        )
    ),
)


@given(RAW)
def test_anything_is_a_rule_or_has_problems(raw: object) -> None:
    try:
        parse_rule(raw)
    except PydanticCustomError as error:
        assert error.type == PROBLEMS  # noqa: PT017 - that nothing else is raised is what counts
