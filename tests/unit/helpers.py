"""Small issues and the ways to read, translate and render them.  No test lives here."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polib
import pytest
import yaml

from newsletter import builtin
from newsletter.content.fields import Vocabulary
from newsletter.content.load import LoadedIssue, issue_from
from newsletter.content.placeholders import fill_marks
from newsletter.content.source import parse
from newsletter.errors import ContentError, Finding
from newsletter.i18n.formats import Formats
from newsletter.i18n.messages import messages
from newsletter.i18n.translate import Edition, translate
from newsletter.render.compose import Composer
from newsletter.render.mjml import MjmlCompiler
from newsletter.render.pictures import Pictures
from newsletter.render.rendered import Rendered, render
from newsletter.render.theme import Letterhead, Theme

ROOT = Path(__file__).resolve().parents[2]
WORDS = Vocabulary(("en", "es"), frozenset({"supporters", "board"}), "America/New_York")
HEAD = """\
source_locale: en
date: 2019-06-03
subject: Victory
preheader: One more line
"""
BODY = HEAD + "blocks:\n"
TEXT_BLOCK = "  - {type: text, id: greeting, body: Hello}\n"
VALID = BODY + TEXT_BLOCK


def block(yaml_of_block: str) -> str:
    """An issue with one block, which is written without indentation."""
    return BODY + "  - " + textwrap.indent(textwrap.dedent(yaml_of_block).strip("\n"), "    ").lstrip() + "\n"


def load_text(text: str, words: Vocabulary = WORDS) -> LoadedIssue:
    """The issue that the text of a file says."""
    return issue_from("x", parse(text, "x.yaml"), words)


def findings_in(text: str, words: Vocabulary = WORDS) -> list[Finding]:
    """What is wrong with an issue; [] if nothing is."""
    try:
        load_text(text, words)
    except ContentError as error:
        return list(error.findings)
    return []


def places(findings: Iterable[Finding]) -> list[tuple[int, int, str]]:
    """Line, column and code of each finding."""
    return [(finding.where.line, finding.where.column, finding.code) for finding in findings]


class _Dumper(yaml.SafeDumper):
    """Writes a value twice rather than as an alias, which issues may not hold."""

    def ignore_aliases(self, data: Any) -> bool:
        """Ignore them all."""
        return True


def issue_of(*blocks: Mapping[str, Any], **fields: Any) -> LoadedIssue:
    """An issue of these blocks."""
    head = {"source_locale": "en", "date": "2019-06-03", "subject": "Victory", "preheader": "One more line"}
    data = {**head, **fields, "blocks": list(blocks)}
    return load_text(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False))


def body_issue(*paragraphs: str, **fields: Any) -> LoadedIssue:
    """An issue with one text block of these paragraphs."""
    return issue_of({"type": "text", "id": "greeting", "body": "\n\n".join(paragraphs) or "Hello"}, **fields)


def catalog_of(loaded: LoadedIssue, changes: Mapping[str, str] | None = None) -> polib.POFile:
    """A catalog that translates everything, each text as « text » unless ``changes`` says how."""
    catalog = polib.POFile(wrapwidth=0)
    for message in messages(loaded.issue):
        target = (changes or {}).get(message.text, f"« {message.text} »")
        catalog.append(polib.POEntry(msgctxt=message.context, msgid=message.text, msgstr=target))
    return catalog


def composer(
    templates: Sequence[Path] = (), catalogs: Sequence[Path] = (), pictures: Path = ROOT, **theme: str
) -> Composer:
    """The renderer of a workspace whose own folders are these."""
    letterhead = Letterhead(
        names={"en": "Our Organisation", "es": "Nuestra Organización", "fr": "Notre organisation"},
        postal_address="1 Main Street, Anytown",
        public_url="https://news.example.org",
        locales=("en",),
        theme=Theme.model_validate(theme),
    )
    return Composer(
        letterhead,
        MjmlCompiler(),
        Pictures(pictures),
        templates=[*templates, builtin.TEMPLATES],
        catalogs=[*catalogs, builtin.LOCALES],
    )


def edition_of(loaded: LoadedIssue, locale: str = "en", catalog: polib.POFile | None = None) -> Edition:
    """The edition in one locale; in another than English everything is translated."""
    return translate(loaded, locale, catalog_of(loaded) if catalog is None else catalog, Formats(locale))


def rendered(loaded: LoadedIssue, using: Composer | None = None) -> Rendered:
    """The English edition, rendered."""
    return render(edition_of(loaded), using or composer())


class Page(HTMLParser):
    """A page as a browser reads it: its elements, their attributes' names and values, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element, with the names of its attributes in their order."""
        self.tags.append((tag, tuple(name for name, _value in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """Keep comments; Outlook reads what is in some of them."""
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        """Keep what is neither."""
        self.others.append(data)

    @property
    def text(self) -> str:
        """All text, one piece a line."""
        return "\n".join(self.texts)


def filled(text: str) -> str:
    """Every reader placeholder filled with its fall-back."""
    return fill_marks(text, lambda field, fallback: fallback)


def assert_msgfmt_accepts(*files: Path) -> None:
    """GNU gettext finds nothing wrong with these catalogs.  Skips the test where gettext is not installed."""
    msgfmt = shutil.which("msgfmt")
    if msgfmt is None:
        assert not os.environ.get("CI"), "msgfmt is missing: tests/packages.sh installs gettext"
        pytest.skip("msgfmt is not installed (Debian: gettext)")
    for file in files:
        run = subprocess.run([msgfmt, "--check", "-o", os.devnull, file], check=False, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
