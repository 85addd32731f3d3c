"""Reader placeholders: which there are, that each has a fall-back, and that nobody can forge a mark."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.markup import to_html, to_text
from newsletter.content.placeholders import CLOSE, OPEN, check_placeholders, fill_marks, mark, to_marks

from .helpers import body_issue, findings_in, rendered


@pytest.mark.parametrize(
    "text",
    [
        "Dear {first_name|friend},",
        "{name|amiga o amigo}",
        "{count} letters",
        "{count|# letter|# letters}",
        "{count|Nobody|One|Two|# few|# many|# of them}",
        "no braces",
        "{first_name|á ñ 👩🏽‍🌾}",
        "",
    ],
)
def test_known_placeholder_is_taken(text: str) -> None:
    assert check_placeholders(text) == []


@pytest.mark.parametrize(
    ("text", "code", "piece"),
    [
        ("{first_name}", "bad-placeholder", "{first_name}"),
        ("{first_name|}", "bad-placeholder", "{first_name|}"),
        ("{first_name| }", "bad-placeholder", "{first_name| }"),
        ("{first_name|a|b}", "bad-placeholder", "{first_name|a|b}"),
        ("{ first_name }", "bad-placeholder", "{ first_name }"),
        ("{First_name|x}", "unknown-placeholder", "{First_name|x}"),
        ("{email|x}", "unknown-placeholder", "{email|x}"),
        ("{}", "unknown-placeholder", "{}"),
        ("{0}", "unknown-placeholder", "{0}"),
        ("a { b", "unknown-placeholder", "{ b"),
        ("a } b", "unknown-placeholder", "}"),
        ("{{ 7*7 }}", "unknown-placeholder", "{{ 7*7 }}"),
        ("{% raw %}", "unknown-placeholder", "{% raw %}"),
        ("{# note #}", "unknown-placeholder", "{# note #}"),
        ("${x}", "unknown-placeholder", "{x}"),
        ("{count|3}", "bad-placeholder", "{count|3}"),
    ],
)
def test_anything_else_in_braces_is_refused(text: str, code: str, piece: str) -> None:
    problem = check_placeholders(text)[0]
    assert (problem.code, problem.needle) == (code, piece)
    assert problem.hint


@given(st.text(alphabet="{}|%# abfirst_nameount\n"))
def test_text_that_passes_holds_no_brace_but_in_placeholders(text: str) -> None:
    if not check_placeholders(text):
        left = fill_marks(to_marks(text.replace("{count}", "")), lambda field, fallback: "")
        assert "{" not in left
        assert "}" not in left


def test_marks_are_filled_with_value_or_fall_back() -> None:
    text = to_marks("Dear {first_name|friend}, {name|you}!")
    assert fill_marks(text, lambda field, fallback: fallback) == "Dear friend, you!"
    assert fill_marks(text, lambda field, fallback: f"<{field}>") == "Dear <first_name>, <name>!"
    assert fill_marks(mark("unsubscribe_url"), lambda field, fallback: f"{field}={fallback}") == "unsubscribe_url="


def test_value_that_looks_like_a_placeholder_or_mark_is_not_filled_again() -> None:
    filled = fill_marks(to_marks("{name|x}"), lambda field, fallback: mark("unsubscribe_url") + "{name|x}")
    assert filled == mark("unsubscribe_url") + "{name|x}"


def test_mark_in_a_file_is_refused_however_it_is_written() -> None:
    for value in (f"{OPEN}unsubscribe_url|x{CLOSE}", r'"\ue000unsubscribe_url|x\ue001"'):
        codes = {finding.code for finding in findings_in(f"subject: {value}\n")}
        assert "invisible-character" in codes


def test_fall_back_is_escaped_for_html_and_left_plain_in_text() -> None:
    source = 'Dear {first_name|<b>"friend" & co},'
    assert to_html(source) == f"<p>Dear {OPEN}first_name|&lt;b&gt;&quot;friend&quot; &amp; co{CLOSE},</p>"
    assert to_text(source).paragraphs[0][2] == f'Dear {OPEN}first_name|<b>"friend" & co{CLOSE},'


def test_fall_back_is_escaped_wherever_it_stands() -> None:
    letter = rendered(body_issue("Dear {name|A & <b>},".replace("<b>", "“B”"), subject="For {name|A & “B”}"))
    whole = fill_marks(letter.html, lambda field, fallback: fallback)
    assert f"For {html.escape('A & “B”')}" in whole
    assert fill_marks(letter.subject, lambda field, fallback: fallback) == "For A & “B”"
    assert "Dear A & “B”," in fill_marks(letter.text, lambda field, fallback: fallback)


@pytest.mark.parametrize("text", ["{count|}", "{count|one}", "{count|one|}", "{count|a|b|c|d|e|f|g}", "{count| |b}"])
def test_count_without_its_plural_forms_is_reported(text: str) -> None:
    (problem,) = check_placeholders(text)
    assert problem.code == "bad-placeholder"
    assert "{count|# letter|# letters}" in problem.hint
