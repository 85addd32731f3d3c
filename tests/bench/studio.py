"""How long the studio takes: from a saved file to the screen, to open with 200 issues, and whether it grows.

    python -m tests.bench.studio            all of it, some two minutes
    python -m tests.bench.studio --quick    fewer turns

A workspace with 200 copies of the sample issue, ``newsletter preview`` as a process of its own, and headless
Chromium.  "Event" is when the browser hears of the change, "screen" the first frame after the new page is shown.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.bench.sink import ROOT
from tests.browser.screenshots import chromium, find_chromium
from tests.browser.studio import process

ISSUES = 200
SAMPLE = "2019-06-no-polimigra"
SLUG = "issue-199"
BETWEEN = 0.4  # seconds between two saves, so that each is a burst of its own
WATCH = """(text) => {
  window.heard = 0;
  window.stream ??= new EventSource("/events");
  window.stream.onmessage = null;
  window.stream.addEventListener("files", () => { window.heard ||= Date.now(); });
  window.seen = new Promise((tell) => {
    const look = () => {
      const frame = document.querySelector(".pane[data-locale=es] iframe:not([data-waiting])");
      if (frame?.contentDocument?.body?.textContent.includes(text)) requestAnimationFrame(() => tell(Date.now()));
      else requestAnimationFrame(look);
    };
    look();
  });
}"""


def workspace(root: Path) -> None:
    """200 issues, each with a translation of its own."""
    for folder in ("issues/media", "templates", "locales/es/LC_MESSAGES/issues"):
        (root / folder).mkdir(parents=True)
    shutil.copyfile(ROOT / "newsletter.yaml", root / "newsletter.yaml")
    shutil.copytree(ROOT / "issues" / "media", root / "issues" / "media", dirs_exist_ok=True)
    issue = (ROOT / "issues" / f"{SAMPLE}.yaml").read_text(encoding="utf-8")
    catalog = (ROOT / "locales" / "es" / "LC_MESSAGES" / "issues" / f"{SAMPLE}.po").read_text(encoding="utf-8")
    for number in range(ISSUES):
        dated = issue.replace("date: 2019-06-03", f"date: {2001 + number // 12}-{1 + number % 12:02}-03")
        (root / "issues" / f"issue-{number:03}.yaml").write_text(dated, encoding="utf-8")
        (root / "locales/es/LC_MESSAGES/issues" / f"issue-{number:03}.po").write_text(catalog, encoding="utf-8")


def get(address: str) -> tuple[float, str]:
    """Seconds for a page, and the page."""
    begun = time.perf_counter()
    with urllib.request.urlopen(address) as answer:
        text = answer.read().decode()
    return time.perf_counter() - begun, text


def opening(root: Path, say: Callable[[str], None]) -> None:
    """A new studio: when it listens, what the first list takes, and when all issues are looked through."""
    begun = time.perf_counter()
    with process(root) as (address, _pid):
        listening = time.perf_counter() - begun
        first, page = get(address + "/")
        shown = page.count('class="card"')
        while "looked through" in page:
            time.sleep(0.1)
            _seconds, page = get(address + "/")
        complete = time.perf_counter() - begun
        again = min(get(address + "/")[0] for _ in range(5))
        cold, _page = get(f"{address}/issues/{SLUG}")
        warm = statistics.median(get(f"{address}/issues/{SLUG}")[0] for _ in range(9))
    say(f"opening with {ISSUES} issues: listens after {listening:.2f} s; first list ({shown} issues) in {first:.2f} s")
    say(f"  all looked through {complete:.1f} s after the start; the list then in {again * 1000:.0f} ms")
    say(f"  an issue's page: {cold * 1000:.0f} ms the first time, {warm * 1000:.0f} ms after")


def saves(root: Path, page: Page, turns: int, say: Callable[[str], None]) -> None:
    """From a saved file to the screen, for each kind of file."""
    issue = root / "issues" / f"{SLUG}.yaml"
    catalog = root / "locales/es/LC_MESSAGES/issues" / f"{SLUG}.po"
    template = root / "templates" / "blocks" / "divider.mjml.j2"
    settings = root / "newsletter.yaml"
    template.parent.mkdir()
    words = issue.read_text(encoding="utf-8"), catalog.read_text(encoding="utf-8"), settings.read_text(encoding="utf-8")

    def write_issue(mark: str) -> None:
        block = f"  - type: text\n    id: bench\n    translate: false\n    body: {mark}\n"
        issue.write_text(words[0].rstrip("\n") + "\n" + block, encoding="utf-8")

    def write_catalog(mark: str) -> None:
        catalog.write_text(words[1].replace("Hola, ", f"Hola {mark}, ", 1), encoding="utf-8")

    def write_template(mark: str) -> None:
        text = f"<mj-section><mj-column><mj-text>{mark}</mj-text></mj-column></mj-section>"
        template.write_text(text, encoding="utf-8")

    def write_settings(mark: str) -> None:
        settings.write_text(words[2].replace("Burlington, VT", f"Burlington {mark}"), encoding="utf-8")

    kinds = {"issue": write_issue, "catalog": write_catalog, "template": write_template, "settings": write_settings}
    for kind, write in kinds.items():
        heard, seen = [], []
        for turn in range(turns):
            mark = f"{kind}turn{turn}end"
            page.evaluate(WATCH, mark)
            time.sleep(BETWEEN)
            saved = time.time() * 1000
            write(mark)
            seen.append(float(page.evaluate("window.seen")) - saved)
            heard.append(float(page.evaluate("window.heard")) - saved)
        say(
            f"saved {kind:9} event {statistics.median(heard):4.0f} ms   "
            f"screen {statistics.median(seen):4.0f} ms   slowest {max(seen):4.0f} ms"
        )


def memory(pid: int) -> float:
    """Megabytes that a process holds (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def reloads(root: Path, address: str, pid: int, times: int, say: Callable[[str], None]) -> None:
    """An issue edited and loaded again and again."""
    issue = root / "issues" / f"{SLUG}.yaml"
    text = issue.read_text(encoding="utf-8")
    held = []
    for turn in range(times + 1):
        issue.write_text(text.replace("farmworkers", f"farmworkers {turn}", 1), encoding="utf-8")
        for path in (f"/issues/{SLUG}", f"/mail/{SLUG}/es", f"/issues/{SLUG}/tasks", "/"):
            get(address + path)
        if turn % (times // 10) == 0:
            held.append(memory(pid))
    say(f"memory over {times} reloads of an edited issue: " + " ".join(f"{one:.0f}" for one in held) + " MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the studio.")
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    quick = parser.parse_args().quick
    executable = find_chromium()
    if executable is None:
        parser.exit(2, "no Chromium found; install one, or name it in CHROMIUM\n")

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201 - a script

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        workspace(root)
        opening(root, say)
        with process(root) as (address, pid):
            with chromium(executable) as browser:
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                for path in ("/", f"/issues/{SLUG}"):
                    page.goto(address + path)
                    page.wait_for_selector("html[data-live=yes]")
                    page.reload()
                    page.wait_for_selector("html[data-live=yes]")
                    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
                    say(f"first paint of {path}: {paint:.0f} ms")
                page.wait_for_selector(".pane[data-scale]")
                saves(root, page, 5 if quick else 20, say)
            reloads(root, address, pid, 100 if quick else 1000, say)


if __name__ == "__main__":
    main()
