"""What PyYAML says of broken syntax, in words for people, and at the place where they can mend it.

PyYAML names where it gave up, which is often the line after the mistake, and
what its grammar expected there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from newsletter.errors import Finding, SourceSpan
from newsletter.wording import said

_BEGINS = (said("a text cannot begin with this character"), said("put the text in quotes"))
_INDENTED = said("look at the indentation here and on the line before")
_FITS = said("the line does not fit to the lines before it")
_BELOW = said("the text stands on the line of its '|' or '>'")
_NEXT_LINE = said("begin it on the next line, indented; or write it without '|' or '>'")
_QUOTE_INSIDE = (
    said("the text goes on after the quotation mark that closes it"),
    said("inside \"…\" write \\\", inside '…' write '' for one of them; or write the text without those around it"),
)
_AFTER_BRACKET = (
    said("something follows the bracket that closes this"),
    said("if it is a text, put all of it in quotes; else delete what follows"),
)
_AFTER_KEY = said("look at the indentation here, and whether a space follows the ':' on the line before")
_OPEN = said("a bracket is opened and never closed, or a comma is missing")
_CLOSE = said("close it; if it begins a text, put the text in quotes")
# What PyYAML says most often: a part of its sentence, ours, and the hint.
_WORDS = (
    (
        "mapping values are not allowed",
        said("a second ':' stands where only one may"),
        said("a text that holds ': ' must stand in quotes, or on its own lines after '|'"),
    ),
    ("could not find expected ':'", said("this is neither a key with ':' behind it nor part of a text"), _INDENTED),
    ("expected <block end>", _FITS, _INDENTED),
    ("unexpected end of stream", said("a quotation mark is opened and never closed"), said("close it")),
    ("cannot start any token", *_BEGINS),
    ("found undefined alias", *_BEGINS),
    ("expected alphabetic or numeric character", *_BEGINS),
    ("aliases", said("aliases (*name) are not used here"), said("put a text that begins with * in quotes")),
    ("expected ',' or", _OPEN, _CLOSE),
    ("expected the node content", _OPEN, _CLOSE),
    ("expected a comment or a line break", _BELOW, _NEXT_LINE),
    ("expected chomping or indentation indicators", _BELOW, _NEXT_LINE),
    (
        "unknown escape character",
        said('a backslash inside "…" stands before a letter that means nothing'),
        said("write \\\\ for a backslash, or put the text in '…'"),
    ),
    (
        "sequence entries are not allowed",
        said("a list begins behind its key"),
        said("begin it on the next line; or put a text that begins with '- ' in quotes"),
    ),
    (
        "found another document",
        said("a second document begins here"),
        said("keep one file for each issue, and delete the line '---'"),
    ),
    (
        "expected '<document start>'",
        said("this stands behind the end of the document"),
        said("delete a line '...' before it"),
    ),
)
_ENDLESS = ("could not find expected ':'", "unexpected end of stream", "expected ',' or")
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)


def find_conflicts(text: str, shown: str) -> Iterator[Finding]:
    """Where git has left two versions of some lines, since it could not join them."""
    for found in _CONFLICT.finditer(text):
        message = said("two versions of these lines stand one below the other")
        hint = said("git could not join them: keep one, and delete the lines with <<<<<<<, ======= and >>>>>>>")
        yield Finding(SourceSpan(shown, text.count("\n", 0, found.start()) + 1), "conflict", message, hint)


def explain_syntax(error: yaml.MarkedYAMLError, text: str, shown: str) -> Finding:
    """The one mistake at which the reading ended."""
    problem = str(error.problem or error.context)
    # Of what lacks its end, the place is where it begins.
    endless = error.context_mark if any(words in problem for words in _ENDLESS) else None
    mark = endless or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    this_line = lines[line - 1] if line <= len(lines) else ""
    before = this_line[: column - 1]
    where = SourceSpan(shown, line, column)
    if "\\t" in problem or "\t" in this_line[: column + 1]:
        return Finding(where, "tab", said("a tab stands where YAML wants spaces"), said("indent with spaces"))
    message, hint = next(
        ((ours, hint) for words, ours, hint in _WORDS if words in problem),
        (said("this is no YAML: %(why)s", why=problem), ""),
    )
    if "but found '<scalar>'" in problem and before.endswith(("'", '"')):
        message, hint = _QUOTE_INSIDE
    elif message == _FITS and re.search(r": +[\[{].*[\]}] *$", before):
        message, hint = _AFTER_BRACKET
    elif "mapping values" in problem and re.fullmatch(r"[\s-]*[\w-]+", before):
        message, hint = _FITS, _AFTER_KEY
    return Finding(where, "yaml", message, hint)
