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

REMEMBERED = 32  # documents; some 150 KB each
_INDENT = re.compile(r"\s*\n\s*")


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
        """Compile, and drop the indentation, which would be a fifth of the mail's size."""
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
        message = f"the MJML engine refused the document: {type(error).__name__}: {error}"
        raise TemplateError(message, "look for a misspelt tag in the templates changed last") from error
    if result.errors:
        raise TemplateError(f"the MJML document has errors: {'; '.join(map(str, result.errors))}")
    return _INDENT.sub("\n", str(result.html)).strip() + "\n"
