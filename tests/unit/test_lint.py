"""MJML of templates is held against what the engine knows, with the line of each mistake."""

from __future__ import annotations

import pytest

from newsletter import builtin
from newsletter.render.lint import lint, lint_templates

GOOD = """\
{# <mj-comment pading="1"> #}
<!-- <mj-nothing> -->
<mjml lang="{{ lang }}" dir="{{ dir }}">
  <mj-head>
    <mj-attributes>
      <mj-all font-family="{{ fonts.text }}" />
      <mj-class name="big" font-size="30px" />
    </mj-attributes>
    <mj-style inline="inline">.a > b { margin: 0 }</mj-style>
  </mj-head>
  <mj-body background-color="{{ theme.ground }}" css-class="x">
    {% macro part(look="paper") %}
    <mj-section padding="{% if look == "a" %}0px 0px 32px{% else %}20px{% endif %}" mj-class="big">
      <mj-column width="33.3%" {% if wide %}border="1px solid {{ theme.ink }}"{% endif %}
        padding="1px 2px 3px 4px">
        <mj-text line-height="1.5" letter-spacing="-1px" color="#fff" align="{{ start }}">a < b <br /></mj-text>
        <mj-image src="{{ picture(image.src ~ ">") }}" alt="a > b" width="300px" />
        <mj-{{ kind }} anything="goes" />
      </mj-column>
    </mj-section>
    {% endmacro %}
  </mj-body>
</mjml>
"""


def told(template: str) -> list[tuple[int, int, str]]:
    return [(found.where.line, found.where.column, found.code) for found in lint(template, "a.mjml.j2")]


def test_good_template_has_no_findings() -> None:
    assert told(GOOD) == []


def test_built_in_templates_have_no_findings() -> None:
    assert lint_templates(builtin.TEMPLATES, "templates") == []
    assert len(list(builtin.TEMPLATES.rglob("*.mjml.j2"))) > 12


@pytest.mark.parametrize(
    ("template", "line", "column", "code", "says", "hint"),
    [
        ("<mj-txt>x</mj-txt>", 1, 1, "unknown-tag", "no <mj-txt>", "did you mean 'mj-text'"),
        ("<p>\n  <mj-section paddin='1px'>", 2, 15, "unknown-attribute", "'paddin'", "did you mean 'padding'"),
        ("<mj-text {% if a %}\nheigth='1px'{% endif %}>", 2, 1, "unknown-attribute", "'heigth'", "'height'"),
        ("<mj-text href='https://example.org'>", 1, 10, "unknown-attribute", "so it does nothing", ""),
        ('<mj-text color="red', 1, 1, "unclosed-tag", "no end", "quotation mark"),
        ("<mj-text color='red'\n<mj-button>", 1, 1, "unclosed-tag", "no end", ""),
        ("<mj-section padding='0'>", 1, 13, "bad-value", "'0' is no padding of <mj-section>", "write '0px'"),
        ("<mj-section padding='1px 2px 3px 4px 5px'>", 1, 13, "bad-value", "is no padding", "one to four numbers"),
        ("<mj-text font-size='17'>", 1, 10, "bad-value", "'17' is no font-size", "a number with px"),
        ("<mj-image width='100%'>", 1, 11, "bad-value", "is no width", "a number with px"),
        ("<mj-text align='middle'>", 1, 10, "bad-value", "'middle'", "one of left, right, center, justify"),
        ("<mj-button color='#12345'>", 1, 12, "bad-value", "'#12345'", "a colour"),
        ("<mj-divider border-width='thick;'>", 1, 13, "bad-value", "'thick;'", "a number with px"),
    ],
)
def test_mistake_is_told_with_its_place(template: str, line: int, column: int, code: str, says: str, hint: str) -> None:
    (finding,) = lint(template, "a.mjml.j2")
    assert (finding.where.line, finding.where.column, finding.code) == (line, column, code)
    assert says in finding.message
    assert hint in finding.hint


def test_every_mistake_of_a_template_is_told_at_once() -> None:
    template = GOOD.replace("<mj-image", "<mj-imag").replace("letter-spacing", "letterspacing").replace("33.3%", "a")
    assert [code for _line, _column, code in told(template)] == ["bad-value", "unknown-attribute", "unknown-tag"]
