"""The way of a newcomer: a wheel, an empty folder, a first issue; and the demo of this repository."""

from __future__ import annotations

import email
import email.policy
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from newsletter.cli.commands.content import issue_schema
from tests.integration.conftest import Space

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_every_page_style_script_and_catalog(wheel: Path) -> None:
    kinds = {".py", ".j2", ".css", ".js", ".svg", ".mako", ".typed"}
    wanted = {str(file.relative_to(ROOT)) for file in (ROOT / "newsletter").rglob("*") if file.suffix in kinds}
    own = [*(ROOT / "templates").rglob("*.j2"), *ROOT.glob("locales/*/LC_MESSAGES/*.po")]
    wanted |= {f"newsletter/builtin/{file.relative_to(ROOT)}" for file in own}
    with zipfile.ZipFile(wheel) as archive:
        assert wanted - set(archive.namelist()) == set()


def test_the_wheel_works_in_an_empty_folder_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # The dependencies are those of this environment; the package itself is the wheel's alone.
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*args: str, cwd: Path = tmp_path) -> str:
        command = [str(home / "bin" / "python"), "-m", "newsletter", *args]
        done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = [str(home / "bin" / "python"), "-c", "import newsletter; print(newsletter.__file__)"]
    assert (
        str(site) in subprocess.run(where, env=clean, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    )
    speaks = (
        "from newsletter import builtin; from newsletter.web.preview.words import words_for;"
        "print(words_for('es', [builtin.LOCALES])('Campaigns'))"
    )
    asked = [str(home / "bin" / "python"), "-c", speaks]
    assert subprocess.run(asked, env=clean, capture_output=True, text=True, check=True).stdout == "Envíos\n"
    run("init", "my-news")
    space = tmp_path / "my-news"
    assert "all is well in en, es" in run("check", cwd=space)
    run("render", "welcome", "--out", "out", cwd=space)
    page = (space / "out" / "welcome.es.html").read_text(encoding="utf-8")
    assert "Te damos la bienvenida" in page
    assert "Darme de baja" in page
    run("new", "2026-spring", cwd=space)
    run("i18n", "sync", cwd=space)
    assert "not yet" in run("i18n", "status", cwd=space)


def test_the_demo_sends_to_everybody_and_works_twice(tmp_path: Path) -> None:
    space = tmp_path / "checkout"
    space.mkdir()
    for name in ("issues", "locales", "templates"):
        shutil.copytree(ROOT / name, space / name)
    shutil.copy(ROOT / "newsletter.yaml", space)
    before = {path: path.read_bytes() for path in space.rglob("*") if path.is_file()}
    for _time in range(2):
        done = Space(space).run("demo")
        assert "200 added" in done.stdout
        received = sorted((space / "var" / "demo" / "received").glob("*.eml"))
        assert len(received) == 200
        languages = [email.message_from_bytes(path.read_bytes())["Content-Language"] for path in received]
        assert {language: languages.count(language) for language in set(languages)} == {"en": 100, "es": 100}
        shown = [line.split()[-1] for line in done.stdout.splitlines() if "var/demo" in line and " " in line]
        assert all((space / path).exists() for path in shown if path.startswith("var/demo"))
    after = {path: path.read_bytes() for path in space.rglob("*") if path.is_file() and "var" not in path.parts}
    assert after == before, "the demo leaves the workspace clean"


def test_render_writes_pages_texts_and_messages_that_agree(space: Space) -> None:
    space.run("render", "june", "--out", "out")
    names = {path.name for path in (space.root / "out").iterdir() if path.is_file()}
    assert names == {f"june.{locale}.{suffix}" for locale in ("en", "es") for suffix in ("html", "txt", "mjml", "eml")}
    text = (space.root / "out" / "june.es.txt").read_text(encoding="utf-8")
    assert "Hola, amigas y vecinos:" in text
    raw = (space.root / "out" / "june.es.eml").read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    same_but_links = [line for line in text.splitlines() if "mailto:" not in line]
    received = body.get_content().replace("\r\n", "\n").splitlines()
    assert [line for line in received if "/u/" not in line and "/p/" not in line] == same_but_links


def test_a_draft_shows_its_holes_and_a_final_edition_may_have_none(space: Space) -> None:
    po = space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"
    po.write_text(po.read_text(encoding="utf-8").replace('msgstr "Leer más"', 'msgstr ""'), encoding="utf-8")
    assert "not complete" in space.run("render", "june", "--out", "out", code=1).stderr
    assert not (space.root / "out").exists(), "nothing is written by halves"
    space.run("render", "june", "--out", "out", "--draft")
    assert "⟦missing: Read\u00a0more⟧" in (space.root / "out" / "june.es.html").read_text(encoding="utf-8")


def test_the_schema_beside_the_samples_is_the_programs_own() -> None:
    assert (ROOT / "issues" / "issue.schema.json").read_text(encoding="utf-8") == issue_schema()


def test_every_sample_issue_is_complete_in_every_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    report = Space(ROOT).json("check")
    assert isinstance(report, dict)
    assert report["findings"] == []
    assert len(report["issues"]) >= 4


def test_outside_a_workspace_the_way_in_is_told(tmp_path: Path) -> None:
    assert "newsletter init" in Space(tmp_path).run("check", code=2).stderr


def test_a_fault_of_the_program_shows_no_traceback(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("newsletter.cli.commands.check.check_issue", broken)
    done = space.run("check", code=70)
    assert "which is not your fault" in done.stderr
    assert "RuntimeError" not in done.stderr


def test_every_module_is_small() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "newsletter").rglob("*.py")}
    assert {path.name: lines for path, lines in sizes.items() if lines > 420} == {}
