"""Leaving and choosing: what the pages show of one reader, and who tells it."""

from __future__ import annotations

from typing import Protocol


class Readers(Protocol):
    """Knows readers by the tokens in their links.  Nothing here raises for a token, whatever it holds."""
