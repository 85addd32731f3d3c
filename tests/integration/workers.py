"""What the tests of workers have in common: workers as processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.integration import short_lease
from tests.integration.conftest import Space

LEASE = 3.0  # seconds, instead of 90
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class WorkerProcess:
    """One worker, and what it logs."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.splitlines() if line.endswith("}")]

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, as systemd does; it must end well."""
        self.send(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.log

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


def start_worker(space: Space, *args: str, lease: float = LEASE, chunk: int = 100) -> WorkerProcess:
    """A worker of the workspace, with its log in a file."""
    number = len(list(space.root.glob("worker-*.log")))
    log_file = space.root / f"worker-{number}.log"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NEWSLETTER_")}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, short_lease.__file__, "worker", *args],
            cwd=space.root,
            env={**clean, "LEASE": str(lease), "CHUNK": str(chunk), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    return WorkerProcess(process, log_file)


@contextlib.contextmanager
def worker(space: Space, *args: str, chunk: int = 100) -> Iterator[WorkerProcess]:
    """A worker that is asked to end when the block is left."""
    started = start_worker(space, *args, chunk=chunk)
    try:
        yield started
        if started.process.poll() is None:
            started.stop()
    finally:
        started.kill()
