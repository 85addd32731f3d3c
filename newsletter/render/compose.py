"""Letter → MJML → HTML.  Runs once an edition, never once a recipient.

The MJML engine decodes entities in attributes and writes them back raw, so a
quotation mark in an alt text could open a tag.  Therefore it never sees any
text: Jinja's ``finalize`` replaces the value of every ``{{ … }}`` by a plain
ASCII token, the engine lays out the tokens, and the escaped values are filled
in afterwards.  Templates need to know nothing of it.

Reader placeholders stand in the result as marks (``content/placeholders.py``).

A bilingual letter goes through the same templates once.  They loop over its
halves, and every name that depends on the language means the half at hand.
"""

from __future__ import annotations

import html
import re
import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateSyntaxError, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from newsletter.content.markup import to_html
from newsletter.content.placeholders import CLOSE, to_marks
from newsletter.errors import NewsletterError, TemplateError
from newsletter.i18n.formats import opening, tied
from newsletter.i18n.locales import direction, language_tag, own_name
from newsletter.i18n.translate import Edition
from newsletter.render.anchors import anchor
from newsletter.render.bilingual import Letter, editions_of, subject_of
from newsletter.render.links import Links, other_editions
from newsletter.render.mjml import Compiler
from newsletter.render.pictures import Pictures
from newsletter.render.text import appeal_amounts, event_times
from newsletter.render.theme import FONT_STACKS, RADII, Letterhead, Plain
from newsletter.render.words import Words, template_words
from newsletter.wording import said

TEMPLATE = "edition.mjml.j2"
MAX_NESTING = 5  # of tokens in the values of tokens, as {% set %}…{% endset %} makes them
_TAG = re.compile(r"<([a-z][a-z0-9]*)\b")
# The last words of a paragraph or heading.
_ENDING = re.compile(r"[^<>]+(?=(?:</(?:a|em|strong)>)*[^\w\s<>]?</(h[1-6]|p|li)>)")
MAX_TIED = 10  # letters of two words and the space between: what fits a telephone of 320 pixels, enlarged twice
MAX_TIED_SMALL = 14  # the same of a body
_ENGINES = "zq00000000x"  # how a token begins that the MJML engine sees
_VALUES = "_values"  # the name in the Jinja context of the values behind the tokens


class _Values:
    """The values of one rendering, by token.

    A token holds a number that nobody can know beforehand, so that no text can
    pass for one.  The engine, which sees no text, is given another number, the
    same each time: what it makes of one document it need not make twice.
    """

    def __init__(self) -> None:
        self._values: list[str] = []
        self._mark = secrets.token_hex(4)
        self._token = re.compile(f"zq{self._mark}x([0-9]+)zq")

    def to_engine(self, mjml: str) -> str:
        """The document with the engine's number in its tokens."""
        return mjml.replace(f"zq{self._mark}x", _ENGINES)

    def from_engine(self, html: str) -> str:
        """What the engine made of it, with our number again."""
        return html.replace(_ENGINES, f"zq{self._mark}x")

    def put(self, value: str) -> str:
        """The token for a value that is escaped already."""
        self._values.append(value)
        return f"zq{self._mark}x{len(self._values) - 1}zq"

    def fill(self, document: str) -> str:
        """The document with every token replaced by its value."""
        for _level in range(MAX_NESTING):
            document, found = self._token.subn(lambda token: self._values[int(token[1])], document)
            if not found:
                return document
        raise TemplateError(said("values are nested too deeply"), said("use fewer {% set %} blocks inside each other"))


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


class _Compiled(BytecodeCache):
    """Compiled templates of this process: a preview makes a new composer whenever the settings change."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what is known; Jinja compares its checksum with the template's text."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the newest."""
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


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
            bytecode_cache=_COMPILED,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def mjml_and_html(self, letter: Letter, *, anchored: bool = False, slots: object | None = None) -> tuple[str, str]:
        """The MJML and the HTML of a letter, both with all texts in place and marks for the reader's.

        ``anchored`` puts a mark before each block (``anchors.py``); ``slots``
        make it a page of the public archive (``public.py``).
        """
        mjml, html = self._compiled(TEMPLATE, {**self._context(letter), "anchored": anchored, "slots": slots})
        for edition in editions_of(letter)[1:]:
            if f'id="{_anchor(edition)}"' not in html:
                message = said("the templates leave out the second language of %(locale)s", locale=letter.locale)
                hint = said("%(file)s must loop over 'halves'; compare yours with the built-in one", file=TEMPLATE)
                raise TemplateError(message, hint)
        return mjml, html

    def short_html(self, template: str, locale: str, values: Mapping[str, object]) -> str:
        """The HTML of a short mail of the program's own.  Raises TemplateError."""
        return self._compiled(template, {**self._house(), **self._language(locale), **values})[1]

    def _compiled(self, name: str, context: Mapping[str, object]) -> tuple[str, str]:
        """A template as MJML and as HTML, with all values in their places."""
        values = _Values()
        try:
            mjml = self._jinja.get_template(name).render({"slots": None, **context}, **{_VALUES: values})
        except TemplateError as error:
            told = said("%(where)s: %(what)s", where=_place(error), what=error.message)
            raise TemplateError(told, error.hint) from error
        except NewsletterError:
            raise
        except Exception as error:
            # Whatever goes wrong here was written in a template: 1 // 0, a name that does not exist, bad syntax.
            told = said("%(where)s: the template cannot be rendered: %(why)s", where=_place(error), why=error)
            raise TemplateError(told) from error
        html = values.fill(values.from_engine(self._compiler.compile(values.to_engine(mjml))))
        return values.fill(mjml), html

    def words_for(self, letter: Letter) -> Callable[[str], Words]:
        """What gives, for a locale, the function that translates template words; a draft's marks holes."""
        return lambda locale: template_words(locale, self._catalogs, draft=letter.draft)

    def picture(self, src: str) -> str:
        """Where a picture of an issue is fetched from, as ``Pictures.url`` has it."""
        return self._pictures.url(src)

    def template_words(self, locale: str) -> Words:
        """The function that translates template words into one language; raises TemplateError for a missing one."""
        return template_words(locale, self._catalogs)

    def _context(self, letter: Letter) -> dict[str, object]:
        letterhead = self.letterhead
        halves = [self._half(edition) for edition in editions_of(letter)]
        return {
            **halves[0],  # what stands outside the halves speaks the first one's language
            "halves": halves,
            "subject": subject_of(letter),
            **self._house(),
            "other_editions": [
                {
                    "url": other.url,
                    "label": other.label,
                    "lang": Plain(language_tag(other.locale)),
                    "dir": Plain(direction(other.locale)),
                }
                for other in other_editions(letterhead, letter, self.words_for(letter))
            ],
        }

    def _house(self) -> dict[str, object]:
        """What depends on the workspace alone."""
        theme = self.letterhead.theme
        return {
            "theme": {
                "radius": Plain(RADII[theme.corners]),
                **{
                    name: Plain(value) if isinstance(value, str) and name != "logo" else value
                    for name, value in theme.model_dump().items()
                },
            },
            "fonts": {
                "heading": Plain(FONT_STACKS[theme.heading_font]),
                "text": Plain(FONT_STACKS[theme.text_font]),
            },
            "markdown": _markdown,
            "opening": opening,
            "tied": _tied,
            "picture": self._pictures.url,
        }

    def _language(self, locale: str) -> dict[str, object]:
        """What depends on the language alone."""
        rtl = direction(locale) == "rtl"
        return {
            "lang": Plain(language_tag(locale)),
            "language": own_name(locale),
            "dir": Plain(direction(locale)),
            "start": Plain("right" if rtl else "left"),
            "end": Plain("left" if rtl else "right"),
            "org": {"name": self.letterhead.name(locale), "postal_address": self.letterhead.postal_address},
        }

    def _half(self, edition: Edition) -> dict[str, object]:
        """What depends on the edition."""
        formats = edition.formats
        lang = Plain(language_tag(edition.locale))
        words = self.words_for(edition)(edition.locale)
        return {
            **self._language(edition.locale),
            "issue": edition.issue,
            "_": words,
            "anchor": _anchor(edition),
            "block_anchor": lambda block: anchor(block, edition.locale),
            "begins": Markup('<div lang="{}" dir="{}">').format(lang, edition.direction),
            "ends": Markup("</div>"),
            "links": Links(self.letterhead, edition, words),
            "formats": formats,
            "amounts": lambda appeal: appeal_amounts(appeal, formats),
            "event_times": lambda event: event_times(event, formats),
        }


def _anchor(edition: Edition) -> str:
    """The name of the place where a half begins, for links inside the message."""
    return f"in-{language_tag(edition.locale)}"


def _markdown(text: str, **styles: str) -> Markup:
    """HTML for a body; ``styles`` is CSS by tag, written inline because some mail clients drop all other."""
    body = _ENDING.sub(lambda end: _tied(end[0], MAX_TIED if end[1][0] == "h" else MAX_TIED_SMALL), to_html(text))
    styled = _TAG.sub(lambda tag: f'{tag[0]} style="{styles[tag[1]]}"' if tag[1] in styles else tag[0], body)
    return Markup(styled)  # noqa: S704 - to_html escapes everything


def _tied(text: str, most: int = MAX_TIED, wide: int = 0) -> str:
    """The text as ``tied`` has it; a pair of up to ``wide`` letters is a piece that breaks only where it must."""
    before, *pair = to_marks(text).rsplit(" ", 2)
    if CLOSE in "".join(pair):  # the fall-back of a placeholder may have several words, and is left as it is
        return text
    kept = tied(text, most)
    if before and kept == text != tied(text, wide):
        return Markup('{} <span style="display:inline-block">{}</span>').format(before, " ".join(pair))
    return kept


def _place(error: Exception) -> str:
    """The template's file and line, which Jinja writes into the traceback, or into the error for bad syntax."""
    if isinstance(error, TemplateSyntaxError):
        return f"{_file(error.filename or error.name or TEMPLATE)}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{_file(frames[-1].filename)}:{frames[-1].lineno}" if frames else getattr(error, "name", None) or TEMPLATE


def _file(name: str) -> str:
    """A template as staff know it, from its folder on: ``templates/blocks/story.mjml.j2``."""
    before, folder, rest = name.rpartition("/templates/")
    return f"{folder[1:]}{rest}" if before else name


@pass_context
def _tokenise(context: Context, value: object) -> object:
    """Put a token in the place of a value.  A context function, so that Jinja does not fold constants."""
    if isinstance(value, Plain | _MacroOutput):
        return value
    values: _Values = context[_VALUES]
    return values.put(str(value) if isinstance(value, Markup) else html.escape(to_marks(str(value))))
