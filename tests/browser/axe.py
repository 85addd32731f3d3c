"""axe-core, which finds what keeps people with a screen reader or a keyboard out; by npm, as its lock file says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
NODE_FILES = Path(__file__).parent / "node"
FOLDER = ROOT / "var" / "browser" / "node"
TIMEOUT = 120.0  # seconds for npm
# Every rule but the experimental ones, at every level of WCAG and beyond it.  The frames hold mails, whose look is the
# templates' (test_layout.py), and run no script, so axe could not get in.
RUN = """async () => {
  const found = await axe.run(document, {
    iframes: false,
    resultTypes: ["violations"],
    rules: { "color-contrast-enhanced": { enabled: true }, "target-size": { enabled: true },
             "identical-links-same-purpose": { enabled: true }, "meta-refresh-no-exceptions": { enabled: true } },
  });
  return found.violations.map((one) => `${one.id}: ${one.help}: ` +
    one.nodes.map((node) => `${node.target} ${node.any.concat(node.all).map((check) => check.message)}`).join("; "));
}"""


@cache
def script() -> str:
    """axe's own script.  Skips the test where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        _missing("npm is not here, so axe-core cannot be fetched; install it")
    lock = (NODE_FILES / "package-lock.json").read_bytes()
    done = FOLDER / "installed.json"  # written last, so that half an installation does not count
    if not done.is_file() or done.read_bytes() != lock:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(NODE_FILES / name, FOLDER)
        command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=TIMEOUT)
        except (subprocess.SubprocessError, OSError):
            _missing(f"'npm ci' in {FOLDER} failed")
        done.write_bytes(lock)
    return (FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[Any]:
    """What axe finds on a page as it is now."""
    # Evaluated, not added as an element: the studio's policy would refuse that.
    page.evaluate(script())
    found = page.evaluate(RUN)
    assert isinstance(found, list), json.dumps(found)
    return found


def _missing(reason: str) -> None:
    if os.environ.get("CI") and shutil.which("npm"):
        pytest.fail(reason)
    pytest.skip(reason)
