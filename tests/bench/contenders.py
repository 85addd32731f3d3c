"""Who is compared: how each is run against a sink, and what it reports.

A contender says when it began and ended, and what processor it took between.
What it does not say is taken from outside: of ours, the beginning is the first
connection that the sink saw; of smtp-source, which starts in some milliseconds,
all is that of the whole process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.letter import SCRIPT, SIGNING, LetterFolder, check_size
from tests.bench.sink import ROOT
from tests.bench.sinks import Sinks, waited
from tests.bench.tools import VAR, Node, Postfix

TIMEOUT = 900.0  # seconds for one run; one that hangs must say so


class FailedError(Exception):
    """A contender did not do what it was to do."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a run has to do."""

    port: int
    messages: int
    connections: int
    warm_up: int  # messages before, of which no time is taken


@dataclass(frozen=True, slots=True)
class Said:
    """What a contender says of its run; None where it does not know when it began."""

    started: float | None
    ended: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: messages a second, and microseconds of processor a message of sender and sink."""

    rate: float
    sender_us: float
    sink_us: float


@dataclass(frozen=True, slots=True)
class Contender:
    """One of those that are compared.

    It sends ``share`` times as many messages as were asked for: more if it is so
    fast that its start would count, fewer if it is so slow that all would wait.
    """

    name: str
    run: Callable[[Job], Said]
    share: float = 1.0
    warm_up: float = 0.0  # as a share of the messages that were asked for


OURS = "ours, RSA-2048"
OURS_ONE = "ours, RSA-2048, on one core"
OURS_TWO = "ours, RSA-2048, --workers 2"
OURS_PLAIN = "ours, no DKIM"
OURS_PLAIN_TWO = "ours, no DKIM, --workers 2"
NODE_RAW = "nodemailer, prebuilt"
NODE_DKIM = "nodemailer, composing, RSA-2048"
SMTPLIB = "smtplib, 20 threads, prebuilt"
AIOSMTPLIB = "aiosmtplib, prebuilt"
SMTP_SOURCE = "smtp-source"


def contenders(letter: LetterFolder, node: Node | None, postfix: Postfix | None) -> list[Contender]:
    """All that can be run here."""
    found = [Contender(OURS, _ours(letter, dkim=True), share=2)]
    if hasattr(os, "sched_setaffinity"):
        found.append(Contender(OURS_ONE, _ours(letter, dkim=True, cores=1)))
    found += [
        Contender(OURS_TWO, _ours(letter, dkim=True, workers=2), share=4),
        Contender(OURS_PLAIN, _ours(letter, dkim=False), share=2),
        Contender(OURS_PLAIN_TWO, _ours(letter, dkim=False, workers=2), share=4),
    ]
    if node is not None:
        found.append(Contender(NODE_RAW, _nodemailer(letter, node, "raw"), warm_up=0.4))
        found.append(Contender(NODE_DKIM, _nodemailer(letter, node, "compose"), share=0.25, warm_up=0.2))
    found.append(Contender(SMTPLIB, _plain(letter, "smtplib")))
    found.append(Contender(AIOSMTPLIB, _plain(letter, "aiosmtplib")))
    if postfix is not None:
        found.append(Contender(SMTP_SOURCE, _smtp_source(letter, postfix), share=4))
    return found


def measured(contender: Contender, sinks: Sinks, messages: int, connections: int, letter: LetterFolder) -> Measured:
    """One run, checked to have delivered everything.  Raises FailedError if it has not, UnfairError."""
    number, warm_up = int(messages * contender.share), int(messages * contender.warm_up)
    with sinks.serve() as serving:
        said = contender.run(Job(serving.port, number, connections, warm_up))
    tally = serving.tally
    if tally.messages != number + warm_up:
        raise FailedError(f"{contender.name}: {number + warm_up:,} messages were to come, and {tally.messages:,} came")
    if tally.bytes:
        check_size(contender.name, tally.bytes / tally.messages, letter)
    started = said.started or tally.started
    assert started is not None
    rate = number / (said.ended - started)
    return Measured(rate, said.cpu_s / number * 1e6, serving.cpu_s / tally.messages * 1e6)


def _ours(letter: LetterFolder, *, dkim: bool, workers: int = 1, cores: int = 0) -> Callable[[Job], Said]:
    def run(job: Job) -> Said:
        # Below var/, since a database in memory, as /tmp may be, waits for no disk.
        with tempfile.TemporaryDirectory(dir=VAR, prefix="campaign-") as name:
            workspace = Path(name) / "workspace"
            shutil.copytree(letter.path / "workspace", workspace)
            numbers = [str(number) for number in (job.messages, job.port, job.connections, workers, cores)]
            environment = {**os.environ, **(SIGNING if dkim else {})}
            # As where it is installed: more processes than one would each compile everything anew.
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            return _said([sys.executable, "-m", "tests.bench.ours", str(workspace), *numbers], environment)

    return run


def _nodemailer(letter: LetterFolder, node: Node, mode: str) -> Callable[[Job], Said]:
    def run(job: Job) -> Said:
        numbers = [str(number) for number in (job.port, job.messages, job.connections, job.warm_up)]
        return _said([node.program, str(SCRIPT), mode, str(letter.path), *numbers], node.environment)

    return run


def _plain(letter: LetterFolder, way: str) -> Callable[[Job], Said]:
    def run(job: Job) -> Said:
        numbers = [str(number) for number in (job.port, job.messages, job.connections)]
        command = [sys.executable, "-m", "tests.bench.plain", way, str(letter.message), *numbers]
        return _said(command, os.environ)

    return run


def _smtp_source(letter: LetterFolder, postfix: Postfix) -> Callable[[Job], Said]:
    def run(job: Job) -> Said:
        options = ["-d", "-s", str(job.connections), "-m", str(job.messages), "-l", str(letter.size)]
        who = ["-M", "example.org", "-f", "bounces@example.org", "-t", "reader@example.org"]
        command = [str(postfix.source), *options, *who, f"127.0.0.1:{job.port}"]
        started = time.perf_counter()
        process = subprocess.Popen(command, env=postfix.environment)
        alarm = threading.Timer(TIMEOUT, process.kill)
        alarm.start()
        cpu_s = waited(process)
        ended = time.perf_counter()
        alarm.cancel()
        if process.returncode:
            raise FailedError(f"{SMTP_SOURCE} ended with {process.returncode}")
        return Said(started, ended, cpu_s)

    return run


def _said(command: list[str], environment: Mapping[str, str]) -> Said:
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    if done.returncode:
        raise FailedError(f"'{' '.join(command)}' ended with {done.returncode}:\n{done.stderr}")
    report = json.loads(done.stdout.splitlines()[-1])
    return Said(report.get("started"), report["ended"], report["cpu_s"])
