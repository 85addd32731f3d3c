"""The people on the list: consent, filters, exports that come back as they were, look-alikes, and who did what."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.audience.consent import Consent
from newsletter.audience.csvlist import GoodRow, read_list
from newsletter.audience.segments import All
from newsletter.audience.subscribers import NewSubscriber, Status, Subscriber, clean_text
from newsletter.cli.commands.subscribers_list import write_people
from newsletter.clock import SystemClock
from newsletter.store.database import Database
from newsletter.store.people import Filter, PeopleStore
from newsletter.store.subscribers import SubscriberStore
from newsletter.store.tables import subscribers
from tests.integration.conftest import Space
from tests.integration.records import ask
from tests.integration.servers import Script, real_server, scripted_server

PEOPLE = (
    "ana@example.org,Ana Muñoz,es,supporter,Addison",
    'ben@example.com,Ben Allen,en,"supporter,board",Franklin',
    "cy@example.org,,en,,Addison",
)


@pytest.fixture
def listed(space: Space) -> Space:
    space.write_list(*PEOPLE)
    space.run("subscribers", "import", "list.csv")
    return space


def dictionary(data: object) -> dict[str, Any]:
    assert isinstance(data, dict)
    return data


def addresses(space: Space, *options: str) -> list[str]:
    found = dictionary(space.json("subscribers", "list", *options))
    assert found["matching"] == len(found["people"])
    return [one["email"].partition("@")[0] for one in found["people"]]


def log(space: Space, *options: str) -> list[dict[str, Any]]:
    found = space.json("audit", *options)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), ["ana", "ben", "cy"]),
        (("--segment", "supporters"), ["ana", "ben"]),
        (("--segment", "supporters", "--segment", "addison"), ["ana"]),
        (("--tag", "Board"), ["ben"]),
        (("--locale", "Spanish"), ["ana"]),
        (("--where", "county=Addison", "--where", "county=Franklin", "--locale", "en"), ["ben", "cy"]),
        (("--where", "county=nowhere"), []),
        (("--status", "unsubscribed"), []),
    ],
)
def test_filters_pick_as_segments_do(listed: Space, options: tuple[str, ...], found: list[str]) -> None:
    assert addresses(listed, *options) == found


def test_who_left_is_listed_when_asked_for(listed: Space) -> None:
    assert listed.json("subscribers", "unsubscribe", "Ana@example.org") == {
        "email": "Ana@example.org",
        "status": "unsubscribed",
    }
    assert addresses(listed) == ["ben", "cy"]
    assert addresses(listed, "--status", "unsubscribed") == ["ana"]
    assert addresses(listed, "--status", "any") == ["ana", "ben", "cy"]
    shown = listed.run("subscribers", "list", "--limit", "1").stdout
    assert "and 1 more" in shown


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("list", "--where", "county"), "write --where county=Addison"),
        (("list", "--segment", "suporters"), "did you mean 'supporters'?"),
        (("list", "--locale", "klingon"), "unknown locale"),
        (("export", "x.json", "--person", "ana@example.org", "--tag", "x"), "no filter goes with it"),
        (("export", "x.json", "--person", "zoe@example.org"), "nobody on the list"),
        (("add", "zoe@example.org", "--consent-source", " "), "where did they agree?"),
        (("change", "ana@example.org"), "--tag, --untag, --name, --locale or --set"),
        (("change", "zoe@example.org", "--tag", "x"), "nobody on the list"),
        (("change", "ana@example.org", "--tag", "X", "--untag", "x"), "to be put on and taken off"),
        (("change", "ana@example.org", "--locale", "klingon"), "unknown locale"),
        (("change", "ana@example.org", "--set", "county"), "write --set county=Addison"),
        (("change", "ana@example.org", "--set", "tags=x"), "use --tag and --untag"),
        (("change", "ana@example.org", "--set", "list_status=subscribed"), "is no further column"),
        (("add", "zoe@example.org", "--consent-source", "call", "--consent-date", "6/3/2019"), "is no date"),
        (("add", "ANA@example.org", "--consent-source", "call"), "on the list already, as subscribed"),
        (("import", "list.csv", "--consent-source", "call"), "give --consent-source and --consent-date"),
        (("import", "list.csv", "--consent-source", "call", "--consent-date", "soon"), "--consent-date: 'soon'"),
    ],
)
def test_wrong_usage_says_what_to_do(listed: Space, args: tuple[str, ...], told: str) -> None:
    assert told in listed.run("subscribers", *args, code=2).stderr
    assert addresses(listed, "--status", "any") == ["ana", "ben", "cy"]


def test_consent_comes_from_the_row_or_else_from_the_command_and_is_kept_once(space: Space) -> None:
    header = "email,consent_source,consent_date"
    rows = ("ana@example.org,June meeting,2019-06-03", "ben@example.org,,", "cy@example.org,paper,", "d@example.org,,")
    space.write_list(*rows, header=header)
    options = ("--consent-source", "old list", "--consent-date", "2018-01-02 10:00")
    first = dictionary(space.json("subscribers", "import", "list.csv", *options))
    assert (first["added"], first["consents"], first["without_consent"]) == (4, 4, 0)
    again = dictionary(space.json("subscribers", "import", "list.csv", *options))
    assert (again["unchanged"], again["changed"], again["consents"]) == (4, 0, 0)
    ana = dictionary(space.json("subscribers", "show", "ana@example.org"))["consents"]
    assert [(one["source"], one["given_at"]) for one in ana] == [("June meeting", "2019-06-03T04:00:00+00:00")]
    cy = dictionary(space.json("subscribers", "show", "cy@example.org"))["consents"]
    assert [(one["source"], one["given_at"]) for one in cy] == [("paper", "2018-01-02T15:00:00+00:00")]
    assert "paper, 2018-01-02 10:00" in space.run("subscribers", "show", "cy@example.org").stdout


def test_an_import_says_whose_consent_nobody_knows(space: Space) -> None:
    space.write_list(
        "ana@example.org,form,2019-06-03",
        "ben@example.org,,",
        "cy@example.org,paper,",
        header="email,consent_source,consent_date",
    )
    done = space.run("subscribers", "import", "list.csv", code=1)
    assert "1 consent recorded" in done.stdout
    assert "of 1 added nobody says where and when they agreed" in done.stdout
    assert "line 4 did not go in: a consent needs its source and its date; the date is missing" in done.stderr
    assert "no consent is on record" in space.run("subscribers", "show", "ben@example.org").stdout


def test_somebody_is_added_with_their_consent(space: Space) -> None:
    options = ("--consent-source", "June meeting", "--consent-date", "2026-01-02", "--name", "Ana", "--locale", "es")
    space.run("subscribers", "add", "ana@example.org", *options, "--tag", "Supporter")
    ana = dictionary(space.json("subscribers", "show", "ana@example.org"))
    assert (ana["name"], ana["locale"], ana["tags"]) == ("Ana", "es", ["supporter"])
    assert ana["consents"][0]["source"] == "June meeting"
    (entry,) = log(space, "--about", "ana@example.org")
    assert (entry["what"], entry["detail"]["added"]) == ("added", 1)


HOSTILE = (
    "=HYPERLINK(1)", "'=1+1", "''@cmd", "+1 802", "-Ana", "@ana", "'Round", "O'Neil", '="00123"', 'say ="hi"',
    'Ana, "La Flaca"; Ruiz', "\uff1dfull width", "مریم", "سلام\u200cعلیکم", "👩‍🌾", "Ana\u0301", "a|b", "#REF!", "\\n",
)  # fmt: skip


def test_an_exported_list_runs_nothing_and_comes_back_as_it_was(space: Space) -> None:
    cleaned = [clean_text(name, 100) for name in HOSTILE]
    store_rows = [
        GoodRow(n, NewSubscriber(f"r{n}@example.org", name, "es", frozenset({"a b"}), {"=x": name}))
        for n, name in enumerate(cleaned)
    ]

    async def fill() -> None:
        async with space.house().stores() as stores:
            await stores.subscribers.import_rows(store_rows, lambda _key: ())
            await stores.subscribers.unsubscribe("r1@example.org")
            until = dt.datetime(2099, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
            async with stores.database.write() as connection:
                for number, values in ((2, {"declined": "appeal"}), (3, {"declined": "news", "paused_until": until})):
                    mine = subscribers.c.email == f"r{number}@example.org"
                    await connection.execute(subscribers.update().where(mine).values(**values))

    asyncio.run(fill())
    done = space.run("subscribers", "export", "out.csv", "--status", "any")
    assert f"out.csv: {len(HOSTILE)} people" in done.stderr
    file = space.root / "out.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))):
        assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\uff1d")]
    before = dictionary(space.json("subscribers", "list", "--status", "any"))
    (space.root / "var" / "newsletter.db").rename(space.root / "var" / "old.db")
    assert f"{len(HOSTILE)} added" in space.run("subscribers", "import", "out.csv").stdout
    assert dictionary(space.json("subscribers", "list", "--status", "any")) == before
    assert addresses(space, "--status", "unsubscribed") == ["r1"]
    # What readers have chosen since is not undone by the file, and that is said.
    space.run("subscribers", "export", "out.csv", "--status", "any", "--force")
    ask(space, "update subscribers set declined = '', paused_until = null, status = 'subscribed'")
    assert (
        "of 3 the file says another status, kind of mail or pause"
        in space.run("subscribers", "import", "out.csv").stdout
    )
    people = dictionary(space.json("subscribers", "list", "--limit", "99"))["people"]
    assert {(one["status"], one["declined"], one["paused_until"]) for one in people} == {("subscribed", "", None)}
    assert len(people) == len(HOSTILE)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a@example.org,apeal,", "unknown kind of mail 'apeal' in list_declined; known are: news, appeal"),
        ("a@example.org,,next week", "'next week' is no date; write it as 2019-06-03"),
    ],
)
def test_choices_that_nobody_can_make_are_refused(space: Space, row: str, reason: str) -> None:
    space.write_list(row, header="email,list_declined,list_paused_until")
    assert f"line 2 did not go in: {reason}" in space.run("subscribers", "import", "list.csv", code=1).stderr


def test_tags_are_put_on_and_taken_off_and_the_log_says_which(listed: Space) -> None:
    options = (
        "--untag",
        "Supporter",
        "--untag",
        "nobodys",
        "--tag",
        "board, Choir",
        "--set",
        "county=",
        "--name",
        "Ana",
    )
    done = listed.run("subscribers", "change", "ANA@example.org", *options).stdout
    assert "changed attributes, name, tags" in done
    assert "tags now: board, choir" in done
    assert addresses(listed, "--tag", "supporter") == ["ben"]
    assert addresses(listed, "--where", "county=Addison") == ["cy"]
    (entry,) = log(listed, "--about", "ana@example.org")
    assert (entry["what"], entry["detail"]) == (
        "changed",
        {"changed": ["attributes", "name", "tags"], "on": ["board", "choir"], "off": ["supporter"]},
    )
    again = dictionary(listed.json("subscribers", "change", "ana@example.org", *options))
    assert (again["changed"], again["tags"], again["name"], again["attributes"]) == ([], ["board", "choir"], "Ana", {})
    assert len(log(listed, "--about", "ana@example.org")) == 1, "what was so already is no change"
    listed.run("subscribers", "change", "cy@example.org", "--locale", "Spanish", "--set", "county=Franklin")
    assert addresses(listed, "--locale", "es", "--where", "county=Franklin") == ["cy"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_stored_survives_a_spreadsheet(tmp_path: Path, name: str, value: str, source: str) -> None:
    name, value, source = (clean_text(text, 100) for text in (name, value, source))
    file = tmp_path / "out.csv"

    async def write() -> None:
        async def people() -> Any:
            yield (
                Subscriber(1, "r", "ana@example.org", name, "es", Status.SUBSCRIBED, frozenset(), {"county": value}),
                Consent(source, SystemClock().now()) if source else None,
            )

        with file.open("w", encoding="utf-8-sig", newline="") as to:
            await write_people(people(), ["county"], to, SystemClock().now().tzinfo)  # type: ignore[arg-type]

    asyncio.run(write())
    (row,) = read_list(file)
    assert isinstance(row, GoodRow), row
    assert (row.subscriber.name, row.subscriber.attributes.get("county", "")) == (name, value)
    assert (row.subscriber.consent.source if row.subscriber.consent else "") == source


async def test_an_export_sees_one_state_of_the_list(database: Database) -> None:
    store = SubscriberStore(database, SystemClock(), "en")
    await store.import_rows([GoodRow(n, NewSubscriber(f"r{n}@example.org")) for n in range(1200)], lambda _key: ())
    seen = []
    async for person, _consent in PeopleStore(database).all(Filter(All(()), frozenset({Status.SUBSCRIBED}))):
        seen.append(person.email)
        if len(seen) == 1:
            await store.unsubscribe("r1199@example.org")
    assert len(seen) == 1200


def test_all_of_one_person_is_exported_as_json(listed: Space) -> None:
    listed.run("subscribers", "add", "zoe@example.org", "--consent-source", "call")
    listed.run("subscribers", "export", "zoe.json", "--person", "Zoe@Example.org")
    told = json.loads((listed.root / "zoe.json").read_text(encoding="utf-8"))
    assert told["subscribers"][0]["email"] == "zoe@example.org"
    assert told["consents"][0]["source"] == "call"
    assert [entry["what"] for entry in told["audit"]] == ["added"]
    assert "ana@" not in json.dumps(told)


def test_suspicious_addresses_are_reported_and_left_alone(space: Space) -> None:
    rows = ("ana.ruiz@gmail.com,Ana", "anaruiz+x@googlemail.com,Ana", "ben@gmial.com,Ben", "cy@example.org,Cy")
    space.write_list(*rows, header="email,name")
    done = space.run("subscribers", "import", "list.csv")
    assert "line 4: 'gmial.com' looks like a misspelt 'gmail.com'" in done.stdout
    assert "probably the same person: ana.ruiz@gmail.com, anaruiz+x@googlemail.com" in done.stdout
    space.run("subscribers", "unsubscribe", "cy@example.org")
    space.write_list("cy+news@example.org,Cy", header="email,name")
    again = space.run("subscribers", "import", "list.csv").stdout
    assert "cy+news@example.org, cy@example.org (unsubscribed)" in again
    assert "ana.ruiz" not in again, "only those whom this import added"
    found = dictionary(space.json("subscribers", "check"))
    assert found["misspelt"] == [{"email": "ben@gmial.com", "likely": "gmail.com"}]
    assert len(found["near"]) == 2
    assert len(addresses(space, "--status", "any")) == 5


def test_the_audit_log_tells_who_did_what_and_no_address(listed: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ana")
    monkeypatch.setattr("platform.node", lambda: "desk")
    with real_server() as inbox:
        listed.set("smtp", port=inbox.port)
        listed.run("send", "june", "-s", "supporters", "--at", "2099-01-01 09:00", "--yes")
        listed.run("campaigns", "pause", "1", "--reason", "ana@example.org wants it so")
        listed.run("campaigns", "resume", "1")
        listed.run("campaigns", "cancel", "1", "--yes")
        listed.run("send", "june", "-s", "everybody", "--again", "again", "--yes")
    listed.run("i18n", "approve", "june", "--locale", "es", "--by", "Ben")
    listed.run("i18n", "approve", "june", "--locale", "es", "--withdraw")
    listed.run("subscribers", "export", "out.csv", "--tag", "supporter")
    listed.run("campaigns", "export", "2", "sent.csv")
    for refused in ("out.csv", "no/such/folder.csv"):
        listed.run("subscribers", "export", refused, code=2)
        listed.run("subscribers", "export", refused, "--person", "ana@example.org", code=2)
        listed.run("campaigns", "export", "2", refused, code=2)
    for _twice in range(2):
        listed.run("subscribers", "unsubscribe", "cy@example.org")
    listed.run("subscribers", "erase", "cy@example.org", "--yes")
    entries = log(listed)[::-1]
    assert [entry["what"] for entry in entries] == [
        "imported", "scheduled", "paused", "resumed", "cancelled", "started",
        "approved", "withdrawn", "exported", "exported", "unsubscribed", "erased",
    ]  # fmt: skip
    assert {entry["who"] for entry in entries[1:]} == {"ana@desk"}
    assert entries[0]["detail"] == {"added": 3, "changed": 0, "consents": 0}
    assert entries[1]["detail"]["segments"] == {"supporters": {"tag": ["supporter"]}}
    assert entries[2]["detail"] == {"reason": "… wants it so"}
    assert entries[5]["detail"]["people"] == 3
    assert entries[8]["detail"] == {"tags": ["supporter"]}
    assert [entry["what"] for entry in log(listed, "--about", "campaign 1")][::-1] == [
        "scheduled", "paused", "resumed", "cancelled",
    ]  # fmt: skip
    assert "example.org" not in json.dumps(entries)
    assert log(listed, "--since", "2098-01-01") == []
    assert listed.run("audit", "--about", "campaign 7").stdout == "no entry fits\n"
    assert "nobody on the list" in listed.run("audit", "--about", "cy@example.org", code=2).stderr
    content = str(entries[5]["detail"]["content"])
    assert len(content) == 64
    told = listed.run("audit").stdout
    assert f"content: {content[:12]}…" in told
    assert content not in told
    shown = listed.run("audit", "--limit", "3").stdout
    assert "and older ones" in shown
    assert "unsubscribed" in shown


def refusing(verb: str, reply: str) -> Script:
    return Script(replies=lambda said, _to: reply if said == verb else None)


def test_what_happens_by_itself_is_logged_as_the_programs_deed(listed: Space) -> None:
    with scripted_server(refusing("RCPT", "550 5.1.1 <ana@example.org> no such user")) as inbox:
        listed.set("smtp", port=inbox.port)
        listed.run("send", "june", "-s", "everybody", "--yes", code=3)
        listed.run("campaigns", "resolve", "1", "--rejected", "resend")
    entries = log(listed, "--limit", "5")[::-1]
    assert [entry["what"] for entry in entries] == ["started", "suppressed", "suppressed", "suppressed", "resolved"]
    assert {entry["who"] for entry in entries[1:4]} == {"newsletter"}
    assert entries[4]["detail"] == {"from": "rejected", "to": "pending", "people": 3}
    with scripted_server(refusing("MAIL", "550 5.7.1 <ana@example.org> not you")) as inbox:
        listed.set("smtp", port=inbox.port)
        listed.run("send", "june", "-s", "everybody", "--yes", code=2)
    (paused,) = log(listed, "--limit", "1")
    assert (paused["who"], paused["what"], paused["about"]) == ("newsletter", "paused", "campaign 1")
    assert "example.org" not in json.dumps(log(listed))
