"""Signatures for a long run, made on another core: an RSA signature takes as long as all the rest of a message.

Threads do not help, since the interpreter's lock is held while the library
signs.  So a process of its own has the key and answers each digest with a
signature, in the order in which they came.  It is an aid only: when it dies,
the run signs by itself.

What goes over the pair of sockets: the length of the key in four octets, the
key as PKCS #8 in DER, then digests of 32 octets; back come signatures, each as
long as the key's modulus (RFC 8017 §8.2.1).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator
from typing import cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletter.adapters import signing_process
from newsletter.adapters.dkim import DkimSigner, sign_digest
from newsletter.delivery.message import Message
from newsletter.delivery.writer import Sign

# The share of the connections that wait for the process; with more, this core would soon have nothing else to do.
MOST_WAITING = 0.7
GOODBYE = 5.0  # seconds for the process to end once its socket is closed


@contextlib.asynccontextmanager
async def signing(signer: DkimSigner | None, connections: int, *, apart: bool) -> AsyncIterator[Sign | None]:
    """How to sign during one run; None without a signer.

    With ``apart`` in a process of its own, if the key is RSA and this machine
    has a second core for it.
    """
    if signer is None:
        yield None
    elif apart and isinstance(signer.key, rsa.RSAPrivateKey) and _cores() > 1:
        async with _process(signer.key, connections) as helper:

            async def sign(message: Message, now: dt.datetime) -> Message:
                unsigned = signer.prepare(message, now)
                return unsigned.signed(await helper.sign(unsigned.digest))

            yield sign
    else:

        async def sign_here(message: Message, now: dt.datetime) -> Message:
            return signer.sign(message, now)

        yield sign_here


def _cores() -> int:
    """How many cores this process may use; 1 where processes cannot be given a socket."""
    if os.name != "posix":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.asynccontextmanager
async def _process(key: rsa.RSAPrivateKey, connections: int) -> AsyncIterator[_Helper]:
    helper = _Helper(key, max(1, int(MOST_WAITING * connections)))
    ours, its = socket.socketpair()
    with its:
        try:
            # In a session of its own: Ctrl-C is for the run, which still has to sign what is under way.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", signing_process.__name__,
                stdin=its.fileno(), stdout=its.fileno(), stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError:  # no more processes: the run does it alone
            ours.close()
            yield helper
            return
    transport, _helper = await asyncio.get_running_loop().create_connection(lambda: helper, sock=ours)
    try:
        yield helper
    finally:
        transport.abort()
        try:
            await asyncio.wait_for(process.wait(), GOODBYE)
        except TimeoutError:
            process.kill()
            await process.wait()


class _Helper(asyncio.Protocol):
    """The process, as the run sees it."""

    def __init__(self, key: rsa.RSAPrivateKey, most: int) -> None:
        self._key = key
        self._most = most  # signatures that it may owe
        self._size = (key.key_size + 7) // 8
        self._transport: asyncio.Transport | None = None
        self._at_work = False  # it takes a while to start
        self._rest = b""
        self._asked: deque[tuple[bytes, asyncio.Future[bytes]]] = deque()

    async def sign(self, digest: bytes) -> bytes:
        """The signature of a SHA-256."""
        if self._transport is None or len(self._asked) >= (self._most if self._at_work else 1):
            return sign_digest(self._key, digest)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked.append((digest, future))
        self._transport.write(digest)
        return await future

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key = self._key.private_bytes(serialization.Encoding.DER, form, plain)
        self._transport.write(len(key).to_bytes(signing_process.LENGTH_BYTES, "big") + key)

    def data_received(self, data: bytes) -> None:
        self._at_work = True
        data = self._rest + data
        whole = len(data) - len(data) % self._size
        for at in range(0, whole, self._size):
            _digest, future = self._asked.popleft()
            _settle(future, data[at : at + self._size])
        self._rest = data[whole:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        while self._asked:
            digest, future = self._asked.popleft()
            _settle(future, sign_digest(self._key, digest))


def _settle(future: asyncio.Future[bytes], signature: bytes) -> None:
    if not future.done():  # it was cancelled with its task
        future.set_result(signature)
