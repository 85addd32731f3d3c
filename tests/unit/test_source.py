"""YAML files: what is refused as a whole, what stays the text it looks like, and that nothing else is ever raised."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from newsletter.content.fields import Vocabulary
from newsletter.content.load import load_issue
from newsletter.content.source import MAX_BYTES, parse, read_source
from newsletter.errors import ContentError, Finding

from .helpers import BODY, HEAD, ROOT, TEXT_BLOCK, VALID, WORDS, block, findings_in, load_text, places

ALL_BLOCKS = (ROOT / "tests" / "data" / "all-blocks.yaml").read_text(encoding="utf-8")
EVERY_LOCALE = Vocabulary(("en", "es", "ar"), frozenset({"supporters"}), "America/New_York")


def refused(path: Path) -> list[Finding]:
    """What is wrong with a file."""
    with pytest.raises(ContentError) as caught:
        load_issue(path, WORDS, "issues/x.yaml")
    assert all(finding.where.path == "issues/x.yaml" for finding in caught.value.findings)
    return list(caught.value.findings)


@pytest.mark.parametrize(
    ("content", "place", "hint"),
    [
        (b"", (1, 1, "empty"), "newsletter new"),
        (b"  \n\n", (1, 1, "empty"), "newsletter new"),
        (b"# nothing\n# but comments\n", (1, 1, "empty"), ""),
        (b"source_locale: en\nsubject: Educaci\xf3n\n", (2, 17, "not-utf-8"), "save it as UTF-8"),
        ("subject: á\n".encode("utf-16"), (1, 1, "not-utf-8"), "UTF-8"),
        (VALID.encode().replace(b"Victory", b"x" * 10_000_000), (1, 1, "too-large"), "pictures are files"),
        (VALID.encode() + b"#" * (MAX_BYTES - len(VALID) + 1), (1, 1, "too-large"), ""),
        (b"source_locale: en\n\tsubject: x\n", (2, 1, "tab"), "spaces"),
        (b"blocks:\n  - type: text\n\tid: a\n", (3, 1, "tab"), "spaces"),
        (b"subject: Victory: a law\n", (1, 17, "yaml"), "in quotes"),
        (b'date: x\nsubject: "Hi\npreheader: y\n', (2, 10, "yaml"), "close it"),
        (b"body: |\nhola\n", (2, 1, "yaml"), "indentation"),
        (b"date: x\nsubject: [a\n", (2, 10, "yaml"), "close it"),
        (b"link: {url: x, label: y\nsubject: z\n", (1, 7, "yaml"), "close it"),
        (b"subject: {first_name|friends}, we won\n", (1, 30, "yaml"), "put all of it in quotes"),
        (b"subject: [Update] June\n", (1, 19, "yaml"), "put all of it in quotes"),
        (b"subject:Hello\nblocks: []\n", (2, 7, "yaml"), "a space follows the ':' on the line before"),
        (b"subject: x\n blocks: y\n", (2, 8, "yaml"), "indentation"),
        (b"body: | Hello\n  you\n", (1, 9, "yaml"), "on the next line"),
        (b"body: >hello\n", (1, 8, "yaml"), "on the next line"),
        (b'subject: "C:\\qux"\n', (1, 14, "yaml"), "for a backslash"),
        (b"blocks: - type: text\n", (1, 9, "yaml"), "begin it on the next line"),
        (b"title: *now\n", (1, 8, "yaml"), "in quotes"),
        (b"a: b\n<<<<<<< HEAD\nc: d\n=======\nc: e\n>>>>>>> theirs\n", (2, 1, "conflict"), "git could not join"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", (2, 8, "yaml"), ""),
        (b"[" * 20_000, (1, 1, "yaml"), ""),
        (b"- a\n- b\n", (1, 1, "wrong-type"), "key: value"),
        (b"words\n", (1, 1, "wrong-type"), "key: value"),
        (b"a: b\n---\nc: d\n", (2, 1, "yaml"), "one file for each issue"),
        (b'subject: "\\U00110000"\n', (1, 13, "yaml"), "the character itself"),
    ],
)
def test_file_that_cannot_be_read_says_why(
    tmp_path: Path, content: bytes, place: tuple[int, int, str], hint: str
) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    (finding,) = refused(file)
    assert places([finding]) == [place]
    assert hint in finding.hint


def test_absent_file_and_folder_are_findings(tmp_path: Path) -> None:
    assert places(refused(tmp_path / "absent.yaml")) == [(1, 1, "unreadable")]
    assert places(refused(tmp_path)) == [(1, 1, "unreadable")]


@pytest.mark.parametrize(
    "value",
    ["!!python/object:os.system rm", "!!python/object/apply:os.system [ls]", "!!float x", "!own x", "!!binary x"],
)
def test_tags_are_refused_and_nothing_is_made_of_them(value: str) -> None:
    found = findings_in(VALID.replace("Victory", value))
    assert (3, 10, "yaml") in places(found)


@pytest.mark.parametrize(
    "character",
    [chr(0x0), "\x08", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\ue000", "\ue001", "\uf8ff", "\uffff"],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_invisible_character_is_named_and_placed(character: str) -> None:
    (raw,) = findings_in(VALID.replace("Victory", f"Vic{character}tory"))
    assert places([raw]) == [(3, 13, "invisible-character")]
    assert f"U+{ord(character):04X}" in raw.message
    assert character not in str(raw)
    (escaped,) = findings_in(VALID.replace("Victory", f'"Vic\\u{ord(character):04x}tory"'))
    assert places([escaped]) == [(3, 10, "invisible-character")]


def test_lone_surrogate_and_escaped_carriage_return_are_refused() -> None:
    assert [place[2] for place in places(findings_in(VALID.replace("Victory", r'"a\ud800"')))] == [
        "invisible-character"
    ]
    assert [place[2] for place in places(findings_in(VALID.replace("Victory", r'"a\rBcc: b"')))] == [
        "invisible-character"
    ]


def test_every_invisible_character_of_a_file_is_told() -> None:
    text = VALID.replace("Victory", "\u202eVictory").replace("Hello", "Hel\u200blo\ue000\ue001")
    assert places(findings_in(text)) == [
        (3, 10, "invisible-character"),
        (6, 44, "invisible-character"),
        (6, 45, "invisible-character"),
    ]


@pytest.mark.parametrize("visible", ["👩🏽‍🌾", "می‌خواهم", "e\u0301", "שלום", "\u00a0", "«¡Ñandú!»", "\u200f"])
def test_scripts_emoji_and_joiners_are_welcome(visible: str) -> None:
    assert visible.strip() in load_text(VALID.replace("Victory", f"a{visible}b")).issue.subject.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
    ],
    ids=["BOM", "CRLF", "CR"],
)
def test_marks_and_line_ends_of_other_systems_change_nothing(tmp_path: Path, change: Any) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(change(VALID).encode())
    assert load_issue(file, WORDS).issue == load_text(VALID).issue
    file.write_bytes(change(VALID.replace("preheader: One", "preheader: {x} One")).encode())
    assert refused(file)[0].where.line == 4


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "12:30:45", "1e3", "0x1F", "2019-06-03", "1_000", ".5", "=", "<<"]
)
def test_words_that_older_yaml_changes_stay_text(word: str) -> None:
    assert load_text(VALID.replace("Victory", word)).issue.subject == word


@pytest.mark.parametrize(
    ("written", "read"), [("true", True), ("7", 7), ("-7", -7), ("1.5", 1.5), ("~", None), ("", None)]
)
def test_core_scalars_are_read_as_such(written: str, read: object) -> None:
    assert parse(f"a: {written}\n", "x").data == {"a": read}


def test_number_beyond_64_bits_stays_text() -> None:
    assert parse(f"a: {'9' * 400}\n", "x").data == {"a": "9" * 400}


def test_missing_picture_and_one_outside_the_folder_are_told(tmp_path: Path) -> None:
    issues = tmp_path / "issues"
    (issues / "media").mkdir(parents=True)
    Image.new("RGB", (10, 10)).save(issues / "media" / "here.png")
    (tmp_path / "secret.png").write_bytes(b"png")
    (issues / "media" / "link.png").symlink_to(tmp_path / "secret.png")
    words = Vocabulary(("en",), frozenset(), "UTC", issues)

    def found(src: str) -> list[tuple[int, int, str]]:
        return places(findings_in(block(f"type: image\nid: a\nimage: {{src: {src}, alt: x}}"), words))

    assert found("media/here.png") == []
    assert found("media/gone.png") == [(8, 18, "missing-picture")]
    assert found("../secret.png") == [(8, 18, "bad-picture")]
    assert found("media/../../secret.png") == [(8, 18, "bad-picture")]
    assert found(str(tmp_path / "secret.png")) == [(8, 18, "bad-picture")]
    assert found("media/link.png") == [(8, 18, "bad-picture")]
    assert found("media") == [(8, 18, "bad-picture")]
    assert found("x" * 400 + ".png") == [(8, 18, "missing-picture")]
    assert found("y" * 400 + "/x.png") == [(8, 18, "missing-picture")]
    misspelt = findings_in(block("type: image\nid: a\nimage: {src: media/hear.png, alt: x}"), words)
    assert [finding.hint for finding in misspelt] == ["did you mean 'here.png'?"]


def only_content_errors(text: str) -> None:
    """Whatever the text is, it is an issue or has findings with real places."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for finding in findings_in(text, EVERY_LOCALE):
        assert finding.message
        assert 1 <= finding.where.line <= len(lines) + 1
        assert finding.where.column >= 1


@given(st.text())
@example("a: !!float x")
@example("? [a]\n: b")
@example('"\\UFFFFFFFF": x')
def test_any_text_is_an_issue_or_has_findings(text: str) -> None:
    only_content_errors(text)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_file_or_have_findings(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "x.yaml"
    file.write_bytes(content)
    with contextlib.suppress(ContentError):
        read_source(file, "x.yaml")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["text", "event", "{count}", "2019-06-03", "0001-01-01T00:00", "https://x", "en", "mailto:a@b", "a.png"]
    )
)
WORDS_OF_THE_SCHEMA = """
    type id body title image src alt event starts ends timezone place online url label only locales segments count
    targets kind amounts currency link caption text by deadline subject preheader date source_locale blocks en es
    poster minutes figures number about what map stops at letter to call name share ways goal progress monthly query
    credit consent who until script
"""
KEYS = st.sampled_from(WORDS_OF_THE_SCHEMA.split()) | st.text(max_size=5)
NESTED: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)


@given(
    NESTED,
    st.lists(st.dictionaries(KEYS, NESTED, max_size=6), max_size=3),
    st.sampled_from(["text", "story", "quote", "image", "video", "figures", "divider", "appeal", "action"]),
)
def test_any_structure_is_an_issue_or_has_findings(value: Any, blocks: list[dict[str, Any]], kind: str) -> None:
    blocks = [{**fields, "type": kind, "id": "a"} for fields in blocks]
    only_content_errors(yaml.safe_dump(value, allow_unicode=True))
    only_content_errors(HEAD + yaml.safe_dump({"blocks": blocks}, allow_unicode=True))


@given(st.data())
def test_any_damage_to_a_good_file_is_told(data: st.DataObject) -> None:
    lines = ALL_BLOCKS.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        start = data.draw(st.integers(0, len(lines[at])))
        piece = data.draw(
            st.sampled_from(["", "\t", ": ", "- ", "{", "}", "[", "|", "'", '"', "&a ", "*a ", "!!int ", "\\", "1"])
        )
        cut = data.draw(st.integers(0, 8))
        lines[at] = lines[at][:start] + piece + lines[at][start + cut :]
        if data.draw(st.booleans()):
            lines.insert(at, lines[data.draw(st.integers(0, len(lines) - 1))])
    only_content_errors("\n".join(lines))


def test_nesting_just_short_of_too_deep_is_told_and_not_raised() -> None:
    for depth in range(50, 400, 50):
        only_content_errors(BODY + "  - " + "{type: text, id: a, body: " * depth + "}" * depth)
    only_content_errors(VALID + TEXT_BLOCK * 70)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("title: We march #NoMás with you", "hashtag"),
        ("title: #NoMás", "hashtag"),
        ("title: 'We march' #NoMás", "hashtag"),
        ("title: &Now we march", "yaml"),
        ("title: 'We march #NoMás'  # a comment", ""),
        ("title: We march # a comment", ""),
        ("title: We march C#Sharp ##", ""),
        ("title: |\n  We march #NoMás", ""),
    ],
)
def test_no_part_of_a_text_is_lost_without_a_word(line: str, code: str) -> None:
    found = parse(f"date: 2019-06-03\n{line}\n", "x.yaml").findings
    assert [(finding.where.line, finding.code) for finding in found] == ([(2, code)] if code else [])
