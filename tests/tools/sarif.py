"""The published schema of SARIF 2.1.0, which comes in a package of npm, and what does not agree with it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.tools.node import installed

JUDGES = Path(__file__).parents[1] / "judges" / "node"
TIMEOUT = 60.0  # seconds


def sarif_mistakes(report: object) -> list[str]:
    """What the schema says of a report, each with the place as a JSON Pointer; nothing if it is one."""
    modules = installed(JUDGES)
    run = subprocess.run(
        ["node", str(JUDGES / "sarif.cjs"), str(modules)],
        input=json.dumps(report),
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    found = json.loads(run.stdout)
    assert isinstance(found, list)
    return found
