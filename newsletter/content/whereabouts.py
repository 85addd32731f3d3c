"""Where in an issue's file a text stands, for those who find fault with it after it was read.

Contexts are those of messages: ``subject``, ``<block id>.<field path>``, or a
block's id alone.  The file is composed anew, only when somebody asks.
"""

from __future__ import annotations

import yaml

from newsletter.content.places import Source
from newsletter.errors import SourceSpan


def whereabouts(source: Source, context: str, needle: str = "") -> SourceSpan:
    """The place of ``needle`` in the text of a context; as near to it as the file allows."""
    name, *path = context.split(".")
    node = _block(source.root, name) if context else None
    if node is None:
        node, path = source.root, [name, *path] if context else []
    elif path:
        node = _value(node, path.pop(0)) or node
    for key in path:
        node = _value(node, key) or node
    if not context and not needle:
        return SourceSpan(source.path, line=0)
    return source.find(node, needle, last=False)


def _block(root: yaml.Node, name: str) -> yaml.Node | None:
    blocks = _value(root, "blocks")
    for block in blocks.value if isinstance(blocks, yaml.SequenceNode) else ():
        its = _value(block, "id")
        if isinstance(its, yaml.ScalarNode) and its.value == name:
            return block  # type: ignore[no-any-return]
    return None


def _value(node: yaml.Node, key: str) -> yaml.Node | None:
    """The value of a key; of a list, the list itself, in which a needle is looked for."""
    if isinstance(node, yaml.MappingNode):
        return next((value for found, value in node.value if found.value == key), None)
    return None
