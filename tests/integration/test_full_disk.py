"""A disk that is full, at any moment: staff are told in words, nothing is half done, and the same command goes on."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.conftest import People, Space
from tests.integration.faults import SEND, MailServer, SmallDisk, can_mount, meanwhile, reckon, small_disk
from tests.integration.postgres import USER, Postgres
from tests.integration.records import ask
from tests.integration.waiting import wait_until

CONNECTIONS = 10
needs_mount = pytest.mark.skipif(not can_mount(), reason="needs root, to mount a small disk")


@pytest.fixture
def disk(space: Space) -> Iterator[SmallDisk]:
    """The workspace's database on a small disk of its own."""
    with small_disk(space.root / "var", "16m") as disk:
        yield disk


@needs_mount
def test_a_disk_that_fills_up_during_a_run_costs_nobody_anything(space: Space, people: People, disk: SmallDisk) -> None:
    people(600)
    with MailServer(delay=0.02) as server:
        space.set("smtp", port=server.port, connections=CONNECTIONS)
        run = space.start(*SEND)
        wait_until(lambda: len(server.inbox.messages) > 50)
        disk.fill()
        _out, err = run.communicate(timeout=60)
        assert run.returncode == 2, err
        assert "Traceback" not in err
        assert "is the disk full" in err
        held = reckon(space, server.inbox, 600)["sending"]
        assert held <= CONNECTIONS, "at most one message per open connection is under way"
        full = space.run(*SEND, code=2)
        assert "is the disk full" in full.stderr
        disk.free()
        space.run(*SEND, code=3 if held else 0)
    assert reckon(space, server.inbox, 600) == (
        {"accepted": 600 - held, "in_doubt": held} if held else {"accepted": 600}
    )


@needs_mount
def test_a_disk_that_is_full_when_the_list_is_imported_takes_none_of_it(space: Space, disk: SmallDisk) -> None:
    space.run("segments", "count")
    disk.fill(but=100_000)
    rows = [f"reader{n}@example.org,Reader{n} Chase,en,supporter," for n in range(3000)]
    space.write_list(*rows)
    done = space.run("subscribers", "import", "list.csv", code=2)
    assert "is the disk full" in done.stderr
    assert ask(space, "select count(*) from subscribers") == [(0,)]
    disk.free()
    assert "3000 added" in space.run("subscribers", "import", "list.csv").stdout


@needs_mount
@pytest.mark.parametrize("room", [0, 4096, 60_000])
def test_a_disk_that_is_full_when_a_campaign_is_frozen_leaves_no_half_of_it(
    space: Space, people: People, disk: SmallDisk, room: int
) -> None:
    people(600)
    disk.fill(but=room)
    with MailServer() as server:
        space.set("smtp", port=server.port, connections=CONNECTIONS)
        done = space.run(*SEND, code=2)
        assert "hint: " in done.stderr
        assert not server.inbox.messages
        disk.free()
        assert ask(space, "select (select count(*) from campaigns) + (select count(*) from deliveries)") == [(0,)]
        space.run(*SEND)
    assert reckon(space, server.inbox, 600) == {"accepted": 600}


@needs_mount
def test_a_new_workspace_on_a_full_disk_begins_when_there_is_room(space: Space, disk: SmallDisk) -> None:
    disk.fill()
    done = space.run("segments", "count", code=2)
    assert "is the disk full" in done.stderr
    disk.free()
    space.run("segments", "count")


@needs_mount
def test_a_key_that_finds_no_room_is_made_the_next_time(space: Space, people: People) -> None:
    space.replace("secret_key_file", "keys/secret.key")
    with small_disk(space.root / "keys", "64k") as disk, MailServer() as server:
        space.set("smtp", port=server.port)
        disk.fill()
        list_file = str(space.write_list("ana@example.org,Ana,es,supporter,"))
        assert "No space left" in space.run("subscribers", "import", list_file, code=2).stderr
        disk.free()
        people(3)
        space.run(*SEND)
        assert reckon(space, server.inbox, 3) == {"accepted": 3}


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
del sys.argv[1]
runpy.run_module("newsletter", run_name="__main__", alter_sys=True)
"""


def test_a_file_that_may_not_grow_ends_a_run_in_words(space: Space, people: People) -> None:
    """As where a quota is used up; needs no root."""
    people(400)
    most = (space.root / "var" / "newsletter.db").stat().st_size + 400_000
    with MailServer(delay=0.005) as server:
        space.set("smtp", port=server.port, connections=CONNECTIONS)
        command = [sys.executable, "-c", LIMITED, str(most), *SEND]
        run = subprocess.run(command, cwd=space.root, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 2, run.stderr
        assert "Traceback" not in run.stderr
        assert "hint: is the disk full" in run.stderr
        assert server.inbox.messages
        held = reckon(space, server.inbox, 400)["sending"]
        assert held <= CONNECTIONS, "at most one message per open connection is under way"
        space.run(*SEND, code=3 if held else 0)
        reckon(space, server.inbox, 400)


class SmallPostgres(Postgres):
    """A server whose data lie on a small disk."""

    def make_data_folder(self) -> None:
        super().make_data_folder()
        self._stack = contextlib.ExitStack()
        self.disk = self._stack.enter_context(small_disk(self.data, "110m"))
        if USER:
            shutil.chown(self.data, USER)

    def close(self) -> None:
        if self.running:
            self.kill()
        self._stack.close()
        shutil.rmtree(self.folder)


@needs_mount
@pytest.mark.parametrize(
    ("folder", "command"),
    [("issues", ("new", "july")), ("locales", ("i18n", "sync")), ("locales", ("i18n", "approve"))],
)
def test_a_disk_that_is_full_when_staff_write_is_told_and_the_same_command_goes_on(
    space: Space, folder: str, command: tuple[str, ...]
) -> None:
    if command[-1] == "approve":
        command = (*command, "june", "--locale", "en")
    with small_disk(space.root / folder, "1m") as disk:
        disk.fill()
        done = space.run(*command, code=2)
        assert "No space left on device" in done.stderr
        assert "make room on the disk; then run the same command again" in done.stderr
        disk.free()
        space.run(*command)


@needs_mount
@pytest.mark.parametrize("journal", [False, True], ids=["of the tables", "of the journal"])
def test_a_database_server_whose_disk_fills_up_during_a_run_costs_nobody_anything(
    space: Space, people: People, monkeypatch: pytest.MonkeyPatch, journal: bool
) -> None:
    monkeypatch.setattr("newsletter.delivery.desk.LEDGER_AWAY", 0.3)
    with contextlib.closing(SmallPostgres()) as postgres, MailServer(delay=0.02) as server:
        space.replace("database", postgres.new_database())
        people(600)
        space.set("smtp", port=server.port, connections=CONNECTIONS)

        def fill() -> None:
            wait_until(lambda: len(server.inbox.messages) > 50)
            postgres.disk.fill()
            if journal:  # what there is of it has room for more than this run
                with contextlib.suppress(psycopg.OperationalError):
                    ask(space, "select pg_switch_wal()")

        with meanwhile(fill):
            done = space.run(*SEND, code=2)
        assert ("the database server cannot be reached" if journal else "is the disk full") in done.stderr
        postgres.disk.free()
        if postgres.running:
            postgres.kill()
        postgres.start()
        held = reckon(space, server.inbox, 600)["sending"]
        assert held <= CONNECTIONS, "at most one message per open connection is under way"
        ask(space, "update runs set expires_at = '2000-01-01'")
        space.run(*SEND, code=3 if held else 0)
        reckon(space, server.inbox, 600)
