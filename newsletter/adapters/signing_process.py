"""``python -m newsletter.adapters.signing_process``: signs what ``adapters/signing.py`` asks for, until that is gone.

A module of its own, so that the process loads the library that signs and
nothing else.
"""

from __future__ import annotations

import contextlib
import socket
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletter.adapters.dkim import DIGEST_BYTES, sign_digest

LENGTH_BYTES = 4  # of the number before the key
MOST_AT_ONCE = 64  # digests that are taken from the socket together


def serve(line: socket.socket) -> None:
    """Answer digests with signatures until the other side closes.  Raises EOFError if it does so half-way."""

    def exactly(size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (more := line.recv(size - len(data))):
                raise EOFError
            data += more
        return data

    length = int.from_bytes(exactly(LENGTH_BYTES), "big")
    key = serialization.load_der_private_key(exactly(length), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    while digests := line.recv(MOST_AT_ONCE * DIGEST_BYTES):
        digests += exactly(-len(digests) % DIGEST_BYTES)
        for at in range(0, len(digests), DIGEST_BYTES):
            line.sendall(sign_digest(key, digests[at : at + DIGEST_BYTES]))


if __name__ == "__main__":
    with contextlib.suppress(EOFError, OSError), socket.socket(fileno=sys.stdin.fileno()) as standard_input:
        serve(standard_input)
