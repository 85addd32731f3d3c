"""Markdown → HTML and plain text: what it becomes, and what it can never become."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from newsletter.content.markup import check_markdown, paragraphs, to_html, to_text

from .helpers import Page

ALLOWED = {
    "p": (),
    "br": (),
    "em": (),
    "strong": (),
    "a": ("href",),
    "ul": (),
    "ol": ("start",),
    "li": (),
    "blockquote": (),
    "h3": (),
    "h4": (),
    "h5": (),
    "h6": (),
}


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("One\ntwo", "<p>One\ntwo</p>"),
        ("One\n\ntwo", "<p>One</p>\n<p>two</p>"),
        ("One  \ntwo", "<p>One<br>\ntwo</p>"),
        ("One\\\ntwo", "<p>One<br>\ntwo</p>"),
        (
            "**bold** *em* _em_ ***both***",
            "<p><strong>bold</strong> <em>em</em> <em>em</em> <em><strong>both</strong></em></p>",
        ),
        ("[us](https://example.org/a?b=c&d=e)", '<p><a href="https://example.org/a?b=c&amp;d=e">us</a></p>'),
        ("<https://example.org>", '<p><a href="https://example.org">https://example.org</a></p>'),
        ("<hello@example.org>", '<p><a href="mailto:hello@example.org">hello@example.org</a></p>'),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("- a\n  - b", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"),
        ("> a\n> b", "<blockquote>\n<p>a\nb</p>\n</blockquote>"),
        ("# a", "<h3>a</h3>"),
        ("## a", "<h4>a</h4>"),
        ("### a", "<h5>a</h5>"),
        ("#### a", "<h6>a</h6>"),
        ("###### a", "<h6>a</h6>"),
        ("#hashtag", "<p>#hashtag</p>"),
        ("1 < 2 & \"3\" > '0'", "<p>1 &lt; 2 &amp; &quot;3&quot; &gt; '0'</p>"),
        ("\\*no\\* &amp; &copy;", "<p>*no* &amp; ©</p>"),
        ("`code` and ~~gone~~", "<p>`code` and ~~gone~~</p>"),
        ("    four spaces", "<p>four spaces</p>"),
        ("***", "<p>***</p>"),
        ("Title\n=====", "<p>Title\n=====</p>"),
        ("| a | b |\n|---|---|", "<p>| a | b |\n|---|---|</p>"),
        ("50% off, $25, %(name)s", "<p>50% off, $25, %(name)s</p>"),
        ("{first_name|friend}", "<p>\ue000first_name|friend\ue001</p>"),
        ("**{first_name|*x*}**", "<p><strong>\ue000first_name|*x*\ue001</strong></p>"),
        ("", ""),
    ],
)
def test_markdown_becomes_html(source: str, html: str) -> None:
    assert to_html(source) == html


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](data:text/html,a)", "<p>[x](data:text/html,a)</p>"),
        ('[x](https://example.org "title")', '<p><a href="https://example.org" title="title">x</a></p>'),
        ("&lt;b&gt;", "<p>&lt;b&gt;</p>"),
        ("&#0;&#x202e;", "<p>\ufffd\u202e</p>"),
    ],
)
def test_renderer_escapes_even_what_was_never_checked(source: str, html: str) -> None:
    assert to_html(source) == html


@pytest.mark.parametrize(
    ("source", "lines", "links"),
    [
        ("One\ntwo", [("", "", "One two")], []),
        ("One  \ntwo", [("", "", "One\ntwo")], []),
        ("**b** *e*", [("", "", "b e")], []),
        ("- a\n- b", [("- ", "  ", "a"), ("- ", "  ", "b")], []),
        ("- a\n\n  more", [("- ", "  ", "a"), ("  ", "  ", "more")], []),
        (
            "- a\n  1. b\n  2. c\n- d",
            [("- ", "  ", "a"), ("  1. ", "     ", "b"), ("  2. ", "     ", "c"), ("- ", "  ", "d")],
            [],
        ),
        ("9. a\n10. b", [("9. ", "   ", "a"), ("10. ", "    ", "b")], []),
        ("> a\n>\n> - b", [("> ", "> ", "a"), ("> - ", ">   ", "b")], []),
        ("# a", [("", "", "a")], []),
        ("[us](https://example.org)", [("", "", "us [1]")], ["https://example.org"]),
        (
            "[a](https://example.org/1) [b](https://example.org/2) [c](https://example.org/1)",
            [("", "", "a [1] b [2] c [1]")],
            ["https://example.org/1", "https://example.org/2"],
        ),
        ("<https://example.org>", [("", "", "https://example.org")], []),
        ("[hello@example.org](mailto:hello@example.org)", [("", "", "hello@example.org")], []),
        (
            "[{first_name|you}](https://example.org)",
            [("", "", "\ue000first_name|you\ue001 [1]")],
            ["https://example.org"],
        ),
        ("a & b < c &amp; d \\*", [("", "", "a & b < c & d *")], []),
    ],
)
def test_markdown_becomes_plain_text(source: str, lines: list[tuple[str, str, str]], links: list[str]) -> None:
    plain = to_text(source)
    assert plain.paragraphs == lines
    assert plain.links == links


def test_links_are_numbered_from_where_the_caller_says() -> None:
    assert to_text("[us](https://example.org)", 7).paragraphs == [("", "", "us [7]")]


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("One\n\n\ntwo", ["One", "two"]),
        ("# H\ntext\n- a\n- b\n\n> q", ["# H", ["text", "a", "b"][0], "- a\n- b", "> q"]),
        ("- a\n\n- b\n\nend", ["- a\n\n- b", "end"]),
        ("  indented\n\n  both", ["indented", "both"]),
        ("", []),
        ("\n \n", []),
    ],
)
def test_body_is_cut_into_top_level_pieces(source: str, pieces: list[str]) -> None:
    assert paragraphs(source) == pieces


WORDS = st.text(alphabet="ab *_[]()<>&\"'#-.1{}|\\!éñ", min_size=1, max_size=15) | st.sampled_from(
    ["words", "**bold**", "[a](https://example.org)", "{first_name|friend}", "¡Hola!", "1. no", "+", "#", ">", "a  "]
)
LINES = st.lists(WORDS, min_size=1, max_size=3)
PARAGRAPH = LINES.map("\n".join)
ITEMS = st.lists(LINES, min_size=1, max_size=3)
# After an empty item two blank lines end the list for markdown-it, and one does not.
EMPTY_ITEM = re.compile(r"^[ >]*([-*+]|\d+[.)])[ >]*$", re.MULTILINE)


def _list(items: list[list[str]], marker: str, gap: str) -> str:
    indent = " " * (len(marker) + 1)
    return gap.join(f"{marker} " + f"\n{indent}".join(lines) for lines in items)


LISTS = st.builds(_list, ITEMS, st.sampled_from(["-", "*", "1.", "7)", "10."]), st.sampled_from(["\n", "\n\n"]))
QUOTES = PARAGRAPH.map(lambda text: "\n".join(f"> {line}" for line in text.split("\n")))
HEADINGS = st.builds("{} {}".format, st.sampled_from(["#", "##", "######"]), WORDS)
NESTED = st.builds(
    lambda first, inner: f"- {first}\n\n" + "\n".join(f"  {line}" for line in inner.split("\n")), WORDS, LISTS | QUOTES
)
DOCUMENTS = st.builds(
    lambda pieces, gap: gap.join(pieces),
    st.lists(PARAGRAPH | LISTS | QUOTES | HEADINGS | NESTED, min_size=1, max_size=5),
    st.sampled_from(["\n\n", "\n", "\n\n\n"]),
)


@given(DOCUMENTS)
@example("- a\n\n\nb")
@example("1. a\n\n1) b")
@example("- a\n\n      b")
@example("> a\nb\n\n> c")
def test_pieces_joined_again_mean_the_same(source: str) -> None:
    assume(not EMPTY_ITEM.search(source))
    pieces = paragraphs(source)
    assert "".join(to_html("\n\n".join(pieces)).split()) == "".join(to_html(source).split())
    assert all(len(paragraphs(piece)) == 1 for piece in pieces)


ANYTHING = st.text() | st.text(alphabet="<>&\"'[]()!*_#- \n{}|/:;=javscript1.") | DOCUMENTS


@given(ANYTHING)
@example("[a](<javascript:alert(1)>)")
@example("[a](java&#115;cript:alert(1))")
@example("[a](&#1;javascript:alert(1))")
@example("[a](  JAVASCRIPT:alert(1))")
@example("<javascript:alert(1)>")
@example("![a](javascript:alert(1))")
@example("[a](vbscript:x) [b](file:///x) [c](data:text/html;base64,x)")
@example("<img src=x onerror=alert(1)>")
@example("<!-- --><![CDATA[x]]><?php ?>")
def test_whatever_the_text_only_allowed_elements_come_out(source: str) -> None:
    page = Page(to_html(source))
    for tag, attributes in page.tags:
        if tag == "img":
            assert any(problem.code == "markdown-image" for problem in check_markdown(source))
        else:
            assert set(attributes) <= {*ALLOWED[tag], "title"}
    for _tag, name, value in page.values:
        assert name != "href" or not value.strip("\x00\x01 \n\t").lower().startswith(
            ("javascript", "vbscript", "data", "file")
        )
    assert page.others == []


@given(ANYTHING)
def test_text_and_checks_take_whatever_they_get(source: str) -> None:
    plain = to_text(source)
    assert all(isinstance(text, str) for _first, _rest, text in plain.paragraphs)
    assert all(problem.code and problem.message for problem in check_markdown(source))


@pytest.mark.parametrize(
    ("source", "code", "needle"),
    [
        ("a <b>c", "raw-html", "<b>"),
        ("<div>\n\nx", "raw-html", "<div>"),
        ("<!-- note -->", "raw-html", "<!-- note -->"),
        ("![a](https://example.org/a.png)", "markdown-image", "!["),
        ("[a](javascript:b)", "bad-url", "javascript:b"),
        ("[a]()", "bad-url", ""),
        ("[a](example.org)", "bad-url", "example.org"),
        ("[a](https://example.org/{first_name|x})", "bad-url", "{first_name|x}"),
        ("{nobody|x}", "unknown-placeholder", "{nobody|x}"),
    ],
)
def test_what_mail_cannot_carry_is_a_problem(source: str, code: str, needle: str) -> None:
    (problem,) = check_markdown(source)
    assert (problem.code, problem.needle) == (code, needle)
    assert problem.message


@pytest.mark.parametrize("source", ["a < b", "1<2>1", "5 > 3", "x <3", "AT&T", "[not a link]", "a ! [b", "#1"])
def test_innocent_text_is_no_problem(source: str) -> None:
    assert check_markdown(source) == []
