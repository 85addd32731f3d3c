"""Signs messages with DKIM: RSA-2048 or Ed25519, relaxed/relaxed.

A general library takes ten milliseconds a message, most of them to bring the
body into canonical form line by line.  Ours is canonical by construction (see
``delivery/message.py``: no line ends in a space and none holds two in a row),
so that only a hash, the headers and the signature are left.

What is signed: every header that readers or mail programs act on.  From, To,
Subject and Date are named once more than they occur (oversigned), so that
nobody can add a second one.  Source: RFC 6376 §3.4, §3.5, §5.4; RFC 8463
(Ed25519); RFC 8058 §4 (List-Unsubscribe and -Post must be signed).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from newsletter.delivery.message import Message

MIN_RSA_BITS = 2048
DIGEST_BYTES = 32  # of a SHA-256
SIGNED = (
    "from", "to", "subject", "date", "message-id", "reply-to", "list-id", "list-unsubscribe",
    "list-unsubscribe-post", "content-language", "auto-submitted", "mime-version", "content-type",
)  # fmt: skip
NAMES_A_LINE = 5
OVERSIGNED = ("from", "to", "subject", "date")
_PADDING, _DIGEST = padding.PKCS1v15(), Prehashed(hashes.SHA256())
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_SPACES = re.compile(rb"[ \t]+")

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A message that lacks the signature of ``digest``, the SHA-256 of its headers, at the end of ``field``."""

    message: Message
    field: bytes
    digest: bytes

    def signed(self, signature: bytes) -> Message:
        """The message with its DKIM-Signature before its other headers."""
        encoded = base64.b64encode(signature)
        lines = b"\r\n ".join([encoded[at : at + 72] for at in range(0, len(encoded), 72)])
        return replace(self.message, head=b"".join((self.field, lines, b"\r\n", self.message.head)))


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """Signs for one domain with one key."""

    domain: str
    selector: str
    key: PrivateKey

    def sign(self, message: Message, now: dt.datetime) -> Message:
        """The message, filled from a MessageTemplate, with a DKIM-Signature before its other headers."""
        unsigned = self.prepare(message, now)
        return unsigned.signed(sign_digest(self.key, unsigned.digest))

    def prepare(self, message: Message, now: dt.datetime) -> Unsigned:
        """The same message, up to the signature itself."""
        fields = _relaxed_fields(message.head.removesuffix(b"\r\n\r\n"))
        names = tuple(name for name in SIGNED if name in fields)
        body_hash = base64.b64encode(_body_hash(message.body)).decode()
        algorithm = "ed25519-sha256" if isinstance(self.key, ed25519.Ed25519PrivateKey) else "rsa-sha256"
        field = (
            f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={self.domain};\r\n"
            f" s={self.selector}; t={int(now.timestamp())};\r\n h={_listed(names)};\r\n bh={body_hash};\r\n b="
        ).encode("ascii")
        # Its own field comes last, in relaxed form, which it has but for its name and its folds (RFC 6376 §3.7).
        own = b"dkim-signature:" + field[len("DKIM-Signature: ") :].replace(b"\r\n", b"")
        signed = b"".join([fields[name] for name in names]) + own
        return Unsigned(message, field, hashlib.sha256(signed).digest())

    def dns_record(self) -> tuple[str, str]:
        """The name and the value of the TXT record that lets receivers verify (RFC 6376 §3.6)."""
        public = self.key.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            kind, raw = "ed25519", public.public_bytes_raw()
        else:
            kind = "rsa"
            raw = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return f"{self.selector}._domainkey.{self.domain}", f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode()}"


def sign_digest(key: PrivateKey, digest: bytes) -> bytes:
    """The signature of a SHA-256: PKCS #1 v1.5 with RSA, of the digest as a message with Ed25519 (RFC 8463 §3)."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, _PADDING, _DIGEST)
    return key.sign(digest)


def load_key(pem: bytes) -> PrivateKey:
    """The private key in a PEM file.  ValueError, in words for staff, if it is none or too weak."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the file holds no private key in PEM format without a password: {error}") from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise ValueError(f"the RSA key has {key.key_size} bits; receivers want at least {MIN_RSA_BITS}")
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise ValueError("the key is neither RSA nor Ed25519")


@lru_cache(64)
def _listed(names: tuple[str, ...]) -> str:
    """The names of the signed fields, as ``h=`` lists them, in lines."""
    every = [*names, *(name for name in OVERSIGNED if name in names)]
    return ":\r\n ".join(":".join(every[at : at + NAMES_A_LINE]) for at in range(0, len(every), NAMES_A_LINE))


def _relaxed_fields(head: bytes) -> dict[str, bytes]:
    """Every header field in relaxed form with its CRLF, by lower-case name; ours occur once each."""
    return dict(_named_field(field) for field in _FOLD.sub(b"", head).split(b"\r\n"))


@lru_cache(64)
def _named_field(field: bytes) -> tuple[str, bytes]:
    """The name and the relaxed form of an unfolded field: name in lower case, single spaces, none at the edges.

    Kept, since most fields of an edition are the same for all.  Source: RFC 6376 §3.4.2.
    """
    name, _colon, value = field.partition(b":")
    name = name.strip().lower()
    return name.decode("ascii"), name + b":" + _SPACES.sub(b" ", value).strip() + b"\r\n"


def _body_hash(body: tuple[bytes, ...]) -> bytes:
    """The SHA-256 of a body that is relaxed but for empty lines at its end, which do not count (RFC 6376 §3.4.4)."""
    *others, last = body or (b"",)
    if not (end := last.rstrip(b"\r\n")):
        others, end = [], b"".join(others).rstrip(b"\r\n")
    digest = hashlib.sha256()
    for piece in others:
        digest.update(piece)
    digest.update(end + b"\r\n" if end else b"")
    return digest.digest()
