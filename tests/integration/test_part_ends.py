"""The two ends of the line between a sending and one of its parts: what each makes of another that is gone or broken.

A test plays the parent of a real ``send-part``, or gives a parent parts that are no more than a line of shell.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from newsletter.cli import lock
from newsletter.cli.loop import run
from newsletter.cli.parts import deliver_in_parts
from newsletter.delivery.branch import HeadOffice
from newsletter.delivery.states import State
from newsletter.errors import StoreError
from tests.integration.conftest import People, Space
from tests.integration.faults import children
from tests.integration.records import ask
from tests.integration.servers import Inbox, Script, real_server, scripted_server
from tests.integration.waiting import wait_until
from tests.unit.claims import Ledger, claim

TOKEN = "abc"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="no process listens to its parent's pipe there")

# A part.  It asks for one message, and says what is given after that.
ASKS = """echo '{"want": 1, "results": [], "done": false}'\nread given\n"""


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Ledger]:
    """Deliver one message by one part, which is this script of a shell; the ledger afterwards."""

    def deliver(script: str) -> Ledger:
        program = tmp_path / "part"
        if script:
            program.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
            program.chmod(0o755)
        monkeypatch.setattr("newsletter.cli.parts.sys", SimpleNamespace(executable=str(program)))
        ledger = Ledger(claim(1))

        async def work() -> None:
            office = HeadOffice(ledger)
            await deliver_in_parts(tmp_path, ["1", TOKEN], office, 1, 1, lambda _result: None)

        run(asyncio.wait_for(work(), 30))
        return ledger

    return deliver


@pytest.mark.parametrize(
    "said",
    ['{"want": 0, "resul', '{"want": 0, "results": [[1, "accepted", "250", false, false, false]], "done": true}'],
)
def test_a_line_that_a_part_did_not_finish_counts_for_nothing(
    parts: Callable[[str], Ledger], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = parts(f"{ASKS}printf %s '{said}'\nkill -9 $$")
    assert [result.outcome.state for result in ledger.results] == [State.IN_DOUBT]
    assert "ended with -9; what it held is in doubt" in capsys.readouterr().err


def test_what_is_given_to_a_part_that_does_not_listen_any_more_is_in_doubt(
    parts: Callable[[str], Ledger],
) -> None:
    """It asks again, so that the second answer finds its pipe closed."""
    more = """echo '{"want": 1, "results": [], "done": false}'\n"""
    ledger = parts(f"exec <&-\n{more}sleep 0.2\n{more}sleep 0.2\n{more}sleep 0.2\n")
    assert [result.outcome.state for result in ledger.results] == [State.IN_DOUBT]


def test_a_part_that_cannot_be_started_ends_the_sending_in_words(
    parts: Callable[[str], Ledger], capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(parts("").pending) == 1
    assert "could not be started: No such file" in capsys.readouterr().err


@contextmanager
def child(space: Space, inbox: Inbox, people: People) -> Iterator[subprocess.Popen[bytes]]:
    """A real part of a run that has two rows under way; we are its parent."""
    people(2)
    space.set("smtp", port=inbox.port, connections=2)
    space.run("send", "june", "-s", "everybody", "--yes", "--queue")
    ask(space, f"update deliveries set state = 'sending', claim = '{TOKEN}', attempts = 1")
    command = [sys.executable, "-m", "newsletter", "send-part", "1", TOKEN, "2", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=space.root, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout
        wanted = 0
        while wanted < 2:
            wanted += json.loads(process.stdout.readline())["want"]
        yield process


def given(person: int, ref: str, email: str, edition: int) -> str:
    """What a parent says that gives a claim."""
    claims = [[person, ref, email, "Ana", "Ana", edition, 1, "2026-01-01T00:00:00+00:00", "", 0.0]]
    return json.dumps({"claims": claims, "stored": [], "lease_ends": 1e12, "stopping": False}) + "\n"


def say(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin
    process.stdin.write(text.encode())
    process.stdin.flush()


@pytest.mark.parametrize(("said", "code"), [('{"claims": [], "stor', 0), ("nonsense\n", 70)])
def test_a_part_ends_well_within_a_line_of_its_parent_and_tells_of_nonsense(
    space: Space, people: People, said: str, code: int
) -> None:
    with real_server() as inbox, child(space, inbox, people) as process:
        say(process, said)
        _out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert b"Traceback" not in err


def test_a_part_whose_parent_is_gone_stores_what_became_of_its_messages(space: Space, people: People) -> None:
    with scripted_server(Script(delay=0.2)) as inbox, child(space, inbox, people) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.close()  # so that it cannot even report
        for person in ask(
            space, "select id, ref, email, edition_id from subscribers join deliveries on id = subscriber_id"
        ):
            say(process, given(*person))
            time.sleep(0.3)  # under uvloop, the second report finds the pipe closed
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stderr
        assert process.stderr.read() == b""
    assert ask(space, "select state, claim from deliveries") == [("accepted", None)] * 2


def test_ctrl_c_on_a_terminal_reaches_no_part_that_is_starting(space: Space, people: People) -> None:
    people(40)
    with scripted_server(Script(delay=0.02)) as inbox:
        space.set("smtp", port=inbox.port, connections=2)
        command = [sys.executable, "-m", "newsletter", "send", "june", "-s", "everybody", "--yes", "--workers", "2"]
        with subprocess.Popen(
            command, cwd=space.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        ) as process:  # fmt: skip
            wait_until(lambda: len([part for part in children(process.pid) if begun(part)]) == 2)
            os.killpg(process.pid, signal.SIGINT)
            _out, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "warning" not in err, "no part died of it"
    assert "Traceback" not in err


def begun(process: int) -> bool:
    """Whether it is a part already, and not a copy of its parent."""
    return b"send-part" in Path(f"/proc/{process}/cmdline").read_bytes()


@pytest.mark.parametrize("name", ["news.db", "news[1].db"])
@pytest.mark.parametrize("from_link", [True, False])
def test_a_sending_waits_for_the_parts_of_a_database_by_whatever_name(
    tmp_path: Path, name: str, from_link: bool
) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / name, tmp_path / "elsewhere" / "link.db"
    real.touch()
    link.symlink_to(real)
    with lock.part_run(real, 3), lock.part_run(real, 4):
        for patience in (0.0, 0.3):
            began = time.monotonic()
            with pytest.raises(StoreError), lock.only_run(link if from_link else real, patience):
                pass
            assert patience <= time.monotonic() - began < patience + 0.25, "for all of them together"
    with lock.only_run(link if from_link else real):
        pass
