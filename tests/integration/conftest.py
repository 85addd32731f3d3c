"""A small workspace of two languages, and the ways to drive it: in process and as the command."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import polib
import pytest
import yaml

from newsletter.cli.main import main
from newsletter.cli.wiring import House
from newsletter.store.database import Database
from newsletter.workspace import find_workspace
from tests.integration.postgres import Postgres
from tests.integration.records import ask
from tests.integration.servers import Inbox, real_server

SETTINGS = {
    "organisation": {
        "name": {"en": "Migrant Justice", "es": "Justicia Migrante — Comité"},
        "postal_address": "1 King Street, Burlington, VT",
        "timezone": "America/New_York",
    },
    "locales": ["en", "es"],
    "formats": {"en": "en_US", "es": "es_US"},
    "sender": {"address": "news@example.org", "reply_to": "hello@example.org", "bounces": "bounces@example.org"},
    "public_url": "https://news.example.org",
    "smtp": {"host": "127.0.0.1", "port": 1, "security": "none", "connections": 4, "timeout": 5},
    "segments": {
        "everybody": {"any": [{"locale": "en"}, {"not": {"locale": "en"}}]},
        "supporters": {"tag": "supporter"},
        "spanish": {"locale": "es"},
        "addison": {"county": "Addison"},
        "outside-addison": {"not": {"county": "Addison"}},
    },
}

ISSUE = """\
source_locale: en
date: 2019-06-03
subject: "News for {first_name|you}: 50% more farms"
preheader: What happened in May
blocks:
  - type: text
    id: greeting
    body: |
      Dear {first_name|friends & neighbours},

      the law was signed. *Polimigra* must end.
  - type: story
    id: farms
    title: Milk with Dignity
    body: Read it at [our page](https://example.org/farms?a=1&b=2).
    link: {url: {en: https://example.org/farms, es: https://example.org/es/ranchos}, label: Read more}
  - type: appeal
    id: donate
    title: Give what you can
    url: https://example.org/donate
    amounts: [10, 25]
    only: {segments: [supporters]}
"""

SPANISH = {
    "News for {first_name|you}: 50% more farms": "Noticias para {first_name|ti}: 50% más ranchos, ¡y qué ranchos!",
    "What happened in May": "Lo que pasó en mayo",
    "Dear {first_name|friends & neighbours},": "Hola, {first_name|amigas y vecinos}:",
    "the law was signed. *Polimigra* must end.": "se firmó la ley. La *polimigra* debe acabar.",
    "Milk with Dignity": "Leche con Dignidad",
    "Read it at [our page](https://example.org/farms?a=1&b=2).": (
        "Léelo en [nuestra página](https://example.org/farms?a=1&b=2)."
    ),
    "Read more": "Leer más",
    "Give what you can": "Da lo que puedas",
}


People = Callable[[int], None]
"""Imports this many invented people, every other one Spanish."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Space:
    """A workspace on disk, and what can be done in it."""

    root: Path

    def set(self, section: str, **values: object) -> None:
        """Change some settings of one section."""
        path = self.root / "newsletter.yaml"
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        data.setdefault(section, {}).update(values)
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")

    def replace(self, key: str, value: object) -> None:
        """Change one setting that is no section."""
        path = self.root / "newsletter.yaml"
        data = {**yaml.safe_load(path.read_text(encoding="utf-8")), key: value}
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")

    def house(self, environment: Mapping[str, str] | None = None) -> House:
        """The workspace opened in this process."""
        return House(find_workspace(self.root, environment or {}))

    def write_list(self, *rows: str, header: str = "email,name,locale,tags,county") -> Path:
        """A CSV file with these rows."""
        path = self.root / "list.csv"
        path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
        return path

    def write_issue(self, text: str, slug: str = "june") -> None:
        """The issue, in place of the stock one."""
        (self.root / "issues" / f"{slug}.yaml").write_text(text, encoding="utf-8")

    def translate(self, slug: str = "june", translations: Mapping[str, str] = SPANISH) -> None:
        """Sync the Spanish catalog and fill it."""
        self.run("i18n", "sync", slug)
        path = self.root / "locales" / "es" / "LC_MESSAGES" / "issues" / f"{slug}.po"
        catalog = polib.pofile(str(path), wrapwidth=0)
        for entry in catalog:
            entry.msgstr = translations.get(entry.msgid, entry.msgstr)
        catalog.save()

    def run(self, *args: str, code: int = 0) -> Done:
        """Run the command in this process, as ``main`` does it, and check its exit code."""
        out, err = io.StringIO(), io.StringIO()
        ended: int | str | None = 0
        with (
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "argv", ["newsletter", *args]),
            mock.patch.object(sys, "stdin", io.StringIO()),
        ):
            try:
                main()
            except SystemExit as exited:
                ended = exited.code
        assert (ended or 0) == code, f"exit {ended}\n{out.getvalue()}\n{err.getvalue()}"
        return Done(out.getvalue(), err.getvalue())

    def start(self, *args: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command as a process of its own, to be killed or interrupted."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("NEWSLETTER_")}
        return subprocess.Popen(
            [sys.executable, "-m", "newsletter", *args],
            cwd=self.root,
            env={**clean, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def let_time_pass(self) -> None:
        """Let everything deferred be due, as hours do."""
        ask(self, "update deliveries set due_at = '2000-01-01 00:00:00.000000' where due_at is not null")

    def json(self, *args: str, code: int = 0) -> object:
        """Run a command with --json and parse what it prints."""
        return json.loads(self.run(*args, "--json", code=code).stdout)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server for all tests of this process."""
    with contextlib.closing(Postgres()) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A new, empty database of each kind."""
    if request.param == "sqlite":
        return "sqlite:///var/newsletter.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The same, opened."""
    async with await Database.open(database_url, tmp_path) as opened:
        yield opened


def space_at(root: Path) -> Space:
    """A workspace in an empty folder, without an issue."""
    for folder in ("issues", "locales", "templates"):
        (root / folder).mkdir()
    (root / "newsletter.yaml").write_text(yaml.safe_dump(SETTINGS, allow_unicode=True), encoding="utf-8")
    return Space(root)


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """A workspace with one translated issue, 'june'."""
    made = space_at(tmp_path)
    made.write_issue(ISSUE)
    made.translate()
    return made


@pytest.fixture
def people(space: Space) -> People:
    """Import this many invented people, every other one Spanish."""

    def add(number: int) -> None:
        rows = [f"reader{n}@example.org,Reader{n} Chase,{'es' if n % 2 else 'en'},supporter," for n in range(number)]
        space.write_list(*rows)
        space.run("subscribers", "import", "list.csv")

    return add


@pytest.fixture
def inbox(space: Space) -> Iterator[Inbox]:
    """The mail server of the workspace, which takes everything."""
    with real_server() as server:
        space.set("smtp", port=server.port)
        yield server


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")  # no table is cut
