"""Readers behind the public pages: tokens to people, and what they choose into the store."""

from __future__ import annotations

from newsletter.audience.tokens import Tokens
from newsletter.cli.wiring import Stores


class ReaderDesk:
    """Implements ``web.public.readers.Readers``."""

    def __init__(self, stores: Stores, tokens: Tokens) -> None:
        self._stores = stores
        self._tokens = tokens
