"""One YAML file as it was read, which knows where in it everything stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from newsletter.errors import Finding, SourceSpan


@dataclass(slots=True)
class Source:
    """One YAML file: its text, its node tree, and its plain data.  ``path`` is shown to staff."""

    path: str
    text: str
    root: yaml.Node
    data: Any
    findings: list[Finding] = field(default_factory=list)
    # Values that came from elsewhere than the file (the environment), by their keys.
    origins: dict[tuple[int | str, ...], SourceSpan] = field(default_factory=dict)

    def span(self, node: yaml.Node) -> SourceSpan:
        """Where a node starts."""
        return SourceSpan(self.path, node.start_mark.line + 1, node.start_mark.column + 1)

    def find(self, node: yaml.Node, needle: str, *, last: bool) -> SourceSpan:
        """Where ``needle`` stands inside a node; the node's start if it is not there to the letter."""
        start, end = node.start_mark.index, node.end_mark.index
        at = (self.text.rfind if last else self.text.find)(needle, start, end) if needle else -1
        if at < 0:
            return self.span(node)
        line_start = self.text.rfind("\n", 0, at) + 1
        return SourceSpan(self.path, self.text.count("\n", 0, at) + 1, at - line_start + 1)
