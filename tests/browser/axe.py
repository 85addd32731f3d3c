"""axe-core, which finds what keeps people with a screen reader or a keyboard out; by npm, as its lock file says."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.tools.node import installed

NODE_FILES = Path(__file__).parent / "node"
# Every rule but the experimental ones, at every level of WCAG and beyond it.  The frames hold mails, whose look is the
# templates' (test_layout.py), and run no script, so axe could not get in.
RUN = """async (only) => {
  const found = await axe.run(document, {
    iframes: false,
    ...(only && { runOnly: { type: "tag", values: [only] } }),
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
    return (installed(NODE_FILES) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, only: str | None = None) -> list[Any]:
    """What axe finds on a page as it is now; by the rules of one tag only, if one is named."""
    # Evaluated, not added as an element: the studio's policy would refuse that.
    page.evaluate(script())
    found = page.evaluate(RUN, only)
    assert isinstance(found, list), json.dumps(found)
    return found
