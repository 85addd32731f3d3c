"""Readers of two languages: who gets both, by their row or by their segment, and what a real server receives."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

from tests.integration.conftest import ISSUE, SPANISH, Space
from tests.integration.received import by_recipient, parse, parts, send
from tests.integration.servers import real_server

ROWS = (
    "es@example.org,Elena Ruiz,es,household,",
    "en@example.org,Erin Gray,en,supporter,",
    "both@example.org,Beto Cruz,es+en,supporter,",
    "turned@example.org,Tara Dow,en+es,,",
    "mexico@example.org,Memo Paz,es-MX+en_US,,",
    "french@example.org,Fay Roy,fr+en,,",
)


def add_people(space: Space, *rows: str) -> None:
    space.write_list(*rows)
    space.run("subscribers", "import", "list.csv")


def households(space: Space) -> None:
    space.set("segments", households={"tag": "household"})
    space.set("bilingual", households="es+en")


def test_each_person_gets_one_right_message(space: Space) -> None:
    received = by_recipient(send(space, *ROWS))
    languages = {to.partition("@")[0]: str(parse(message)["Content-Language"]) for to, message in received.items()}
    assert languages == {
        "es": "es", "en": "en", "both": "es, en", "turned": "en, es", "mexico": "es, en", "french": "en",
    }  # fmt: skip

    beto = parse(received["both@example.org"])
    text, html = parts(beto)
    spanish, english = "Noticias para Beto: 50% más ranchos, ¡y qué ranchos!", "News for Beto: 50% more farms"
    assert beto["Subject"] == f"{spanish} / {english}"
    assert beto["From"].addresses[0].display_name == "Justicia Migrante — Comité"
    assert [len(beto.get_all(name, [])) for name in ("List-Unsubscribe", "List-Unsubscribe-Post")] == [1, 1]
    in_order = ["Hola, Beto:", "Leche con Dignidad", "Da lo que puedas", "Dear Beto,", "Milk with Dignity", "Give what"]
    for part in (text, re.sub("</?span[^>]*>", "", html).replace("\u00a0", " ")):  # which keeps last words together
        assert sorted(part.index(words) for words in in_order) == [part.index(words) for words in in_order]
    first, second = re.split(r"={20,} ENGLISH ={20,}", text)
    assert "ranchos" in first
    assert "Dear" not in first
    assert "Hola" not in second
    before, after = html.split('<div lang="en" dir="ltr">', 1)
    assert '<div lang="es" dir="ltr">' in before
    assert "Dear" not in before
    assert "Hola" not in after
    assert 'href="#in-en"' in before
    assert 'id="in-en"' in after
    token = re.search(r"/u/([^>]+)>", str(beto["List-Unsubscribe"]))
    assert token
    assert html.count(f"https://news.example.org/u/{token[1]}") == 2, "in the words of each language"
    assert 'href="https://example.org/es/ranchos"' in before
    assert 'href="https://example.org/farms"' in after

    tara_text, _html = parts(parse(received["turned@example.org"]))
    assert tara_text.index("Dear Tara,") < tara_text.index("Hola, Tara:")
    assert "Give what you can" not in tara_text, "the appeal is for supporters only, in both halves"
    assert "Da lo que puedas" not in tara_text


def test_segment_of_the_settings_gets_both_whatever_segment_picked_them(space: Space) -> None:
    households(space)
    received = by_recipient(send(space, *ROWS))
    assert parse(received["es@example.org"])["Content-Language"] == "es, en"
    assert parse(received["turned@example.org"])["Content-Language"] == "en, es"
    assert parse(received["en@example.org"])["Content-Language"] == "en"
    campaigns = space.json("campaigns", "list")
    assert isinstance(campaigns, list)
    assert {locale: sum(states.values()) for locale, states in campaigns[0]["editions"].items()} == {
        "en": 2, "en+es": 1, "es+en": 3,
    }  # fmt: skip


def test_dry_run_tells_edition_and_reason(space: Space) -> None:
    households(space)
    add_people(space, *ROWS, "odd@example.org,,de,,", "none@example.org,,,,", "iso@example.org,,spa,,")
    lines = space.run("send", "june", "--segment", "everybody", "--dry-run").stdout.splitlines()
    told = {line.split("@")[0]: re.sub(r" +", " ", line.split(" ", 1)[1]).strip() for line in lines if "@" in line}
    assert told == {
        "es": "es+en in everybody; is in 'households', which gets both",
        "en": "en in everybody; asks for it",
        "both": "es+en in everybody; asks for both",
        "turned": "en+es in everybody; asks for both",
        "mexico": "es+en in everybody; asks for 'es-mx+en-us', nearest is 'es+en'",
        "french": "en in everybody; asks for 'fr+en', of which 'en' is offered",
        "odd": "en in everybody; asks for 'de', which is not offered, so the default 'en'",
        "none": "en in everybody; asks for it",
        "iso": "es in everybody; asks for it",
    }
    assert lines[-1] == "9 people: 4 en, 1 en+es, 1 es, 3 es+en. Nothing was sent."


def test_counts_have_a_line_and_a_column_for_each_pair(space: Space) -> None:
    households(space)
    add_people(space, *ROWS)
    counted = space.json("segments", "count", "everybody", "spanish", "households")
    assert counted == {
        "everybody": {"en": 2, "es": 0, "en+es": 1, "es+en": 3},
        "spanish": {"en": 0, "es": 0, "en+es": 1, "es+en": 3},
        "households": {"en": 0, "es": 0, "en+es": 0, "es+en": 1},
    }
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "--segment", "everybody", "--yes")
    assert re.search(r"es\+en +3 +3", done.stdout)
    assert re.search(r"en\+es +1 +1", done.stdout)


def test_language_of_a_pair_counts_in_rules_whichever_half_it_is(space: Space) -> None:
    space.set(
        "segments",
        english={"locale": "en"},
        pairs={"locale": "es+en"},
        mexican={"locale": "es-MX"},
        hebrew={"locale": "iw"},
        spanish_only={"all": [{"locale": "es"}, {"not": {"locale": "en"}}]},
        near={"locale": "e"},
    )
    add_people(space, *ROWS, "he@example.org,,he-IL,,", "tet@example.org,,fr+es-419,,")
    picked = {
        name: {one["email"].partition("@")[0] for one in space.json("segments", "show", name)}  # type: ignore[attr-defined]
        for name in ("spanish", "english", "pairs", "mexican", "hebrew", "spanish_only", "near")
    }
    assert picked == {
        "spanish": {"es", "both", "turned", "mexico", "tet"},
        "english": {"en", "both", "turned", "mexico", "french"},
        "pairs": {"both"},
        "mexican": {"mexico"},
        "hebrew": {"he"},
        "spanish_only": {"es", "tet"},
        "near": set(),
    }


def test_incomplete_half_stops_the_pair_before_anything_is_sent(space: Space) -> None:
    add_people(space, "both@example.org,Beto,es+en,,")
    path = space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"
    catalog = polib.pofile(str(path), wrapwidth=0)
    catalog[3].msgstr = ""
    catalog.save()
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "--segment", "everybody", "--yes", code=1)
    assert "the es edition of 'june' is not complete" in done.stderr
    assert inbox.messages == []


def test_files_of_a_pair_are_written_when_asked_for_or_when_a_segment_gets_it(space: Space) -> None:
    out = space.root / "var" / "out"
    space.run("render", "june", "--out", str(out))
    assert not list(out.glob("*+*"))
    space.run("render", "june", "--out", str(out), "--locale", "en+es")
    assert {path.name for path in out.glob("*+*")} == {
        f"june.en+es.{suffix}" for suffix in ("html", "txt", "mjml", "eml")
    }
    households(space)
    space.run("render", "june", "--out", str(out))
    assert (out / "june.es+en.html").is_file()
    for wrong in ("es+fr", "es+es", "en+es+en", "es+", "+"):
        done = space.run("render", "june", "--out", str(out), "--locale", wrong, code=2)
        assert f"unknown locale '{wrong}'" in done.stderr


def test_test_message_comes_in_every_edition_that_the_settings_name(space: Space) -> None:
    households(space)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "--to", "staff@example.org")
    assert [str(parse(message)["Content-Language"]) for _from, _to, message in inbox.messages] == ["en", "es", "es, en"]


def test_long_pair_is_kept_in_the_house_until_somebody_takes_it_for_a_warning(space: Space) -> None:
    households(space)
    paragraph = ("A long paragraph about cows. " * 30).strip()
    block = f"  - {{type: text, id: long%d, body: {paragraph}}}\n"
    space.write_issue(ISSUE + "".join(block % number for number in range(22)))
    space.translate(translations={**SPANISH, paragraph: ("Un párrafo largo de vacas. " * 35).strip()})
    done = space.run("check", "june", code=1)
    assert re.search(r"error: issues/june\.yaml: the es\+en edition has 1\d\d KB, and Gmail hides", done.stdout)
    space.set("checks", severity={"clipped": "warning"})
    done = space.run("check", "june")
    assert "1 issue checked: all is well in en, es, es+en, with" in done.stdout
    (warning,) = [line for line in done.stdout.splitlines() if "Gmail hides" in line]
    assert re.search(r"warning: issues/june\.yaml: the es\+en edition has 1\d\d KB, and Gmail hides", warning)
    report = space.json("check", "june")
    assert [found["code"] for found in report["findings"]].count("clipped") == 1  # type: ignore[index]
    add_people(space, "both@example.org,Beto,es+en,,")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "--segment", "everybody", "--yes")
    assert "warning: the es+en edition has" in done.stderr
    assert len(inbox.messages) == 1


@pytest.mark.parametrize(
    ("bilingual", "code"),
    [
        ({"nobody": "es+en"}, "unknown-segment"),
        ({"spanish": "es"}, "bad-pair"),
        ({"spanish": "es+es"}, "bad-pair"),
        ({"spanish": "es+en+es"}, "bad-pair"),
        ({"spanish": "es,en"}, "bad-pair"),
        ({"spanish": "es+fr"}, "unknown-locale"),
    ],
)
def test_mistake_in_the_settings_is_told_with_its_line(space: Space, bilingual: dict[str, str], code: str) -> None:
    space.set("bilingual", **bilingual)
    done = space.run("check", code=2)
    assert re.search(rf"newsletter\.yaml:\d+:\d+: bilingual: .*\[{code}\]", done.stderr)


def test_letter_of_a_campaign_is_frozen_in_both_languages(space: Space, tmp_path: Path) -> None:
    """What was begun goes on with the words it began with."""
    add_people(space, "both@example.org,Beto,es+en,,")
    done = space.run("send", "june", "--segment", "everybody", "--yes", "--queue")
    assert "1 es+en" in done.stderr
    issue = (space.root / "issues" / "june.yaml").read_text(encoding="utf-8")
    space.write_issue(issue.replace("the law was signed", "the law was vetoed"))
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "--segment", "everybody", "--yes")
    text, _html = parts(parse(by_recipient(inbox)["both@example.org"]))
    assert "the law was signed" in text
