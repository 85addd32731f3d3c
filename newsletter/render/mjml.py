"""MJML → HTML, behind one small protocol, so that the engine can be changed in this file alone.

Contract for every engine: the MJML holds no text of staff or readers, only
tokens (``compose.py``); the engine may be careless about escaping.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from newsletter.errors import TemplateError
from newsletter.wording import said

REMEMBERED = 32  # documents; some 150 KB each
_INDENT = re.compile(r"\s*\n\s*")
# A line break between two tags, of which at least one is no part of a line of words.
_SEAM = re.compile(r"(?P<before><(?P<tag>[^\s<>]*)[^<>]*>)\n(?=<(?P<next>[^\s<>]*))")
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)
_AROUND = re.compile(r" *([{};]|!important) *|(?<=[a-z]:) ")  # what CSS needs no space beside, nor after "name:"
# MJML says twice what is behind a section; "background" alone is for pictures.
_TWICE = re.compile(r"background:(#[0-9A-Fa-f]+);(?=background-color:\1)")
_INLINE = frozenset({"a", "b", "br", "em", "i", "img", "span", "strong", "sub", "sup"})


class Compiler(Protocol):
    """Turns one MJML document into one HTML document."""

    def compile(self, mjml: str) -> str:
        """Raises TemplateError when the document cannot be compiled."""
        ...


class MjmlCompiler:
    """The pure-Python engine from the package ``mjml``.

    It does not validate: an unknown tag is a bare KeyError, which becomes a
    TemplateError here; unknown attributes pass in silence.  Since the document
    holds no text, an issue whose words alone have changed is one that it knows.
    """

    def compile(self, mjml: str) -> str:
        """Compile, and drop what only makes the mail heavier or suspicious."""
        return _compiled(mjml)


def load_engine() -> Callable[[str], Any]:
    """What compiles.  To load it takes a quarter of a second, and most commands do not render."""
    from mjml import mjml_to_html  # noqa: PLC0415

    compile_document: Callable[[str], Any] = mjml_to_html
    return compile_document


@lru_cache(REMEMBERED)
def _compiled(mjml: str) -> str:
    compile_document = load_engine()
    try:
        result = compile_document(mjml)
    except Exception as error:
        # The engine has no error classes of its own; whatever it raises comes from a template.
        message = said("the MJML engine refused the document: %(why)s", why=f"{type(error).__name__}: {error}")
        hint = said("look for a misspelt tag in the templates changed last")
        raise TemplateError(message, hint) from error
    if result.errors:
        raise TemplateError(said("the MJML document has errors: %(errors)s", errors="; ".join(map(str, result.errors))))
    return _lean(str(result.html))


def _lean(html: str) -> str:
    """The page without indentation and what MJML says twice, a quarter of its size, and without letters of no size.

    MJML sets ``font-size:0`` so that the spaces between columns have no width.  Filters count it as a way to hide words
    (rspamd: ZERO_FONT), so the spaces go and the letters get a size.
    """

    def seam(found: re.Match[str]) -> str:
        inline = all(tag.lstrip("/") in _INLINE for tag in (found["tag"], found["next"]))
        return f"{found['before']}\n" if inline else found["before"]

    def tight(style: re.Match[str]) -> str:
        return _AROUND.sub(lambda found: found[1] or "", style[0]).replace(";}", "}")

    page = _TWICE.sub("", _SEAM.sub(seam, _INDENT.sub("\n", html)))
    return _STYLE.sub(tight, page).replace("font-size:0px", "font-size:1px").strip() + "\n"
