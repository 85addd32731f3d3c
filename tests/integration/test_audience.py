"""Lists and segments through the command line and the store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.audience.csvlist import GoodRow
from newsletter.audience.segments import All, AnyOf, HasAttribute, HasLocale, HasTag, Not, Rule
from newsletter.audience.subscribers import NewSubscriber
from newsletter.clock import SystemClock
from newsletter.store.database import Database
from newsletter.store.subscribers import SubscriberStore
from tests.integration.conftest import Space


def test_good_rows_go_in_and_bad_ones_are_listed_with_line_and_reason(space: Space) -> None:
    space.write_list(
        "ana@example.org,Ana,es,supporter,Addison",
        "not an address,Bob,en,,",
        "bob@example.org,Bob,klingon,,",
        "ANA@example.org,Ana again,en,,",
        'zoe@example.org,Zoë,English,"supporter, farmworker",',
    )
    done = space.run("subscribers", "import", "list.csv", code=1)
    assert "list.csv: 2 added, 0 changed, 0 as they were" in done.stdout
    assert "further columns, for segments: county" in done.stdout
    assert "line 3 did not go in: An email address must have an @-sign." in done.stderr
    assert "line 4 did not go in: unknown locale 'klingon'" in done.stderr
    assert "line 5 did not go in: the same address as in line 2, which was used" in done.stderr
    assert space.json("segments", "count") == {
        "everybody": {"en": 1, "es": 1},
        "supporters": {"en": 1, "es": 1},
        "spanish": {"en": 0, "es": 1},
        "addison": {"en": 0, "es": 1},
        "outside-addison": {"en": 1, "es": 0},
    }


def test_segments_are_listed_with_their_rules(space: Space) -> None:
    rules = space.json("segments", "list")
    assert isinstance(rules, dict)
    assert set(rules) == {"everybody", "supporters", "spanish", "addison", "outside-addison"}
    assert rules["supporters"] == {"tag": ["supporter"]}
    assert "{tag: [supporter]}" in space.run("segments", "list").stdout
    assert not (space.root / "var" / "newsletter.db").exists()


def test_a_stray_quotation_mark_swallows_nobody(space: Space) -> None:
    others = [f"r{n}@example.org,Reader {n},es,," for n in range(50)]
    space.write_list('ana@example.org,"Ana,es,,', *others)
    done = space.run("subscribers", "import", "list.csv", code=1)
    assert "50 added" in done.stdout
    assert "line 2 did not go in: the row cannot be read: a quotation mark is not closed" in done.stderr


def test_a_cell_that_runs_into_the_next_persons_row_is_refused(space: Space) -> None:
    space.write_list('ana@example.org,"Ana,es,,', 'ben@example.org,Ben,en,"supporter",', "cy@example.org,Cy,en,,")
    done = space.run("subscribers", "import", "list.csv", code=1)
    assert "line 2 did not go in" in done.stderr
    assert "2 added" in done.stdout
    assert "nobody on the list" in space.run("subscribers", "show", "ana@example.org", code=2).stderr


def test_importing_again_changes_only_what_differs_and_takes_nothing_away(space: Space) -> None:
    space.write_list("ana@example.org,Ana,es,supporter,Addison", "bob@example.org,Bob,en,,")
    space.run("subscribers", "import", "list.csv")
    again = space.json("subscribers", "import", "list.csv")
    assert isinstance(again, dict)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    space.write_list("ana@example.org,,,farmworker,Franklin", "bob@example.org,Bob,en,,")
    changed = space.json("subscribers", "import", "list.csv")
    assert isinstance(changed, dict)
    assert (changed["added"], changed["changed"], changed["unchanged"]) == (0, 1, 1)
    assert space.json("subscribers", "show", "Ana@Example.org") == {
        "email": "ana@example.org",
        "name": "Ana",
        "locale": "es",
        "status": "subscribed",
        "tags": ["farmworker", "supporter"],
        "attributes": {"county": "Franklin"},
        "declined": "",
        "paused_until": None,
        "consents": [],
        "feedback": [],
    }


def test_an_import_never_brings_back_who_left(space: Space) -> None:
    space.write_list("ana@example.org,Ana,es,supporter,")
    space.run("subscribers", "import", "list.csv")
    space.run("subscribers", "unsubscribe", "ana@example.org")
    done = space.run("subscribers", "import", "list.csv")
    assert "1 of them unsubscribed earlier and stay so" in done.stdout
    assert space.json("segments", "count", "supporters") == {"supporters": {"en": 0, "es": 0}}


def test_an_import_that_breaks_off_leaves_nothing(space: Space) -> None:
    path = space.write_list(*(f"r{n}@example.org,R,en,," for n in range(2000)))
    with path.open("ab") as file:
        file.write(b"late@example.org,\xff\xfe,en,,\n")
    done = space.run("subscribers", "import", "list.csv", code=1)
    assert "not UTF-8" in done.stderr
    assert space.json("segments", "count", "everybody") == {"everybody": {"en": 0, "es": 0}}


def test_segments_show_lists_people_and_says_that_there_are_more(space: Space) -> None:
    space.write_list(*(f"r{n}@example.org,Reader {n},es,supporter," for n in range(5)))
    space.run("subscribers", "import", "list.csv")
    done = space.run("segments", "show", "spanish", "--limit", "3")
    assert done.stdout.count("@example.org") == 3
    assert "and more" in done.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("segments", "count", "suporters"), "did you mean 'supporters'?"),
        (("send", "june", "--segment", "nobody-knows", "--yes"), "unknown segment"),
        (("send", "june", "--yes"), "to whom?"),
        (("send", "juni", "-s", "everybody"), "did you mean 'june'?"),
        (("subscribers", "show", "nobody@example.org"), "nobody on the list"),
        (("subscribers", "unsubscribe", "nobody@example.org"), "nobody on the list"),
        (("subscribers", "unsubscribe", "no address"), "is no address"),
        (("render", "june", "--out", "x", "--locale", "fr"), "unknown locale 'fr'"),
        (("new", "Not A Slug"), "is no slug"),
        (("new", "june"), "already"),
        (("init", "."), "is not empty"),
    ],
)
def test_wrong_usage_says_what_to_do_and_exits_with_2(space: Space, args: tuple[str, ...], told: str) -> None:
    assert told in space.run(*args, code=2).stderr


def test_a_file_that_is_no_database_is_refused(space: Space) -> None:
    file = space.root / "var" / "newsletter.db"
    file.parent.mkdir()
    file.write_text("This is a letter, not a database. " * 100, encoding="utf-8")
    done = space.run("segments", "count", code=2)
    assert "cannot be used" in done.stderr
    assert "letter" in file.read_text(encoding="utf-8")


def test_a_database_of_a_newer_version_is_refused(space: Space) -> None:
    space.run("segments", "count")
    engine = sa.create_engine(f"sqlite:///{space.root / 'var' / 'newsletter.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert "newer version" in space.run("segments", "count", code=2).stderr


PEOPLE = [
    NewSubscriber("a@example.org", "A", "en", frozenset({"supporter"}), {"county": "Addison"}),
    NewSubscriber("b@example.org", "B", "es", frozenset({"supporter", "board"}), {"county": "Franklin"}),
    NewSubscriber("c@example.org", "C", "es-mx", frozenset(), {}),
    NewSubscriber("d@example.org", "D", "est", frozenset({"board"}), {"county": "", "town": "Addison"}),
    NewSubscriber("e@example.org", "E", "en-us", frozenset({"farmworker"}), {"county": "Addison"}),
    NewSubscriber("f@example.org", "F", "es+en", frozenset({"household"}), {}),
    NewSubscriber("g@example.org", "G", "fr+es-mx", frozenset(), {"county": "Addison"}),
    NewSubscriber("h@example.org", "H", "est+fre", frozenset(), {}),
]

_leaves = st.one_of(
    st.builds(HasTag, st.lists(st.sampled_from(["supporter", "board", "farmworker", "x"]), min_size=1).map(tuple)),
    st.builds(HasLocale, st.lists(st.sampled_from(["en", "es", "fr", "es-mx", "es+en"]), min_size=1).map(tuple)),
    st.builds(
        HasAttribute,
        st.sampled_from(["county", "town", 'no.such$ "col"']),
        st.lists(st.sampled_from(["Addison", "Franklin"]), min_size=1).map(tuple),
    ),
)
rules = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


def holds(rule: Rule, person: NewSubscriber) -> bool:
    """What a rule means, said once more and as plainly as can be."""
    match rule:
        case HasTag(tags):
            return bool(person.tags & set(tags))
        case HasLocale(locales):
            said = {person.locale, *person.locale.split("+")}
            return any(one == locale or one.startswith(f"{locale}-") for one in said for locale in locales)
        case HasAttribute(name, values):
            return person.attributes.get(name) in values
        case All(inner):
            return all(holds(one, person) for one in inner)
        case AnyOf(inner):
            return any(holds(one, person) for one in inner)
        case Not(one):
            return not holds(one, person)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rules, min_size=1, max_size=3))
def test_sql_picks_whom_the_rule_means(tmp_path: Path, some: list[Rule]) -> None:
    async def run() -> None:
        async with await Database.open("sqlite:///list.db", tmp_path) as database:
            store = SubscriberStore(database, SystemClock(), "en")
            await store.import_rows((GoodRow(line, person) for line, person in enumerate(PEOPLE)), lambda _key: ())
            named = {f"s{index}": rule for index, rule in enumerate(some)}
            first = [found async for found in store.recipients(named, list(named)[:1])]
            everybody = [found async for found in store.recipients(named, list(named))]
        assert [found.subscriber.email for found in first] == [p.email for p in PEOPLE if holds(some[0], p)]
        people = {person.email: person for person in PEOPLE if any(holds(rule, person) for rule in some)}
        assert [found.subscriber.email for found in everybody] == list(people)
        for found in everybody:
            person = people[found.subscriber.email]
            assert found.segments == {name for name, rule in named.items() if holds(rule, person)}

    asyncio.run(run())
