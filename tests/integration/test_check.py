"""``newsletter check``: one list in every form, graver or not as the settings say, and no way round it when sending."""

from __future__ import annotations

import json
from typing import Any

import polib
import pytest

from newsletter.i18n.checks.edition import check_edition
from tests.integration.conftest import ISSUE, SPANISH, Space
from tests.integration.servers import real_server
from tests.tools.sarif import sarif_mistakes

VAGUE = "‘Read more’ says nothing"


def findings(space: Space, code: int = 0) -> list[Any]:
    report = space.json("check", "june", code=code)
    assert isinstance(report, dict)
    assert report["errors"] == sum(one["severity"] == "error" for one in report["findings"])
    return list(report["findings"])


def test_findings_of_content_translation_and_mail_are_one_list_the_worst_first(space: Space) -> None:
    space.translate(translations={"What happened in May": "Lo que pasó en  junio"})
    found = findings(space, code=1)
    assert [one["severity"] for one in found] == ["error"] + ["warning"] * (len(found) - 1)
    assert found[0]["code"] == "dates"
    assert {"double-space", "vague-link", "preheader-short"} <= {one["code"] for one in found}
    assert all(one["hint"] and one["path"] and one["line"] for one in found)


def test_place_is_that_of_the_words_in_the_issue_and_in_the_catalog(space: Space) -> None:
    vague = [one for one in findings(space) if one["code"] == "vague-link"]
    assert [(one["edition"], one["path"], one["context"]) for one in vague] == [
        ("en", "issues/june.yaml", "farms.link.label"),
        ("es", "locales/es/LC_MESSAGES/issues/june.po", "farms.link.label"),
    ]
    line, column = vague[0]["line"], vague[0]["column"]
    assert (space.root / vague[0]["path"]).read_text().splitlines()[line - 1][column - 1 :].startswith("Read more")
    entry = polib.pofile(str(space.root / vague[1]["path"])).find("Read more")
    assert entry is not None
    assert vague[1]["line"] == entry.linenum


def test_letter_that_is_too_long_in_translation_alone_is_told_in_the_catalog(space: Space) -> None:
    body = ("Let him come home today. " * 40).strip()
    letter = f"{{to: [director@example.org], subject: Please, body: '{body}'}}"
    block = f"  - {{type: action, id: ask, kind: letter, title: Write to the director, letter: {letter}}}\n"
    space.write_issue(ISSUE + block)
    more = {"Write to the director": "Escríbele al director", "Please": "Por favor"}
    space.translate(translations={**SPANISH, **more, body: ("Déjenlo volver aquí también. " * 40).strip()})
    (found,) = [one for one in findings(space, code=1) if one["code"] == "letter-long"]
    assert (found["edition"], found["severity"], found["context"]) == ("es", "error", "ask.letter.body")
    entry = polib.pofile(str(space.root / found["path"])).find(body)
    assert entry is not None
    assert found["line"] == entry.linenum


def test_settings_raise_a_warning_and_silence_one(space: Space) -> None:
    space.set("checks", severity={"vague-link": "error", "preheader-short": "off", "final-punctuation": "off"})
    found = findings(space, code=1)
    assert {(one["severity"], one["code"]) for one in found} == {("error", "vague-link")}
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        told = space.run("send", "june", "--to", "staff@example.org", code=1).stderr
    assert VAGUE in told
    assert inbox.messages == []


def test_translations_warning_that_was_raised_keeps_the_edition_in_until_it_is_waived(space: Space) -> None:
    space.set("checks", severity={"final-punctuation": "error"})
    assert [one["code"] for one in findings(space, code=1) if one["severity"] == "error"] == ["final-punctuation"]
    assert "[final-punctuation]" in space.run("render", "june", "--out", "out", code=1).stderr
    space.run("i18n", "waive", "june", "final-punctuation", "--context", "subject", "--reason", "it is a shout of joy")
    space.run("render", "june", "--out", "out")


@pytest.mark.parametrize(
    ("severity", "code", "hint"),
    [
        ({"links": "off"}, "guarded-check", "take it out"),
        ({"numbers": "warning"}, "guarded-check", "newsletter i18n waive ISSUE numbers"),
        ({"no-unsubscribe": "warning"}, "guarded-check", "take it out"),
        ({"vage-link": "off"}, "unknown-check", "did you mean 'vague-link'?"),
        ({"vague-link": "quiet"}, "unknown-value", "error, off, warning"),
    ],
)
def test_what_guards_readers_cannot_be_made_less_of(
    space: Space, severity: dict[str, str], code: str, hint: str
) -> None:
    space.set("checks", severity=severity)
    told = space.run("check", code=2).stderr
    assert f"[{code}]" in told
    assert hint in told


def test_page_without_a_way_out_is_not_sent(space: Space) -> None:
    folder = space.root / "templates" / "parts"
    folder.mkdir()
    (folder / "footer.mjml.j2").write_text("<mj-section><mj-column></mj-column></mj-section>", encoding="utf-8")
    codes = {one["code"] for one in findings(space, code=1) if one["severity"] == "error"}
    assert codes == {"no-unsubscribe", "no-postal-address"}
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        assert "[no-unsubscribe]" in space.run("send", "june", "--to", "staff@example.org", code=1).stderr
    assert inbox.messages == []


def test_weight_is_told_by_block(space: Space) -> None:
    paragraph = ("A long paragraph about cows. " * 40).strip()
    block = f"  - {{type: text, id: cows%d, body: {paragraph}}}\n"
    space.write_issue(ISSUE + "".join(block % number for number in range(60 - 3)))
    space.translate(translations={**SPANISH, paragraph: ("Un párrafo largo de vacas. " * 35).strip()})
    (told, *_others) = [one["message"] for one in findings(space, code=1) if one["code"] == "clipped"]
    assert "the most have cows" in told
    assert " KB, cows" in told


def test_forms_for_pipelines_say_the_same(space: Space) -> None:
    space.set("checks", severity={"vague-link": "error"})
    expected = findings(space, code=1)
    lines = space.run("check", "june", "--format", "github", code=1).stdout.splitlines()
    assert len(lines) == len(expected)
    assert lines[0].startswith("::error file=issues/june.yaml,line=16,col=93,title=vague-link::")
    assert ",title=vague-link::farms.link.label: ‘Read more’" in lines[0]
    for command in ("check", "i18n status"):
        done = space.run(*command.split(), "june", "--json", "--format", "github", code=2)
        assert "--json and --format github are two different reports" in done.stderr
        assert not done.stdout
    report = json.loads(space.run("check", "june", "--format", "sarif", code=1).stdout)
    assert sarif_mistakes(report) == []
    results = report["runs"][0]["results"]
    assert [(one["level"], one["ruleId"]) for one in results] == [(one["severity"], one["code"]) for one in expected]
    region = results[0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (expected[0]["line"], expected[0]["column"])
    assert json.loads(space.run("check", "june", "--format", "json", code=1).stdout) == space.json(
        "check", "june", code=1
    )


def test_schema_of_sarif_refuses_what_is_none() -> None:
    assert sarif_mistakes({"version": "2.1.0", "runs": [{}]}) == ["/runs/0 should have required property 'tool'"]
    result = {"message": {"text": "x"}, "level": "fatal"}
    run = {"tool": {"driver": {"name": "x"}}, "results": [result]}
    assert any("/runs/0/results/0/level" in one for one in sarif_mistakes({"version": "2.1.0", "runs": [run]}))


def test_translation_is_checked_once_for_the_list_and_the_edition(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.replace("bilingual", {"everybody": "es+en"})
    checked = []
    once = check_edition

    def counted(*args: Any) -> Any:
        checked.append(args[1])
        return once(*args)

    monkeypatch.setattr("newsletter.cli.newsroom.check_edition", counted)
    space.run("check", "june")
    assert checked.count("es") == 1


def test_catalog_that_is_edited_meanwhile_is_checked_anew(space: Space) -> None:
    house = space.house()
    loaded = house.load(house.workspace.issue_file("june"))
    assert [one for one in house.review(loaded, "es") if one.blocks] == []
    path = space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"
    path.write_text(path.read_text(encoding="utf-8").replace("mayo", "junio"), encoding="utf-8")
    assert [one.code for one in house.review(loaded, "es") if one.blocks] == ["dates"]


def test_words_of_the_workspace_s_own_are_looked_at_though_pages_would_do_without(space: Space) -> None:
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    folder = space.root / "locales" / "es" / "LC_MESSAGES"
    (folder / "public.po").write_text("garbage\n", encoding="utf-8")
    words = 'msgid "%(count)s of %(goal)s"\nmsgstr "%(cuenta)s de %(goal)s"\n'
    (folder / "messages.po").write_text(f"{header}\n{words}", encoding="utf-8")
    found = {one["path"]: (one["line"], one["code"], one["hint"]) for one in findings(space, code=1)}
    assert found["locales/es/LC_MESSAGES/public.po"][:2] == (1, "broken-catalog")
    place = found["locales/es/LC_MESSAGES/messages.po"]
    assert place == (4, "unknown-placeholder", "known are: count, goal")
    (folder / "messages.po").write_text("garbage\n", encoding="utf-8")
    told = [one["path"] for one in findings(space, code=1) if one["code"] == "broken-catalog"]
    assert sorted(told) == ["locales/es/LC_MESSAGES/messages.po", "locales/es/LC_MESSAGES/public.po"], "each once"


def test_template_that_cannot_be_rendered_is_named_by_its_place_in_the_workspace(space: Space) -> None:
    file = space.root / "templates" / "blocks" / "text.mjml.j2"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n{{ block.nothing.there }}", encoding="utf-8")
    messages = [one["message"] for one in findings(space, code=1) if one["code"] == "template"]
    assert any(message.startswith("templates/blocks/text.mjml.j2:2: ") for message in messages), messages
