"""``newsletter bounces pipe``, ``read`` and ``report``, as a mail server and as staff call them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.integration.conftest import Space
from tests.integration.records import ask
from tests.integration.scenes import another_issue
from tests.integration.servers import real_server, unused_port
from tests.unit.returned import plain, recipient, status_report

PERSON = b"From: ana@example.org\r\nSubject: Gracias\r\n\r\nNos vemos.\r\n"
TRY_LATER = 75  # EX_TEMPFAIL


def pipe(space: Space, data: bytes, *args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command with a mail on its standard input."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NEWSLETTER_")}
    command = [sys.executable, "-m", "newsletter", "bounces", "pipe", *args]
    return subprocess.run(
        command, input=data, cwd=space.root, env={**clean, **environment}, capture_output=True, check=False
    )


@pytest.fixture
def sent(space: Space, people: Callable[[int], None]) -> dict[str, str]:
    """A campaign to two people with a sender for each envelope; the envelope senders by recipient."""
    people(2)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.set("sender", verp=True)
        space.run("send", "june", "-s", "everybody", "--yes")
    return {to: by for by, to, _data in inbox.messages}


def status_of(space: Space, address: str) -> object:
    found = space.json("subscribers", "show", address)
    assert isinstance(found, dict)
    return found["status"]


def report_about(address: str, to: str = "bounces@example.org", returned: str = "Subject: News\r\n") -> bytes:
    return status_report(recipient("550 5.1.1 User unknown", address=address), to=to, returned=returned)


@pytest.mark.parametrize("by", ["option", "environment"])
def test_pipe_takes_the_token_from_where_the_mail_server_tells_it(space: Space, sent: dict[str, str], by: str) -> None:
    envelope = sent["reader1@example.org"]
    data = report_about("reader1@example.org", to="someone@example.org")
    done = pipe(
        space,
        data,
        *(["--recipient", envelope] if by == "option" else []),
        **({"ORIGINAL_RECIPIENT": envelope} if by == "environment" else {}),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert status_of(space, "reader1@example.org") == "bounced"
    assert not (space.root / "var" / "returned").exists()


def test_pipe_keeps_what_a_person_wrote_for_people(space: Space, sent: dict[str, str]) -> None:
    assert pipe(space, PERSON).returncode == 0
    (file,) = (space.root / "var" / "returned").iterdir()
    assert file.read_bytes() == PERSON
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_pipe_lets_the_mail_server_try_again_while_something_is_wrong(space: Space, sent: dict[str, str]) -> None:
    key = space.root / "var" / "secret.key"
    text = key.read_text()
    key.unlink()
    done = pipe(space, report_about("reader1@example.org", to=sent["reader1@example.org"]))
    assert done.returncode == TRY_LATER
    assert b"secret key" in done.stderr
    key.write_text(text)
    (space.root / "var" / "returned").write_text("in the way")
    assert pipe(space, PERSON).returncode == TRY_LATER


def test_pipe_lets_the_mail_server_try_again_while_the_database_is_not_there(
    space: Space, sent: dict[str, str]
) -> None:
    var, away = space.root / "var", space.root / "away"
    data = report_about("reader1@example.org", to=sent["reader1@example.org"])
    var.rename(away)
    done = pipe(space, data)
    assert done.returncode == TRY_LATER
    assert b"there is no database var/newsletter.db" in done.stderr
    (space.root / "returned").mkdir()
    assert "there is no database" in space.run("bounces", "read", "returned", code=2).stderr
    assert not var.exists(), "no new database was made, in which nobody is known"
    away.rename(var)
    assert pipe(space, data).returncode == 0
    assert status_of(space, "reader1@example.org") == "bounced"


def test_pipe_lets_the_mail_server_try_again_while_the_database_is_locked(space: Space, sent: dict[str, str]) -> None:
    impatient = (
        "import newsletter.store.database as database; database.BUSY_TIMEOUT = 200;"
        "import newsletter.cli.main as program; program.main()"
    )
    data = report_about("reader1@example.org", to=sent["reader1@example.org"])
    with contextlib.closing(sqlite3.connect(space.root / "var" / "newsletter.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        command = [sys.executable, "-c", impatient, "bounces", "pipe"]
        done = subprocess.run(command, input=data, cwd=space.root, capture_output=True, check=False)
    assert done.returncode == TRY_LATER
    assert b"locked" in done.stderr
    assert pipe(space, data).returncode == 0
    assert status_of(space, "reader1@example.org") == "bounced"


def test_pipe_lets_the_mail_server_try_again_while_the_database_server_is_away(space: Space) -> None:
    space.replace("database", f"postgresql://news@127.0.0.1:{unused_port()}/news")
    done = pipe(space, PERSON)
    assert done.returncode == TRY_LATER
    assert b"cannot be reached" in done.stderr


def test_read_tells_what_the_files_of_a_folder_say(space: Space, sent: dict[str, str]) -> None:
    folder = space.root / "mails"
    folder.mkdir()
    (folder / "1.eml").write_bytes(report_about("reader1@example.org", to=sent["reader1@example.org"]))
    (folder / "2.eml").write_bytes(PERSON)
    (folder / "3.eml").write_bytes(plain("I am away.", sender="ana@example.org", Subject="Automatic reply: News"))
    shown = space.run("bounces", "read", "mails").stdout
    assert shown.splitlines() == [
        "3 read: 1 hard",
        "1 person will not be written to again",
        "2 left where they are: from people, or about mail that is not ours",
    ]
    assert "1 had been counted before" in space.run("bounces", "read", "mails").stdout


def test_read_of_no_folder_is_a_wrong_call(space: Space) -> None:
    assert "there is no folder" in space.run("bounces", "read", "nowhere", code=2).stderr


def test_report_shows_campaigns_and_then_one_by_language_and_domain(space: Space, sent: dict[str, str]) -> None:
    folder = space.root / "mails"
    folder.mkdir()
    (folder / "1.eml").write_bytes(report_about("reader1@example.org", to=sent["reader1@example.org"]))
    space.run("bounces", "read", "mails")
    (line,) = [line for line in space.run("bounces", "report").stdout.splitlines() if "june" in line]
    assert line.split() == ["1", "june", "1", "0", "1", "0", "0"]
    shown = space.run("bounces", "report", "1").stdout
    assert [line.split() for line in shown.splitlines() if line.startswith(("es ", "en ", "example.org"))] == [
        ["es", "0", "0", "1", "0", "0"],
        ["en", "1", "0", "0", "0", "0"],
        ["example.org", "1", "0", "1", "0", "0"],
    ]
    assert "no campaign" in space.run("bounces", "report", "7", code=2).stderr


def test_words_of_servers_are_stored_without_addresses(space: Space, sent: dict[str, str]) -> None:
    folder = space.root / "mails"
    folder.mkdir()
    (folder / "1.eml").write_bytes(
        status_report(
            recipient("550 5.1.1 <reader1@example.org>: reader1 unknown", address="reader1@example.org"),
            to=sent["reader1@example.org"],
        )
    )
    space.run("bounces", "read", "mails")
    assert ask(space, "select diagnostic, status from feedback") == [("550 5.1.1 <…>: … unknown", "5.1.1")]


def test_report_counts_the_erased_with_what_came_back_and_names_their_line(space: Space, sent: dict[str, str]) -> None:
    folder = space.root / "mails"
    folder.mkdir()
    blocked = recipient("554 5.7.1 blocked by a list", address="reader0@example.org")
    (folder / "0.eml").write_bytes(status_report(blocked, to=sent["reader0@example.org"]))
    (folder / "1.eml").write_bytes(report_about("reader1@example.org", to=sent["reader1@example.org"]))
    space.run("bounces", "read", "mails")
    before = space.json("bounces", "report", "1")
    for person in ("reader0@example.org", "reader1@example.org"):
        space.run("subscribers", "erase", person, "--yes")
    done = space.run("bounces", "report", "1")
    assert [line.split() for line in done.stdout.splitlines() if line.startswith(("en ", "es ", "erased"))] == [
        ["en", "0", "0", "0", "1", "0"],
        ["es", "0", "0", "1", "0", "0"],
        ["erased", "0", "0", "1", "1", "0"],
    ]
    assert "1 mail of campaign 1 was refused" in " ".join(done.stderr.split())
    assert "erased: once\n" in done.stderr
    after = space.json("bounces", "report", "1")
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert after["campaigns"][0]["languages"] == before["campaigns"][0]["languages"]


def test_show_tells_by_what_somebody_bounced(space: Space, sent: dict[str, str]) -> None:
    folder = space.root / "mails"
    folder.mkdir()
    (folder / "1.eml").write_bytes(report_about("reader1@example.org", to=sent["reader1@example.org"]))
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        for slug in ("july", "august"):
            another_issue(space, slug)
            space.run("send", slug, "-s", "everybody", "--yes")
        envelopes = [sent["reader0@example.org"], *(by for by, to, _ in inbox.messages if to == "reader0@example.org")]
    for number, to in enumerate(envelopes):
        full = recipient("452 4.2.2 mailbox full", address="reader0@example.org", status="4.2.2")
        (folder / f"full{number}.eml").write_bytes(status_report(full, to=to))
    space.run("bounces", "read", "mails")
    space.write_list("zoe@example.org,bounced", header="email,list_status")
    space.run("subscribers", "import", "list.csv")
    told = {
        "reader0": "their mail of several campaigns in a row came back, up to campaign 3; so they get no mail "
        "their server: 452 4.2.2 mailbox full",
        "reader1": "their mail of campaign 1 came back: there is no such mailbox; so they get no mail "
        "their server: 550 5.1.1 User unknown",
        "zoe": "the list by which they were added said so",
    }
    for name, words in told.items():
        shown = " ".join(space.run("subscribers", "show", f"{name}@example.org").stdout.split())
        assert f"bounced means here: {words}" in shown
        assert "resolve" not in shown, "that tries again what was refused at once, and nothing else"
        assert "they can join again with the form" in shown
    zoe = space.json("subscribers", "show", "zoe@example.org")
    assert isinstance(zoe, dict)
    assert (zoe["bounced_by"], zoe["bounced_in"]) == ("list", None)
