"""How the command line starts: on an old laptop, what is loaded for nothing is waited for."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {"sqlalchemy", "jinja2", "mjml", "PIL", "starlette", "cryptography", "flufl", "lxml", "httpx", "aiosmtplib"}


def test_the_command_line_loads_no_library_that_a_command_may_not_need() -> None:
    code = "import json, sys, newsletter.cli.main; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(json.loads(done.stdout))
