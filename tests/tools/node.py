"""Programs for Node that tests use, installed by npm as their lock files say into a folder that is not tracked."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
TIMEOUT = 300.0  # seconds for npm


@cache
def installed(files: Path) -> Path:
    """Where what ``package-lock.json`` in ``files`` names is installed.  Skips the test where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("node and npm are not here; install them (tests/packages.sh does, as root)")
    folder = ROOT / "var" / files.parent.name / files.name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        lock = (files / "package-lock.json").read_bytes()
        done = folder / "installed.json"  # written last, so that half an installation does not count
        if not done.is_file() or done.read_bytes() != lock:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(files / name, folder)
            command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=TIMEOUT)
            except (subprocess.SubprocessError, OSError):
                missing(f"'npm ci' in {folder} failed")
            done.write_bytes(lock)
    return folder / "node_modules"


def missing(reason: str) -> None:
    """Skip the test, or fail it in CI, which must run all."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
