"""``i18n check`` and ``i18n waive`` as staff use them, and what they keep in the house."""

from __future__ import annotations

import pytest

from .conftest import SPANISH, Space

WRONG = SPANISH | {"What happened in May": "Lo que pasó en abril"}


def test_sound_workspace_agrees(space: Space) -> None:
    assert "agrees" in space.run("i18n", "check").stdout


def test_findings_are_shown_with_place_texts_and_remedy(space: Space) -> None:
    space.translate(translations=WRONG)
    told = space.run("i18n", "check", "june", code=1).stdout
    assert "blocking-unless-waived: locales/es/LC_MESSAGES/issues/june.po:" in told
    for part in ("the source says May, the translation abril [dates]", "source:      What happened in May", "hint:"):
        assert part in told
    assert "must not go out" in told


def test_report_for_programs(space: Space) -> None:
    space.translate(translations=WRONG)
    report = space.json("i18n", "check", code=1)
    assert isinstance(report, dict)
    (edition,) = report["editions"]
    finding, warning = edition["findings"]
    assert (warning["check"], warning["blocks"]) == ("final-punctuation", False)
    assert (edition["issue"], edition["locale"], edition["blocking"]) == ("june", "es", 1)
    assert (finding["check"], finding["severity"], finding["blocks"]) == ("dates", "blocking-unless-waived", True)
    assert (finding["context"], finding["translation"]) == ("preheader", "Lo que pasó en abril")


@pytest.mark.parametrize(
    "command", [("render", "june", "--out", "out"), ("check",), ("send", "june", "--to", "a@example.org")]
)
def test_edition_that_does_not_agree_does_not_leave_the_house(space: Space, command: tuple[str, ...]) -> None:
    space.translate(translations=WRONG)
    told = space.run(*command, code=1)
    assert "[dates]" in told.stderr + told.stdout
    assert not (space.root / "out").exists()


def test_waiver_lets_the_edition_out_until_the_text_is_edited(space: Space) -> None:
    space.translate(translations=WRONG)
    done = space.run("i18n", "waive", "june", "dates", "--context", "preheader", "--reason", "April in the south")
    assert "locales/waivers.yaml" in done.stdout
    assert "April in the south" in (space.root / "locales" / "waivers.yaml").read_text(encoding="utf-8")
    assert "agrees" in space.run("i18n", "check").stdout
    space.run("check")
    space.run("render", "june", "--out", "out")
    told = space.run("i18n", "waive", "june", "dates", "--context", "preheader", "--reason", "again", code=2)
    assert "waived already" in told.stderr

    space.translate(translations=SPANISH | {"What happened in May": "Lo que ocurrió en abril"})
    told = space.run("i18n", "check", code=1)
    assert "[dates]" in told.stdout
    assert "[stale-waiver]" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("june", "dates", "--context", "subject", "--reason", "none"), 2, "it finds: dates in preheader"),
        (("june", "dates", "--context", "preheader", "--reason", " "), 2, "needs a reason"),
        (
            ("june", "dates", "--context", "preheader", "--reason", "why", "--locale", "en"),
            2,
            "not translated into 'en'",
        ),
        (("july", "dates", "--context", "preheader", "--reason", "why"), 2, "no issue 'july'"),
    ],
)
def test_waiver_of_nothing_is_refused(space: Space, arguments: tuple[str, ...], code: int, told: str) -> None:
    space.translate(translations=WRONG)
    assert told in space.run("i18n", "waive", *arguments, code=code).stderr
    assert not (space.root / "locales" / "waivers.yaml").exists()


def test_what_blocks_cannot_be_waived(space: Space) -> None:
    wrong = "Léelo en [nuestra página](https://example.org/otra)."
    space.translate(translations=SPANISH | {"Read it at [our page](https://example.org/farms?a=1&b=2).": wrong})
    told = space.run("i18n", "waive", "june", "links", "--context", "farms.body", "--reason", "I like it", code=2)
    assert "cannot be waived" in told.stderr


def test_glossary_and_limits_of_the_workspace_hold(space: Space) -> None:
    (space.root / "locales" / "glossary.csv").write_text("term,en,es\nMilk with Dignity,=,=\n", encoding="utf-8")
    space.set("checks", subject=30)
    told = space.run("i18n", "check", code=1).stdout
    assert "[glossary]" in told
    assert "[too-long]" in told


def test_broken_glossary_waivers_and_catalogs_are_told(space: Space) -> None:
    glossary = space.root / "locales" / "glossary.csv"
    glossary.write_text("word\n", encoding="utf-8")
    for command in (("i18n", "check"), ("check",), ("render", "june", "--out", "out")):
        done = space.run(*command, code=1)
        assert "[bad-glossary]" in done.stdout + done.stderr
    glossary.unlink()
    waivers = space.root / "locales" / "waivers.yaml"
    waivers.write_text("waivers: [\n", encoding="utf-8")
    assert "locales/waivers.yaml:" in space.run("i18n", "check", code=1).stderr
    waivers.unlink()
    catalog = space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"
    catalog.write_text(catalog.read_text(encoding="utf-8") + 'msgid "open\n', encoding="utf-8")
    told = space.run("i18n", "check", code=1).stdout
    assert "[broken-catalog]" in told
    assert "june.po:" in told


def test_unknown_waivers_are_warnings(space: Space) -> None:
    waivers = space.root / "locales" / "waivers.yaml"
    entry = "  - {issue: gone, locale: es, context: subject, check: numbers, reason: was right, hash: abc}\n"
    waivers.write_text(f"waivers:\n{entry}", encoding="utf-8")
    told = space.run("i18n", "check").stdout
    assert "locales/waivers.yaml:2:1: subject: there is no issue 'gone' [stale-waiver]" in told


def test_warnings_do_not_keep_an_edition_back(space: Space) -> None:
    space.translate(translations=SPANISH | {"Give what you can": "Da  lo que puedas"})
    assert "[double-space]" in space.run("i18n", "check").stdout
    assert "[double-space]" in space.run("check").stdout


def test_issues_that_cannot_be_read_are_told_together(space: Space) -> None:
    for slug in ("april", "may"):
        (space.root / "issues" / f"{slug}.yaml").write_text("subjekt: x\n", encoding="utf-8")
    told = space.run("i18n", "check", code=1).stderr
    assert "issues/april.yaml:1" in told
    assert "issues/may.yaml:1" in told
