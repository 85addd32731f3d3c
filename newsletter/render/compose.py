"""Edition → MJML → HTML.  Runs once an edition, never once a recipient.

The MJML engine decodes entities in attributes and writes them back raw, so a
quotation mark in an alt text could open a tag.  Therefore it never sees any
text: Jinja's ``finalize`` replaces the value of every ``{{ … }}`` by a plain
ASCII token, the engine lays out the tokens, and the escaped values are filled
in afterwards.  Templates need to know nothing of it.

Reader placeholders stand in the result as marks (``content/placeholders.py``).
"""

from __future__ import annotations

import html
import re
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateSyntaxError, pass_context
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from newsletter.content.markup import to_html
from newsletter.content.placeholders import mark, to_marks
from newsletter.errors import NewsletterError, TemplateError
from newsletter.i18n.locales import direction, language_tag
from newsletter.i18n.translate import Edition
from newsletter.render.links import PREFERENCES_FIELD, UNSUBSCRIBE_FIELD, archive_url, other_editions
from newsletter.render.mjml import Compiler
from newsletter.render.pictures import Pictures
from newsletter.render.text import appeal_amounts, event_times
from newsletter.render.theme import FONT_STACKS, Letterhead, Plain
from newsletter.render.words import Words, template_words

TEMPLATE = "edition.mjml.j2"
_TOKEN = re.compile(r"zq([0-9]+)zq")
_TAG = re.compile(r"<([a-z][a-z0-9]*)\b")
_VALUES = "_values"  # the name in the Jinja context of the list behind the tokens


class _MacroOutput(str):
    """What a macro returned: words of templates and tokens, so nothing that must still become a token.

    No subclass of Markup, so that whatever a template joins to it makes it an ordinary text again.
    """

    __slots__ = ()

    def __html__(self) -> str:
        return self


class _Templates(SandboxedEnvironment):
    """The sandbox, in which MJML may come out of macros."""

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063 - as Jinja has it
        value = super().call(__context, __obj, *args, **kwargs)
        return _MacroOutput(value) if isinstance(__obj, Macro) else value


class Composer:
    """Holds the templates and catalogs of a workspace and renders editions with them.

    ``templates`` and ``catalogs`` go from the strongest folder (the workspace's)
    to the weakest (the built-in one): templates override file by file.
    """

    def __init__(
        self,
        letterhead: Letterhead,
        compiler: Compiler,
        pictures: Pictures,
        *,
        templates: Sequence[Path],
        catalogs: Sequence[Path],
    ) -> None:
        self.letterhead = letterhead
        self._compiler = compiler
        self._pictures = pictures
        self._catalogs = tuple(reversed(catalogs))
        self._jinja = _Templates(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in templates]),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_tokenise,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def mjml_and_html(self, edition: Edition) -> tuple[str, str]:
        """The MJML and the HTML of an edition, both with all texts in place and marks for the reader's."""
        values: list[str] = []
        try:
            template = self._jinja.get_template(TEMPLATE)
            mjml = template.render(self._context(edition), **{_VALUES: values})
        except TemplateError as error:
            raise TemplateError(f"{_place(error)}: {error.message}", error.hint) from error
        except NewsletterError:
            raise
        except Exception as error:
            # Whatever goes wrong here was written in a template: 1 // 0, a name that does not exist, bad syntax.
            raise TemplateError(f"{_place(error)}: the template cannot be rendered: {error}") from error
        compiled = self._compiler.compile(mjml)
        return _fill(mjml, values), _fill(compiled, values)

    def words_for(self, edition: Edition) -> Callable[[str], Words]:
        """What gives, for a locale, the function that translates template words; a draft's marks holes."""
        return lambda locale: template_words(locale, self._catalogs, draft=edition.draft)

    def _context(self, edition: Edition) -> dict[str, object]:
        letterhead, formats = self.letterhead, edition.formats
        words_for = self.words_for(edition)
        rtl = edition.direction == "rtl"
        theme = {
            name: Plain(value) if isinstance(value, str) else value
            for name, value in letterhead.theme.model_dump().items()
        }
        return {
            "issue": edition.issue,
            "_": words_for(edition.locale),
            "lang": Plain(language_tag(edition.locale)),
            "dir": Plain(edition.direction),
            "start": Plain("right" if rtl else "left"),
            "end": Plain("left" if rtl else "right"),
            "org": {"name": letterhead.name(edition.locale), "postal_address": letterhead.postal_address},
            "theme": theme,
            "fonts": {
                "heading": Plain(FONT_STACKS[letterhead.theme.heading_font]),
                "text": Plain(FONT_STACKS[letterhead.theme.text_font]),
            },
            "links": {
                "unsubscribe": mark(UNSUBSCRIBE_FIELD),
                "preferences": mark(PREFERENCES_FIELD),
                "browser": archive_url(letterhead, edition.slug, edition.locale),
            },
            "other_editions": [
                {
                    "url": other.url,
                    "label": other.label,
                    "lang": Plain(language_tag(other.locale)),
                    "dir": Plain(direction(other.locale)),
                }
                for other in other_editions(letterhead, edition, words_for)
            ],
            "formats": formats,
            "amounts": lambda appeal: appeal_amounts(appeal, formats),
            "event_times": lambda event: event_times(event, formats),
            "markdown": _markdown,
            "picture": self._pictures.url,
        }


def _markdown(text: str, **styles: str) -> Markup:
    """HTML for a body; ``styles`` is CSS by tag, written inline because some mail clients drop all other."""
    styled = _TAG.sub(lambda tag: f'{tag[0]} style="{styles[tag[1]]}"' if tag[1] in styles else tag[0], to_html(text))
    return Markup(styled)  # noqa: S704 - to_html escapes everything


def _place(error: Exception) -> str:
    """The template's file and line, which Jinja writes into the traceback, or into the error for bad syntax."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or error.name}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else getattr(error, "name", None) or TEMPLATE


@pass_context
def _tokenise(context: Context, value: object) -> object:
    """Put a token in the place of a value.  A context function, so that Jinja does not fold constants."""
    if isinstance(value, Plain | _MacroOutput):
        return value
    values: list[str] = context[_VALUES]
    text = str(value) if isinstance(value, Markup) else html.escape(to_marks(str(value)))
    values.append(text)
    return f"zq{len(values) - 1}zq"


def _fill(document: str, values: Sequence[str]) -> str:
    return _TOKEN.sub(lambda found: values[int(found[1])], document)
