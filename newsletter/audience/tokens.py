"""Unguessable names for one reader: unsubscribe links, Message-IDs, envelope senders.

A reader's token is ``<ref>.<mac>``, where ``ref`` is the subscriber's random
name in the store and the MAC is HMAC-SHA-256 over purpose and ref, cut to 128
bits (RFC 2104 §5).  Tokens do not expire: RFC 8058 wants old mail to
unsubscribe as well as new.  They say nothing about the person or the address.

The newest of several keys makes tokens; all of them are accepted.  So a key
can be changed, and the links in mail already sent go on working.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

MAC_BYTES = 16
SHORT_MAC_BYTES = 10  # of envelope senders, whose local part may have 64 octets (RFC 5321 §4.5.3.1.1)
MIN_KEY_BYTES = 32
_DELIVERY = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([a-z2-7]{16})")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and checks tokens with secret keys of at least MIN_KEY_BYTES bytes, the newest first."""

    keys: tuple[bytes, ...] = field(repr=False)
    # Keyed once and copied for each token: keying costs more than the rest.
    _keyed: tuple[hmac.HMAC, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) < MIN_KEY_BYTES for key in self.keys):
            raise ValueError(f"the secret key must have at least {MIN_KEY_BYTES} bytes")
        object.__setattr__(self, "_keyed", tuple(hmac.new(key, digestmod=hashlib.sha256) for key in self.keys))

    def reader_token(self, ref: str) -> str:
        """The token by which somebody unsubscribes or sets preferences."""
        return self._token("reader", ref)

    def reader_ref(self, token: str) -> str | None:
        """The ``ref`` of a genuine token, None for any other; takes the same time for both."""
        return self._ref("reader", token)

    def signup_token(self, ref: str) -> str:
        """The token by which somebody confirms that it was they who filled in the form."""
        return self._token("signup", ref)

    def signup_ref(self, token: str) -> str | None:
        """The ``ref`` of a genuine token to confirm, None for any other."""
        return self._ref("signup", token)

    def message_id(self, campaign_ref: str, subscriber_ref: str, domain: str) -> str:
        """The Message-ID of one delivery; the same for every attempt, so that doubles can be seen."""
        return f"<{self._mac('message', f'{campaign_ref}/{subscriber_ref}')}@{domain}>"

    def message_ids(self, campaign_ref: str, subscriber_ref: str, domain: str) -> frozenset[str]:
        """Every Message-ID that this delivery may have had, also under an older key."""
        text = f"{campaign_ref}/{subscriber_ref}"
        return frozenset(f"<{_b64(mac)}@{domain}>" for mac in self._macs("message", text))

    def delivery_token(self, campaign_id: int, subscriber_id: int) -> str:
        """What names a delivery in the sender of its envelope (VERP); in small letters, as some servers make it."""
        name = f"{campaign_id}-{subscriber_id}"
        return f"{name}-{_b32(self._digest(self._keyed[0], 'delivery', name))}"

    def delivery_of(self, token: str) -> tuple[int, int] | None:
        """Campaign and subscriber of a genuine token, whatever its case; None for any other."""
        found = _DELIVERY.fullmatch(token.lower()) if token.isascii() else None
        if found is None:
            return None
        name = f"{found[1]}-{found[2]}"
        genuine = [hmac.compare_digest(found[3], _b32(self._digest(keyed, "delivery", name))) for keyed in self._keyed]
        return (int(found[1]), int(found[2])) if any(genuine) else None

    def address_hashes(self, address_key: str) -> tuple[str, ...]:
        """What is kept of an address that was erased, under each key, the newest first."""
        return tuple(_b64(mac) for mac in self._macs("address", address_key))

    def fingerprints(self) -> tuple[str, ...]:
        """Tell keys apart without telling the keys; stored to notice a database with another's key."""
        return tuple(_b64(mac) for mac in self._macs("fingerprint", ""))

    def _token(self, purpose: str, ref: str) -> str:
        return f"{ref}.{self._mac(purpose, ref)}"

    def _ref(self, purpose: str, token: str) -> str | None:
        ref, _dot, mac = token.rpartition(".")
        # A token comes from the network and may hold anything that a str can.
        genuine = [hmac.compare_digest(_bytes(mac), _b64(known).encode()) for known in self._macs(purpose, ref)]
        return ref if any(genuine) else None

    def _mac(self, purpose: str, text: str) -> str:
        return _b64(self._digest(self._keyed[0], purpose, text))

    def _macs(self, purpose: str, text: str) -> list[bytes]:
        return [self._digest(keyed, purpose, text) for keyed in self._keyed]

    @staticmethod
    def _digest(keyed: hmac.HMAC, purpose: str, text: str) -> bytes:
        copy = keyed.copy()
        copy.update(_bytes(f"{purpose}\0{text}"))
        return copy.digest()


def _b64(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac[:MAC_BYTES]).decode().rstrip("=")


def _b32(mac: bytes) -> str:
    return base64.b32encode(mac[:SHORT_MAC_BYTES]).decode().lower()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
