"""The two sinks that senders are measured against: ours, in C if it can be compiled, and Postfix's smtp-sink.

Either is started anew for each measurement, so that what it counted and what it
cost belong to one sender.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.bench.sink import ROOT, Tally
from tests.bench.tools import VAR, Postfix

SOURCE = Path(__file__).parent / "sink.c"
LOOK = 0.002  # seconds between two looks at what smtp-sink has counted
START_TIMEOUT = 10.0  # seconds
_COUNT = re.compile(rb"mesg=(\d+)")


@dataclass(slots=True)
class Serving:
    """A sink at work.  ``tally`` and ``cpu_s`` are there when it has ended."""

    port: int
    tally: Tally = field(default_factory=Tally)
    cpu_s: float = 0.0


class Sinks(Protocol):
    """A kind of sink."""

    name: str

    def serve(self) -> contextlib.AbstractContextManager[Serving]:
        """Run one until the block ends."""
        ...


class FastSink:
    """Ours.  Each reply is held back for ``delay_ms``."""

    def __init__(self, delay_ms: float = 0) -> None:
        self._delay_ms = delay_ms
        compiled = _compiled()
        self._command = [str(compiled)] if compiled else [sys.executable, "-m", "tests.bench.sink"]
        self.name = "our sink in C" if compiled else "our sink in Python, since the one in C cannot be compiled"
        if delay_ms:
            self.name += f", each reply {delay_ms:g} ms late"

    @contextlib.contextmanager
    def serve(self) -> Iterator[Serving]:
        process = subprocess.Popen(
            [*self._command, str(self._delay_ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdin
        assert process.stdout
        with process.stdin, process.stdout:
            serving = Serving(int(process.stdout.readline()))
            try:
                yield serving
            finally:
                process.stdin.close()
                said = process.stdout.read()
                serving.cpu_s = waited(process)
            serving.tally = Tally(**json.loads(said))


class PostfixSink:
    """smtp-sink.  It counts on its standard output and notes no times: these are when its count was seen to move."""

    name = "Postfix's smtp-sink"

    def __init__(self, postfix: Postfix) -> None:
        self._postfix = postfix

    @contextlib.contextmanager
    def serve(self) -> Iterator[Serving]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
        command = [str(self._postfix.sink), *user, "-c", "-m", "1000", f"inet:127.0.0.1:{port}", "1024"]
        with tempfile.NamedTemporaryFile() as counts:
            process = subprocess.Popen(command, stdout=counts, env=self._postfix.environment)
            watch = _Watch(Path(counts.name))
            try:
                _wait_for(port)
                watch.thread.start()
                serving = Serving(port, watch.tally)
                yield serving
            finally:
                process.terminate()
                cpu_s = waited(process)
                watch.stop()
            serving.cpu_s = cpu_s


class _Watch:
    """Follows the counts of smtp-sink."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stopped = threading.Event()
        self.tally = Tally()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        size = 0
        while not self._stopped.wait(LOOK):
            if self._file.stat().st_size != size:
                size = self._file.stat().st_size
                self._read()

    def _read(self) -> None:
        with self._file.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 200))
            found = _COUNT.findall(file.read())
        messages = int(found[-1]) if found else 0
        if messages > self.tally.messages:
            self.tally.messages, self.tally.ended = messages, time.perf_counter()
            self.tally.started = self.tally.started or self.tally.ended

    def stop(self) -> None:
        self._stopped.set()
        if self.thread.is_alive():
            self.thread.join()
        self._read()


def waited(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> float:
    """Wait for the end of a process; the seconds of processor that it and its children took."""
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _wait_for(port: int) -> None:
    """Until somebody listens."""
    until = time.monotonic() + START_TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _compiled() -> Path | None:
    """The program made of ``sink.c``; None where it cannot be made."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return None
    program = VAR / "sink"
    if not program.is_file() or program.stat().st_mtime < SOURCE.stat().st_mtime:
        VAR.mkdir(parents=True, exist_ok=True)
        command = [compiler, "-O3", "-o", str(program), str(SOURCE)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None  # a system other than Linux, or a compiler without headers
    return program
