"""The studio over HTTP, in this process: what it shows, what it keeps, and what it refuses."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest import mock

import httpx
import pytest

from newsletter import builtin
from newsletter.cli.studio.studio import PreviewStudio
from newsletter.cli.wiring import House
from newsletter.render.anchors import without_anchors
from newsletter.web.preview.app import make_app
from newsletter.web.preview.events import Hub
from newsletter.web.preview.frames import Look, framed
from newsletter.web.preview.guard import Door
from newsletter.web.preview.studio import Persona
from tests.tools.messages import ROOT, updated

from .conftest import ISSUE, Space

BASE = "http://127.0.0.1:8080"
OURS = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


@asynccontextmanager
async def opened(space: Space, door: Door) -> AsyncIterator[tuple[httpx.AsyncClient, PreviewStudio]]:
    hub = Hub()
    async with PreviewStudio(space.root, {}, hub) as studio:
        app = make_app(studio, hub, door, [builtin.LOCALES, space.root / "locales"])
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
            yield made, studio


@pytest.fixture
async def both(space: Space) -> AsyncIterator[tuple[httpx.AsyncClient, PreviewStudio]]:
    async with opened(space, Door(8080, NAMES)) as made:
        yield made


@pytest.fixture
def client(both: tuple[httpx.AsyncClient, PreviewStudio]) -> httpx.AsyncClient:
    """What speaks to the studio as a browser on this machine does."""
    return both[0]


@pytest.fixture
def studio(both: tuple[httpx.AsyncClient, PreviewStudio]) -> PreviewStudio:
    return both[1]


async def run(space: Space, *args: str) -> None:
    """A command that has a loop of its own, and so needs a process of its own here."""
    process = space.start(*args)
    _out, told = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, told


# What it shows


async def test_list_shows_every_issue_with_its_subjects(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert "News for you: 50% more farms" in page
    assert "Noticias para ti: 50% más ranchos, ¡y qué ranchos!" in page
    assert '<html lang="en">' in page


async def test_list_without_issues_says_how_to_begin(client: httpx.AsyncClient, space: Space) -> None:
    (space.root / "issues" / "june.yaml").unlink()
    assert "newsletter new" in (await client.get("/")).text


async def test_page_of_an_issue_frames_each_edition(client: httpx.AsyncClient) -> None:
    page = (await client.get("/issues/june")).text
    assert 'src="/mail/june/en"' in page
    assert 'src="/mail/june/es"' in page


async def test_unknown_things_are_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/issues/july", "/mail/june/fr", "/mail/july/en", "/media/x.png", "/static/x.js", "/nowhere"):
        assert (await client.get(path)).status_code == 404, path


@pytest.mark.parametrize("person", ["nobody", "longest"])
async def test_what_is_framed_is_what_is_sent(studio: PreviewStudio, person: str) -> None:
    for locale in ("en", "es"):
        mail = (await studio.mail("june", locale, Persona(None, person))).mail
        assert mail
        assert without_anchors(mail.framed) == mail.html
        assert dict(mail.headers)["Subject"] == mail.subject
        assert mail.source.startswith(b"Date: ")


async def test_list_of_what_is_left_to_do_is_that_of_check(studio: PreviewStudio, space: Space) -> None:
    space.write_issue(ISSUE.replace("Milk with Dignity", "Milk, with dignity, from 12 farms"))
    space.translate(translations={"Give what you can": "Da  lo que puedas"})
    said = space.json("check", "june", code=1)
    assert isinstance(said, dict)
    tasks = await studio.tasks("june")
    assert len(tasks) > 1
    listed = [("error" if task.blocks else "warning", task.where.path, task.where.line, task.message) for task in tasks]
    assert listed == [
        (one["severity"], one["path"], one["line"], one["message"].partition("\n")[0]) for one in said["findings"]
    ]
    assert [part.where.context for task in tasks for part in task.parts] == ["farms.title"]


async def test_missing_approval_is_left_to_do_and_no_mistake(studio: PreviewStudio, space: Space) -> None:
    assert [task for task in await studio.tasks("june") if task.blocks] == []
    space.replace("approval", "required")
    assert [task.code for task in await studio.tasks("june") if task.blocks] == ["not-approved", "not-approved"]
    said = space.json("check", "june")
    assert isinstance(said, dict)
    assert [(one["code"], one["severity"]) for one in said["findings"]].count(("not-approved", "warning")) == 2
    await asyncio.to_thread(space.run, "i18n", "approve", "june", "--locale", "es", "--by", "Ana")
    assert [task.where.path for task in await studio.tasks("june") if task.blocks] == ["issues/june.yaml"]


async def test_subscriber_is_looked_up_without_the_address_in_the_url(space: Space, client: httpx.AsyncClient) -> None:
    space.write_list("ana@example.org,Ana Muñoz,es,,")
    await run(space, "subscribers", "import", "list.csv")
    answer = await client.post("/issues/june/reader", data={"address": "ana@example.org"}, headers=OURS)
    assert answer.status_code == 303
    place = answer.headers["Location"]
    assert "example" not in place
    mail = (await client.get(place.replace("/issues/june", "/mail/june/es"))).text
    assert "Hola, Ana:" in mail
    assert "/u/preview" in mail  # a click on "unsubscribe" here must not unsubscribe her
    unknown = await client.post("/issues/june/reader", data={"address": "ben@example.org"}, headers=OURS)
    assert unknown.status_code == 404


async def test_looking_makes_no_database(client: httpx.AsyncClient, space: Space) -> None:
    await client.get("/")
    await client.get("/issues/june")
    assert not (space.root / "var").exists()


async def test_list_shows_the_newest_campaign(space: Space, client: httpx.AsyncClient) -> None:
    space.write_list(*(f"reader{n}@example.org,Reader,en,," for n in range(4)))
    await run(space, "subscribers", "import", "list.csv")
    await run(space, "send", "june", "--segment", "everybody", "--yes", "--queue", "--at", "2099-01-01 09:00")
    page = (await client.get("/")).text
    assert "chip-scheduled" in page
    assert "0 of 4" in page


# Mistakes


async def test_broken_issue_is_shown_with_its_lines(client: httpx.AsyncClient, space: Space) -> None:
    space.write_issue(ISSUE.replace("date:", "day:"), "broken")
    page = (await client.get("/issues/broken")).text
    assert "unknown key &#39;day&#39;" in page
    assert "/files/issues/broken.yaml#L2" in page
    assert "missing key &#39;date&#39;" in (await client.get("/")).text


async def test_mistakes_in_an_issue_and_in_a_template_are_told_in_the_language_of_the_page(
    client: httpx.AsyncClient, space: Space
) -> None:
    client.headers["Accept-Language"] = "es"
    space.write_issue(ISSUE.replace("date:", "day:"), "broken")
    page = (await client.get("/issues/broken")).text
    assert "la clave «day» no existe" in page
    assert "falta la clave «date»" in page
    assert "agrega «date: …»" in page
    folder = space.root / "templates" / "blocks"
    folder.mkdir(parents=True)
    (folder / "text.mjml.j2").write_text("{{ nothing_like_it }}", encoding="utf-8")
    page = (await client.get("/issues/june")).text
    assert "no se puede usar la plantilla" in page
    assert "cannot be rendered" not in page


async def test_last_good_version_stays_while_there_are_mistakes(client: httpx.AsyncClient, space: Space) -> None:
    await client.get("/issues/june")
    good = (await client.get("/mail/june/es")).text
    catalog = space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / "june.po"
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(text.replace('msgstr "Leche', 'msgstr "Leche"', 1), encoding="utf-8")
    page = (await client.get("/issues/june")).text
    assert "broken" in page or "quotation marks" in page
    assert (await client.get("/mail/june/es")).text == good
    catalog.write_text(text.replace("Leche con", "Leche y"), encoding="utf-8")
    assert "quotation marks" not in (await client.get("/issues/june")).text
    assert "Leche y\u00a0Dignidad" in (await client.get("/mail/june/es")).text


# What it keeps


async def test_nothing_is_made_twice_while_no_file_changes(client: httpx.AsyncClient, space: Space) -> None:
    for path in ("/", "/issues/june", "/issues/june/tasks"):
        await client.get(path)
    with mock.patch.object(House, "load") as load, mock.patch.object(House, "render") as render:
        for path in ("/", "/issues/june", "/issues/june/tasks", "/mail/june/en", "/mail/june/es?look=dark"):
            assert (await client.get(path)).status_code == 200
    assert not load.called
    assert not render.called


async def test_page_hears_of_changes_once_however_many_there_were() -> None:
    hub = Hub()
    heard = aiter(hub.changes())
    waiting = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0)
    for topic in ("files", "files", "cards"):
        hub.tell(topic)
    assert await waiting == ["files", "cards"]
    hub.tell("files")
    assert await anext(heard) == ["files"]
    hub.close()
    assert [topics async for topics in heard] == []


# Whom it refuses


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8080.evil.example", "192.0.2.1:8080", "", "localhost:x"],
)
async def test_foreign_name_is_refused(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/", headers={"Host": host})).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"])
async def test_own_names_are_known(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9090"},
        {"Origin": "https://127.0.0.1:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
async def test_post_from_elsewhere_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/language", data={"language": "es"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_language_is_remembered_and_leads_nowhere_else(client: httpx.AsyncClient) -> None:
    for back in ("https://evil.example/", "//evil.example/", "/\\evil.example", ""):
        answer = await client.post("/language", data={"language": "es", "back": back}, headers=OURS)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "SameSite=strict" in answer.headers["Set-Cookie"]
    assert '<html lang="es">' in (await client.get("/")).text


async def test_long_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/language", data={"back": "x" * 300_000}, headers=OURS)
    assert answer.status_code == 413


async def test_password_is_asked_for(space: Space) -> None:
    door = Door(8080, NAMES, any_address=True, password="correct horse")
    async with opened(space, door) as (client, _studio):
        with mock.patch("newsletter.web.preview.guard.WRONG_PASSWORD_COSTS", 0.0):
            for given in ("", "Basic", "Basic !", "Bearer x", f"Basic {base64.b64encode(b'me:wrong').decode()}"):
                answer = await client.get("/", headers={"Authorization": given} if given else {})
                assert answer.status_code == 401
                assert "Basic" in answer.headers["WWW-Authenticate"]
        right = {"Authorization": f"Basic {base64.b64encode(b'anybody:correct horse').decode()}"}
        assert (await client.get("/", headers={**right, "Host": "192.0.2.1:8080"})).status_code == 200
        assert (await client.get("/", headers={**right, "Host": "evil.example:8080"})).status_code == 421


def test_beyond_this_machine_only_with_a_password(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    said = space.run("preview", "--no-open", "--host", "0.0.0.0", code=2)
    assert "NEWSLETTER_PREVIEW_PASSWORD" in said.stderr
    monkeypatch.setenv("NEWSLETTER_PREVIEW_PASSWORD", "short")
    assert "12 characters" in space.run("preview", "--no-open", "--host", "::", code=2).stderr


async def test_policies(client: httpx.AsyncClient) -> None:
    page = (await client.get("/issues/june")).headers
    assert page["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Cross-Origin-Resource-Policy"] == "same-origin"
    frame = (await client.get("/mail/june/en")).headers["Content-Security-Policy"]
    assert "script-src" not in frame
    assert "allow-scripts" not in frame
    assert "sandbox allow-same-origin" in frame
    assert "img-src 'self'" in frame
    none = (await client.get("/mail/june/en?look=no-pictures")).headers["Content-Security-Policy"]
    assert "img-src 'none'" in none


async def test_pages_hold_no_inline_script_or_style_and_nothing_remote(client: httpx.AsyncClient) -> None:
    for path in ("/", "/issues/june", "/issues/june?view=inbox", "/files/newsletter.yaml"):
        page = (await client.get(path)).text
        assert not re.search(r"<script(?![^>]*\bsrc=\"/static/)|\sstyle=|\son[a-z]+=", page), path
        assert not re.search(r"\b(?:src|href)=\"(?!/|#)", page), path


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2Fsecret.txt",
        "%2e%2e/secret.txt",
        "issues/../../secret.txt",
        "issues/..%2f..%2fsecret.txt",
        "issues/%2e%2e/var/secret.key",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "issues//etc/passwd",
        "issues/link.yaml",
        "issues/folder/secret.yaml",
        "issues/.hidden.yaml",
        "issues\\..\\secret.txt",
        "issues/june.yaml%00.txt",
        "var/secret.key",
        "locales",
        "issues/media",
        ".git/config",
        "",
    ],
)
async def test_no_other_file_can_be_read(client: httpx.AsyncClient, space: Space, path: str) -> None:
    outside = space.root.parent / "secret.txt"
    (space.root / "var").mkdir()
    (space.root / "folder").mkdir(exist_ok=True)
    for file in (outside, space.root / "var" / "secret.key", space.root / "issues" / ".hidden.yaml"):
        file.write_text("hush", encoding="utf-8")
    elsewhere = space.root.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "secret.yaml").write_text("hush", encoding="utf-8")
    (space.root / "issues" / "link.yaml").symlink_to(outside)
    (space.root / "issues" / "folder").symlink_to(elsewhere)
    for prefix in ("/files/", "/media/", "/static/"):
        answer = await client.get(f"{prefix}{path}")
        assert answer.status_code == 404, prefix
        assert "hush" not in answer.text
        assert "root:" not in answer.text


async def test_files_of_staff_can_be_read(client: httpx.AsyncClient) -> None:
    for path in ("newsletter.yaml", "issues/june.yaml", "locales/es/LC_MESSAGES/issues/june.po"):
        assert (await client.get(f"/files/{path}")).status_code == 200


def test_pictures_inside_links_are_not_followed(space: Space) -> None:
    """A picture is found by its published name only, and was inside the issues' folder when it was."""
    assert House.__module__
    house = space.house()
    assert house.pictures.published("../../secret.txt") is None
    assert house.pictures.published("secret.txt") is None


# Looks


def test_looks_rewrite_the_mails_own_queries() -> None:
    html = "<html><head></head><style>@media (prefers-color-scheme: dark) { p { color: red } }</style>"
    assert "@media (min-width: 0px)" in framed(html, Look.DARK)
    assert "@media (max-width: 0px)" in framed(html, Look.LIGHT)
    assert "invert(" in framed(html, Look.INVERTED)
    assert '<a target="_self" href="#x"' in framed(f'{html}<a href="#x">', Look.LIGHT)


def test_words_of_the_studio_are_all_translated() -> None:
    path: Path = ROOT / "locales" / "es" / "LC_MESSAGES" / "studio.po"
    assert [entry.msgid for entry in updated(path) if not entry.translated()] == []
    assert f"{updated(path)}".rstrip("\n") + "\n" == path.read_text(encoding="utf-8")
