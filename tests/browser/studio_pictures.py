"""Pictures of the studio for the documents, from the sample issues with a little left to do.

    python -m tests.browser.studio_pictures OUT      writes OUT/studio-….png

With ``--all`` every page, at the width of a desk and of a phone, in both languages, light and dark, for looking at;
also campaigns in every state, with the longest names.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.integration.servers import CUT, Script, scripted_server

from . import studio_states as states
from .screenshots import SCHEMES, Scheme, chromium, find_chromium
from .studio import studio

ROOT = Path(__file__).parents[2]
SLUG = "2019-06-no-polimigra"
SENT, OTHER = "2019-05-cows-talk", "2018-11-eli"
DOMAINS = ("example.org", "example.com", "example.net")
COLOURS = 160  # a palette keeps each picture far below 300 KB
DESK, PHONE = (1400, 860), (360, 740)  # pixels
PAGES = {
    "overview": "/",
    "issue": f"/issues/{SLUG}",
    "inbox": f"/issues/{SLUG}?view=inbox",
    "text": f"/issues/{SLUG}?view=text",
    "source": f"/issues/{SLUG}?view=source",
    "web": f"/issues/{SLUG}?view=archive",
    "file": f"/files/issues/{SLUG}.yaml#L12",
    "translate": f"/issues/{SLUG}/translate/es",
    "message": f"/issues/{SLUG}/translate/es?context=no-polimigra.body",
    "approve": f"/issues/{SLUG}/approve",
    "test": f"/issues/{SLUG}/test",
    "send": f"/issues/{OTHER}/send?segment=everyone&segment=farmworkers",
    "obstacles": f"/issues/{SLUG}/send?segment=farmworkers",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/1",
    "people": "/people",
    "nowhere": "/nowhere",
}
STATES = {"states": "/campaigns", "states-people": "/people", "states-overview": "/"}
STATES |= {f"state-{number}": f"/campaigns/{number}" for number in range(1, states.MISSED + 1)}
STATES |= {"missed": f"/issues/{states.MODEL}/send?missed={states.CANCELLED}"}
EMPTY = {"empty-overview": "/", "empty-campaigns": "/campaigns", "empty-people": "/people"}


def workspace(root: Path) -> None:
    """The sample issues, the newest of which somebody is just translating."""
    for name in ("issues", "locales"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copyfile(ROOT / "newsletter.yaml", root / "newsletter.yaml")
    catalog = polib.pofile(str(root / "locales" / "es" / "LC_MESSAGES" / "issues" / f"{SLUG}.po"), wrapwidth=0)
    for entry in catalog[5:7]:
        entry.msgstr = ""
    catalog[9].flags.append("fuzzy")
    catalog.save()


def campaign(root: Path) -> None:
    """People, and a campaign that one of them is in doubt in, another refused, and the rest still waits for."""

    def newsletter(*words: str) -> None:
        command = [sys.executable, "-m", "newsletter", *words]
        subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)

    rows = [f"reader{n}@{DOMAINS[n % 3]},Reader {n},{'es' if n % 3 else 'en'},farmworker" for n in range(1200)]
    (root / "list.csv").write_text("\n".join(["email,name,locale,tags", *rows]) + "\n", encoding="utf-8")
    newsletter("subscribers", "import", "list.csv")
    faults = {("BODY", "reader9@example.org"): CUT, ("RCPT", "reader8@example.net"): "550 not from here"}
    faults |= {("RCPT", f"reader{n}@example.com"): "451 come back later" for n in range(20)}
    with scripted_server(Script(lambda verb, to: faults.get((verb, to)))) as inbox:
        settings = (root / "newsletter.yaml").read_text(encoding="utf-8")
        server = f"host: localhost, port: {inbox.port}, security: none"
        settings = settings.replace("host: localhost, port: 587, security: starttls", server)
        settings += "preview: {test_addresses: [ana@example.org, team@example.org]}\n"
        (root / "newsletter.yaml").write_text(settings, encoding="utf-8")
        newsletter("send", SENT, "--segment", "farmworkers", "--yes")


def open_page(browser: Browser, address: str, size: tuple[int, int], language: str, scheme: Scheme) -> Page:
    """A page that has finished."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, locale=language, color_scheme=scheme, reduced_motion="reduce"
    )
    page.goto(address)
    page.wait_for_selector("html[data-live=yes]")
    page.wait_for_load_state("load")
    if page.locator("#tasks").count():
        page.wait_for_selector("#tasks h3, #tasks .all-done")
    return page


def shoot(page: Page, png: Path, *, whole: bool = False) -> None:
    """A picture with few colours."""
    page.wait_for_timeout(250)
    page.screenshot(path=png, full_page=whole)
    with Image.open(png) as shot:
        few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(png, optimize=True)


def for_documents(browser: Browser, root: Path, base: str, out: Path) -> None:
    """The three that the documents show."""
    page = open_page(browser, f"{base}/", DESK, "en", "light")
    shoot(page, out / "studio-overview.png")
    page.goto(base + PAGES["issue"])
    page.wait_for_selector("#tasks h3")
    page.wait_for_load_state("load")
    shoot(page, out / "studio-issue.png")
    issue = root / "issues" / f"{SLUG}.yaml"
    text = issue.read_text(encoding="utf-8")
    issue.write_text(text.replace("preheader:", "preheaders:"), encoding="utf-8")
    page.wait_for_selector(".mistakes")
    shoot(page, out / "studio-mistake.png")
    issue.write_text(text, encoding="utf-8")
    page.wait_for_selector(".mistakes", state="detached")
    page.close()


def for_looking(browser: Browser, base: str, out: Path, pages: dict[str, str]) -> None:
    """Every page in every way."""
    for name, path in pages.items():
        for language in ("en", "es"):
            for size in (DESK, PHONE):
                for scheme in SCHEMES:
                    page = open_page(browser, base + path, size, language, scheme)
                    shoot(page, out / f"{name}-{language}-{size[0]}-{scheme}.png", whole=size == PHONE)
                    page.close()


def main() -> None:
    """Read the arguments and write the pictures."""
    parser = argparse.ArgumentParser(description="Photograph the studio.")
    parser.add_argument("--all", action="store_true", help="every page, for looking at")
    parser.add_argument("--only", default="", help="with --all, only pages whose name holds this")
    parser.add_argument("out", type=Path, help="the folder to write into")
    given = parser.parse_args()

    def only(name: str) -> bool:
        return given.only in name

    executable = find_chromium()
    if executable is None:
        parser.exit(2, "no Chromium found; install one, or name it in CHROMIUM\n")
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        workspace(root)
        if given.all:
            campaign(root)
        with studio(root) as base, chromium(executable) as browser:
            if given.all:
                for_looking(browser, base, given.out, {name: path for name, path in PAGES.items() if only(name)})
            else:
                for_documents(browser, root, base, given.out)
        if given.all and any(map(only, STATES)):
            other = root / "states"
            other.mkdir()
            states.workspace(other)
            states.campaigns(other)
            with studio(other) as base, chromium(executable) as browser:
                for_looking(browser, base, given.out, {name: path for name, path in STATES.items() if only(name)})
        if given.all:
            shutil.rmtree(root / "issues")
            (root / "issues").mkdir()
            shutil.rmtree(root / "var", ignore_errors=True)
            with studio(root) as base, chromium(executable) as browser:
                for_looking(browser, base, given.out, {name: path for name, path in EMPTY.items() if only(name)})


if __name__ == "__main__":
    main()
