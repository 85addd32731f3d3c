"""Markdown, as much of it as mail can carry: checked, and rendered as HTML and as plain text.

Allowed: paragraphs, emphasis, links, lists, headings, quotes, line breaks.
Raw HTML, code, tables and images are not (an image is a block with an alt
text).  The dialect is CommonMark 0.31 without those rules.

``to_html`` returns HTML in which everything is escaped; reader placeholders
stand in it as marks (``placeholders.py``).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from newsletter.content.links import check_url
from newsletter.content.placeholders import PLACEHOLDER, check_placeholders, mark
from newsletter.content.problems import Problem
from newsletter.wording import said

BASE_HEADING = 3  # a block's own title is an <h2>, so "#" in its body is an <h3>
_BLOCK_RULES = ["paragraph", "heading", "list", "blockquote", "html_block"]
_INLINE_RULES = ["newline", "escape", "emphasis", "link", "image", "autolink", "html_inline", "entity"]
_INLINE_CLEANUP = ["balance_pairs", "fragments_join"]


def _placeholder_rule(state: StateInline, silent: bool) -> bool:
    found = PLACEHOLDER.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        token = state.push("placeholder", "", 0)
        token.content = mark(found["field"], found["fallback"])
    state.pos = found.end()
    return True


def _render_placeholder(
    renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    return _escape(tokens[idx].content)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _parser(*, html: bool) -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": html})
    parser.enable([*_BLOCK_RULES, *_INLINE_RULES, *_INLINE_CLEANUP])
    parser.inline.ruler.before("escape", "placeholder", _placeholder_rule)
    parser.add_render_rule("placeholder", _render_placeholder)
    return parser


# The renderer never lets HTML or an unsafe link through, whatever was checked before.
_PARSER = _parser(html=False)
# The checker must see both to refuse them; the stock rules would show them as text.
_CHECKER = _parser(html=True)
_CHECKER.validateLink = lambda url: True  # type: ignore[method-assign]


def paragraphs(source: str) -> list[str]:
    """Split Markdown into the pieces that are translated one by one.

    Each is the source of one top-level block: a paragraph, a heading, a whole
    list or a whole quote.  Joined by blank lines they mean what ``source`` meant.
    """
    lines = textwrap.dedent(source).strip("\n").splitlines()
    pieces = []
    for token in _PARSER.parse("\n".join(lines)):
        if token.level == 0 and token.nesting >= 0 and token.map:
            pieces.append("\n".join(lines[token.map[0] : token.map[1]]).strip("\n"))
    return pieces


def parse(source: str) -> list[Token]:
    """The tokens of a body, for those who compare the structure of two."""
    return _PARSER.parse(textwrap.dedent(source))


def check_markdown(source: str) -> list[Problem]:
    """Report raw HTML, images, bad links and unknown placeholders, each with its words."""
    problems = check_placeholders(source)
    for token in _walk(_CHECKER.parse(source)):
        if token.type in ("html_block", "html_inline"):
            snippet = token.content.strip().splitlines()[0]
            hint = said("write Markdown instead: **bold**, *emphasis*, [label](https://…)")
            message = said("raw HTML is not allowed: %(text)s", text=repr(snippet[:60]))
            problems.append(Problem("raw-html", message, hint, snippet))
        elif token.type == "image":
            hint = said("use the block's 'image:' key or an image block, which carry an alt text")
            problems.append(Problem("markdown-image", said("images are not allowed inside Markdown"), hint, "!["))
        elif token.type == "link_open":
            href = str(token.attrs.get("href", ""))
            problems += check_url(href)
            # The parser has percent-encoded the braces, so nothing would ever fill it in.
            if found := PLACEHOLDER.search(unquote(href)):
                hint = said("write the whole address; it is the same for every reader")
                message = said("a reader placeholder cannot stand in a URL")
                problems.append(Problem("bad-url", message, hint, found.group()))
    return problems


def to_html(source: str) -> str:
    """HTML for a block's body; headings start at ``<h3>``, below the block's own title."""
    tokens = _PARSER.parse(textwrap.dedent(source))
    for token in tokens:
        if token.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            token.tag = f"h{min(6, BASE_HEADING - 1 + int(token.tag[1]))}"
    return str(_PARSER.renderer.render(tokens, _PARSER.options, {})).strip()


@dataclass(slots=True)
class PlainText:
    """A body as plain paragraphs: each (first-line prefix, other lines' prefix, text), and its links."""

    paragraphs: list[tuple[str, str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def to_text(source: str, first_link: int = 1) -> PlainText:
    """Plain text for a body: links become ``label [n]``, numbered from ``first_link``.

    A link whose label already is its address stays as it is.  Prefixes carry
    list bullets, numbers and the ``> `` of quotes; the caller wraps the lines.
    """
    result = PlainText()
    stack: list[str | int] = []  # one entry a nesting: "> ", "- ", or the number of the next item
    bullet = ""
    for token in _PARSER.parse(textwrap.dedent(source)):
        match token.type:
            case "blockquote_open":
                stack.append("> ")
            case "bullet_list_open":
                stack.append("- ")
            case "ordered_list_open":
                stack.append(int(token.attrs.get("start", 1)))
            case "blockquote_close" | "bullet_list_close" | "ordered_list_close":
                stack.pop()
            case "list_item_open":
                top = stack[-1]
                bullet = f"{top}. " if isinstance(top, int) else str(top)
                if isinstance(top, int):
                    stack[-1] = top + 1
            case "inline":
                outer = "".join("> " if entry == "> " else "  " for entry in (stack[:-1] if bullet else stack))
                text = _inline_text(token.children or [], result.links, first_link)
                result.paragraphs.append((outer + bullet, outer + " " * len(bullet), text))
                bullet = ""
    return result


def _inline_text(tokens: Sequence[Token], links: list[str], first_link: int) -> str:
    parts: list[str] = []
    label_from = 0
    href = ""
    for token in tokens:
        match token.type:
            case "text" | "placeholder" | "text_special":
                parts.append(token.content)
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "link_open":
                href, label_from = str(token.attrs.get("href", "")), len(parts)
            case "link_close":
                label = "".join(parts[label_from:])
                if label not in (href, href.removeprefix("mailto:"), href.removeprefix("tel:")):
                    if href not in links:
                        links.append(href)
                    parts.append(f" [{first_link + links.index(href)}]")
    return "".join(parts)


def _walk(tokens: Sequence[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *_walk(token.children or []))]
