"""The studio and the public pages as processes of their own, for tests that drive them and for the benchmarks."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

PATIENCE = 60.0  # seconds for a slow machine to load everything


@contextmanager
def studio(root: Path, *options: str, **environment: str) -> Iterator[str]:
    """The address of a studio over the workspace at ``root``, without a slash at its end; it ends with the block."""
    with process(root, *options, **environment) as (address, _pid):
        yield address


@contextmanager
def faultless_page(browser: Browser, base: str) -> Iterator[Page]:
    """A wide page in English, in which no script may fail as long as the block lasts."""
    context = browser.new_context(base_url=base, locale="en", viewport={"width": 1400, "height": 900})
    made = context.new_page()
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    yield made
    context.close()
    assert faults == []


def process(root: Path, *options: str, **environment: str) -> AbstractContextManager[tuple[str, int]]:
    """The same, with the number of its process."""
    return served(root, "preview", "--no-open", *options, **environment)


@contextmanager
def public_pages(root: Path, *options: str, **environment: str) -> Iterator[str]:
    """The address of the public pages of a workspace, without a slash at its end; they end with the block."""
    with served(root, "serve", "--port", "0", *options, **environment) as (address, _pid):
        yield address


@contextmanager
def served(root: Path, *command: str, code: str = "", **environment: str) -> Iterator[tuple[str, int]]:
    """Address and process of a command, or of some ``code``, that serves pages and says where."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NEWSLETTER_")}
    started = subprocess.Popen(
        [sys.executable, *(("-c", code) if code else ("-m", "newsletter", *command))],
        cwd=root,
        env={**clean, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _address(started), started.pid
    finally:
        started.terminate()
        started.wait(PATIENCE)
        assert started.stdout is not None
        started.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    told = ""
    while select.select([process.stdout], [], [], PATIENCE)[0]:
        line = process.stdout.readline()
        if not line:
            break
        told += line
        if found := re.search(r"(?:is|are) at (http://[^/]+)/", line):
            return found[1]
    raise AssertionError(f"nothing is served:\n{told}")
