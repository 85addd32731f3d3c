"""Signatures that a process of its own makes: the same as ours, and made even if that process is gone."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from newsletter.adapters import signing, signing_process
from newsletter.adapters.dkim import DkimSigner, PrivateKey
from newsletter.delivery.message import Message
from tests.integration.waiting import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for the process in /proc")
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signer(key: PrivateKey = RSA) -> DkimSigner:
    return DkimSigner("example.org", "s1", key)


def message(number: int) -> Message:
    return Message.of(f"From: news@example.org\r\nTo: r{number}@example.org\r\n\r\nHello {number}\r\n".encode())


def processes() -> list[int]:
    """Those of this process that sign."""
    children = [
        int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
    ]
    found = []
    for pid in children:
        with contextlib.suppress(FileNotFoundError):
            if signing_process.__name__ in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
    return found


def started() -> list[int]:
    """The same, once there is one: /proc may miss a child while others come and go (proc(5))."""
    wait_until(lambda: bool(processes()))
    return processes()


def signed_apart(
    key: PrivateKey = RSA, midway: Callable[[], object] = lambda: None, number: int = 200
) -> list[Message]:
    """Many messages signed at the same time, with something done in the middle of it."""

    async def run() -> list[Message]:
        async with signing.signing(signer(key), 20, apart=True) as sign:
            assert sign is not None
            every = [asyncio.ensure_future(sign(message(n), NOW)) for n in range(number)]
            await every[number // 4]
            midway()
            return await asyncio.gather(*every, *(sign(message(n), NOW) for n in range(number, number + 3)))

    return asyncio.run(run())


def test_a_process_signs_as_the_signer_itself_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_cores", lambda: 2)
    seen: list[int] = []
    signed = signed_apart(midway=lambda: seen.extend(started()))
    assert signed == [signer().sign(message(n), NOW) for n in range(203)]  # PKCS #1 v1.5 has no random part
    assert len(seen) == 1, "there was a process"
    assert not processes(), "it ended with the run"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_signs_by_itself_when_its_process_dies(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    monkeypatch.setattr(signing, "_cores", lambda: 2)
    killed: list[int] = []

    def kill() -> None:
        for pid in started():
            os.kill(pid, number)
            killed.append(pid)

    signed = signed_apart(midway=kill)
    assert killed
    assert signed == [signer().sign(message(n), NOW) for n in range(203)]
    assert not processes()


def test_ctrl_c_is_not_for_the_process_that_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_cores", lambda: 2)
    sessions: list[int] = []
    signed_apart(midway=lambda: sessions.extend(os.getsid(pid) for pid in started()), number=8)
    assert sessions
    assert os.getsid(0) not in sessions


def test_a_run_signs_by_itself_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_cores", lambda: 2)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert signed_apart(number=8) == [signer().sign(message(n), NOW) for n in range(11)]


@pytest.mark.parametrize(("key", "cores"), [(RSA, 1), (ed25519.Ed25519PrivateKey.generate(), 2)])
def test_one_core_or_a_quick_key_needs_no_process(monkeypatch: pytest.MonkeyPatch, key: PrivateKey, cores: int) -> None:
    monkeypatch.setattr(signing, "_cores", lambda: cores)
    seen: list[int] = []
    signed = signed_apart(key, midway=lambda: seen.extend(processes()), number=8)
    assert signed == [signer(key).sign(message(n), NOW) for n in range(11)]
    assert not seen
