"""Every sample edition as a whole mail, made once, and what the judges that are programs say of all of them."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.policy import default as modern
from pathlib import Path
from typing import Any

import mrml
import pytest
from playwright.sync_api import Browser

from newsletter.cli.commands.content import write_editions
from newsletter.cli.wiring import House
from newsletter.i18n.locales import direction, halves_of
from newsletter.render.notice import already_there, to_confirm, write_notice
from newsletter.workspace import find_workspace
from tests.browser.conftest import browser as a_browser
from tests.tools.node import installed, missing

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
TIMEOUT = 100.0  # seconds for all mails by one judge

browser = a_browser
__all__ = ["Browser", "browser"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail: its source, and the page and the text in it, as a program reads them."""

    name: str
    path: Path
    html: str
    text: str

    @property
    def is_trial(self) -> bool:
        """Whether it is no letter that anybody would send, but every block with every key."""
        return self.name.startswith("all-blocks")

    @property
    def locale(self) -> str:
        """Its language, or pair of languages."""
        return self.name.rpartition(".")[2]

    @property
    def direction(self) -> str:
        """Of its first language."""
        return direction(halves_of(self.locale)[0])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of every sample.

    x.eml is the mail, x.html the page in it; x.mjml and x.made are its MJML and what became of that in a folder of
    pages; x.mrml is the same by the engine mrml.
    """
    root = tmp_path_factory.mktemp("judged")
    out = root / "out"
    settings = (ROOT / "newsletter.yaml").read_text(encoding="utf-8")
    for name in ("issues", "locales"):
        shutil.copytree(ROOT / name, root / name)
    (root / "newsletter.yaml").write_text(f"{settings}\nbilingual: {{farmworkers: es+en}}\n", encoding="utf-8")
    _write(root, out)
    # Every block with every key, also from right to left: as a draft, whose marked holes are longer than words.
    trial = root / "trial"
    (trial / "issues").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "data" / "all-blocks.yaml", trial / "issues")
    settings = re.sub(r"(?m)^(locales:.*)en, es]", r"\1en, es, ar]", settings).replace("name: {", "name: {ar: عدالة, ")
    (trial / "newsletter.yaml").write_text(settings, encoding="utf-8")
    _write(trial, out, ["en", "ar"], draft=True)
    for file in sorted(out.glob("*.eml")):
        page = file.with_suffix(".html")
        page.rename(file.with_suffix(".made"))
        (out / "mrml" / page.name).rename(file.with_suffix(".mrml"))
        page.write_text(_sample(file).html, encoding="utf-8")
    return out


def _write(root: Path, out: Path, locales: Sequence[str] = (), *, draft: bool = False) -> None:
    house = House(find_workspace(root, {}))
    other = House(house.workspace)
    other.composer._compiler = _Mrml()
    for file in house.workspace.issue_files():
        loaded, wanted = house.load(file), list(locales) or house.settings.editions()
        write_editions(house, loaded, out, wanted, draft=draft)
        write_editions(other, loaded, out / "mrml", wanted, draft=draft)


class _Mrml:
    """mrml in the place of our engine."""

    def compile(self, mjml: str) -> str:
        """Compile."""
        return str(mrml.to_html(mjml).content)


def _sample(path: Path) -> Sample:
    message = email.message_from_bytes(path.read_bytes(), policy=modern)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    return Sample(path.stem, path, html.get_content().replace("\r\n", "\n"), text.get_content().replace("\r\n", "\n"))


@pytest.fixture(scope="session")
def samples(folder: Path) -> list[Sample]:
    """Every sample edition."""
    found = [_sample(file) for file in sorted(folder.glob("*.eml"))]
    assert len(found) > 10
    assert {"en", "es", "es+en", "ar"} == {sample.locale for sample in found}
    return found


@pytest.fixture(scope="session")
def pages(samples: list[Sample]) -> list[Sample]:
    """Every page that comes by mail: the sample editions, and what somebody gets who asks to be on the list."""
    house = House(find_workspace(ROOT, {}))
    found = list(samples)
    for locale in house.settings.locales:
        words = house.composer.template_words(locale)
        for name, make in (("confirm", to_confirm), ("already-there", already_there)):
            notice = make(words, house.settings.names()[locale], "https://news.example.org/c/token")
            written = write_notice(notice, locale, house.composer, "https://news.example.org/")
            found.append(Sample(f"{name}.{locale}", Path(), written.html, written.text))
    return found


@pytest.fixture(scope="session")
def perl(samples: list[Sample]) -> Callable[..., dict[str, Any]]:
    """Runs a script of this folder on all samples, and gives what it says, by mail."""

    def run(script: str, *modules: str, packages: str) -> dict[str, Any]:
        program = shutil.which("perl")
        probe = [str(program), *(f"-M{module}" for module in modules), "-e", "1"]
        if program is None or subprocess.run(probe, check=False, capture_output=True, timeout=TIMEOUT).returncode:
            missing(f"{', '.join(modules)} are not here (Debian: {packages})")
        command = [str(program), str(HERE / script), *(str(sample.path) for sample in samples)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert set(found) == {sample.name for sample in samples}
        return dict(found)

    return run


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What ``judge.mjs`` says: by mail, and of stock MJML components."""

    mails: dict[str, Any]
    baseline: dict[str, Any]


@pytest.fixture(scope="session")
def verdicts(folder: Path) -> Verdicts:
    """html-validate, caniemail, mjml and mailparser on all of them, in one process."""
    modules = installed(HERE / "node")
    node = shutil.which("node")
    assert node is not None
    run = subprocess.run(
        [node, str(HERE / "node" / "judge.mjs"), str(folder), str(HERE / "stock.mjml")],
        env={**os.environ, "JUDGES": str(modules.parent)},
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert run.returncode == 0, run.stderr
    return Verdicts(**json.loads(run.stdout))
