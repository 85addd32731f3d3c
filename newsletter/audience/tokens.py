"""Unguessable names for one reader: unsubscribe links and Message-IDs.

A token is ``<ref>.<mac>``, where ``ref`` is the subscriber's random name in
the store and the MAC is HMAC-SHA-256 over purpose and ref, cut to 128 bits
(RFC 2104 §5).  Tokens do not expire: RFC 8058 wants old mail to unsubscribe
as well as new.  They say nothing about the person or the address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

MAC_BYTES = 16
MIN_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and checks tokens with one secret key of at least MIN_KEY_BYTES bytes."""

    key: bytes = field(repr=False)
    # Keyed once and copied for each token: keying costs more than the rest.
    _keyed: hmac.HMAC = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.key) < MIN_KEY_BYTES:
            raise ValueError(f"the secret key must have at least {MIN_KEY_BYTES} bytes")
        object.__setattr__(self, "_keyed", hmac.new(self.key, digestmod=hashlib.sha256))

    def reader_token(self, ref: str) -> str:
        """The token by which somebody unsubscribes or sets preferences."""
        return f"{ref}.{self._mac('reader', ref)}"

    def reader_ref(self, token: str) -> str | None:
        """The ``ref`` of a genuine token, None for any other; takes the same time for both."""
        ref, _dot, mac = token.rpartition(".")
        # A token comes from the network and may hold anything that a str can.
        return ref if hmac.compare_digest(_bytes(mac), _bytes(self._mac("reader", ref))) else None

    def message_id(self, campaign_ref: str, subscriber_ref: str, domain: str) -> str:
        """The Message-ID of one delivery; the same for every attempt, so that doubles can be seen."""
        return f"<{self._mac('message', f'{campaign_ref}/{subscriber_ref}')}@{domain}>"

    def fingerprint(self) -> str:
        """Tells keys apart without telling the key; stored to notice a database with another's key."""
        return self._mac("fingerprint", "")

    def _mac(self, purpose: str, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(_bytes(f"{purpose}\0{text}"))
        return base64.urlsafe_b64encode(keyed.digest()[:MAC_BYTES]).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
