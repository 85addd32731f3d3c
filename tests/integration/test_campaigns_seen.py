"""What staff see of campaigns: shown, watched, written to a file, and what each step says comes next."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from newsletter.cli.commands.campaigns_export import harmless, write_rows
from newsletter.cli.exporting import new_file
from newsletter.clock import SystemClock
from newsletter.delivery.states import State
from newsletter.errors import UsageError
from newsletter.store.campaigns import CampaignStore
from newsletter.store.database import Database
from tests.integration.conftest import People, Space
from tests.integration.ledger import frozen, run
from tests.integration.records import ask
from tests.integration.scenes import another_issue, half_done
from tests.integration.servers import Script, real_server, scripted_server

# show and list


def test_show_tells_everything_of_a_campaign(space: Space, people: People) -> None:
    half_done(space, people)
    shown = space.json("campaigns", "show", "1")
    assert isinstance(shown, dict)
    assert shown["status"] == "running"
    assert shown["editions"] == {"en": {"accepted": 1, "rejected": 1}, "es": {"deferred": 1, "in_doubt": 1}}
    assert shown["domains"] == {"example.org": {"accepted": 1, "rejected": 1, "deferred": 1, "in_doubt": 1}}
    assert shown["next_due"] is not None
    assert [row["state"] for row in shown["not_accepted"]] == ["in_doubt", "rejected", "deferred"]
    text = space.run("campaigns", "show", "1").stdout
    for told in (
        "status:    running",
        "next due:",
        "mail domain",
        "next: the next deferred one is due at",
        "next: 1 is in doubt: a person decides, 'newsletter campaigns resolve 1 --in-doubt",
        "next: 1 was rejected, and not tried again",
    ):
        assert told in re.sub(r"\s*\n(?! *\w+:)", " ", text) or told in text


def test_times_are_those_of_the_organisation_wherever_the_program_runs(space: Space, people: People) -> None:
    space.set("organisation", timezone="Pacific/Kiritimati")
    half_done(space, people)
    shown = space.json("campaigns", "show", "1")
    assert isinstance(shown, dict)
    frozen_at = dt.datetime.fromisoformat(shown["frozen_at"])
    there = f"{frozen_at + dt.timedelta(hours=14):%Y-%m-%d %H:%M}"
    assert there[:10] in space.run("campaigns", "list").stdout
    assert f"{there} +14" in space.run("campaigns", "show", "1").stdout
    resumed = space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert f"going on with campaign 1, frozen on {there} +14" in resumed.stderr


def test_a_large_campaign_stays_readable(space: Space, people: People) -> None:
    people(1)
    space.run("send", "june", "-s", "everybody", "--yes", "--queue")
    ask(
        space,
        "with recursive n(i) as (select 2 union all select i + 1 from n where i < 20000) insert into subscribers "
        "(id, ref, email, email_key, name, locale, status, attributes, created_at, updated_at) select i, 'r' || i, "
        "'p' || i || '@d' || (i % 20) || '.example', 'p' || i, '', 'en', 'subscribed', '{}', '2026-01-01', '2026-01-01'"
        " from n",
    )
    ask(
        space,
        "insert into deliveries (campaign_id, subscriber_id, edition_id, domain, state, attempts, reply, updated_at) "
        "select 1, id, 1, 'd' || (id % 20) || '.example', 'rejected', 1, '550 no', '2026-01-01' from subscribers "
        "where id > 1",
    )
    done = space.run("campaigns", "show", "1").stdout
    assert len(done.splitlines()) < 100
    assert done.count("550 no") == 50
    assert "and 19,950 more; --all lists them" in done
    assert "11 others" in done, "ten domains by name, and example.org is small"
    tracemalloc.start()
    space.run("campaigns", "export", "1", "all.csv")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000, "it is written row by row"
    with (space.root / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _row in csv.reader(file)) == 20_001


def test_list_is_no_wider_for_a_long_reason(space: Space, people: People) -> None:
    half_done(space, people)
    reason = "the date of the hearing is wrong in the Spanish edition, and the link leads to last year's petition"
    space.run("campaigns", "pause", "1", "--reason", reason)
    listed = space.run("campaigns", "list").stdout.splitlines()
    assert max(map(len, listed[:3])) <= 80
    assert listed[2] == "1: paused: the date of the hearing is wrong in the Spanish edition, and the …"
    assert reason in space.run("campaigns", "show", "1").stdout


def test_list_tells_the_next_step_of_what_is_not_ended(space: Space, people: People) -> None:
    half_done(space, people)
    assert "1: the next deferred one is due at" in space.run("campaigns", "list").stdout
    space.run("campaigns", "pause", "1", "--reason", "a wrong link")
    listed = space.run("campaigns", "list").stdout
    assert "1: paused: a wrong link\n1: 'newsletter campaigns resume 1' lets it go on" in listed
    resumed = space.run("campaigns", "resume", "1").stdout
    assert "next: the next deferred one is due" in resumed
    space.run("campaigns", "cancel", "1", "--yes")
    assert "nothing more of it is sent" in space.run("campaigns", "show", "1").stdout
    done = space.run("campaigns", "resolve", "1", "--in-doubt", "resend", code=2)
    assert "campaign 1 was cancelled, so that nothing of it is sent again" in done.stderr
    assert "now accepted" in space.run("campaigns", "resolve", "1", "--in-doubt", "accept").stdout


def test_resolving_says_what_comes_next(space: Space, people: People) -> None:
    half_done(space, people)
    assert "and go without" in space.run("campaigns", "resolve", "1", "--in-doubt", "reject").stdout
    assert "nothing of campaign 1 is in doubt" in space.run("campaigns", "resolve", "1", "--in-doubt", "accept").stdout
    again = space.run("campaigns", "resolve", "1", "--rejected", "resend").stdout
    assert "2 rejected: now pending" in again
    assert "nobody is sending it: 'newsletter send june --segment everybody' goes on" in again
    space.run("campaigns", "pause", "1")
    assert "next: 'newsletter campaigns resume 1'" in space.run("campaigns", "show", "1").stdout


# export


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_delivery_is_written_for_its_owner_only(space: Space, people: People) -> None:
    half_done(space, people)
    done = space.run("campaigns", "export", "1", "out.csv")
    file = space.root / "out.csv"
    assert "out.csv: 4 rows" in done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().startswith(b"\xef\xbb\xbfaddress,edition,")
    rows = {row["address"]: row for row in read(file)}
    assert {address: row["state"] for address, row in rows.items()} == {
        "reader0@example.org": "accepted",
        "reader1@example.org": "in_doubt",
        "reader2@example.org": "rejected",
        "reader3@example.org": "deferred",
    }
    assert rows["reader2@example.org"]["reply"] == "550 5.1.1 no such user"
    assert rows["reader2@example.org"]["domain"] == "example.org"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", rows["reader2@example.org"]["last change"])
    assert not list(space.root.glob(".*.part"))


def test_a_file_is_overwritten_only_when_told_to(space: Space, people: People) -> None:
    half_done(space, people)
    file = space.root / "out.csv"
    file.write_text("mine", encoding="utf-8")
    file.chmod(0o644)
    assert "out.csv is there already" in space.run("campaigns", "export", "1", "out.csv", code=2).stderr
    assert file.read_text(encoding="utf-8") == "mine"
    space.run("campaigns", "export", "1", "out.csv", "--state", "rejected", "--state", "in_doubt", "--force")
    assert [row["state"] for row in read(file)] == ["in_doubt", "rejected"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert "cannot be written" in space.run("campaigns", "export", "1", "no/such.csv", code=2).stderr
    assert "no file that can" in space.run("campaigns", "export", "1", "locales", "--force", code=2).stderr
    assert "there is no campaign 9" in space.run("campaigns", "export", "9", "new.csv", code=2).stderr
    assert not (space.root / "new.csv").exists()


def test_standard_output_is_for_programs(space: Space, people: People) -> None:
    half_done(space, people)
    done = space.run("campaigns", "export", "1", "-", "--state", "accepted")
    assert done.stdout.startswith("address,edition,")
    assert [row["address"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["reader0@example.org"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(target)
    with pytest.raises(UsageError), new_file(tmp_path / "link.csv", force=False):
        pass
    with new_file(tmp_path / "link.csv", force=True) as file:
        file.write("x")
    assert target.read_text(encoding="utf-8") == "mine"


def test_a_file_that_comes_meanwhile_or_fails_is_safe(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    def write(*, force: bool) -> None:
        with new_file(path, force=force) as file:
            file.write("theirs")
            path.write_text("mine", encoding="utf-8")
            if force:
                raise KeyError

    for force, error in ((False, UsageError), (True, KeyError)):
        path.unlink(missing_ok=True)
        with pytest.raises(error):
            write(force=force)
        assert [found.read_text(encoding="utf-8") for found in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_cell_is_a_formula(begin: str) -> None:
    assert harmless(f"{begin}cmd|' /C calc'!A0").startswith("'")
    assert harmless("550 5.1.1 =no") == "550 5.1.1 =no"
    assert "\x1b" not in harmless("550 \x1b[2J")


async def test_rows_come_out_of_any_database(database: Database) -> None:
    campaign = await frozen(database, 3)
    await (await run(database, campaign)).exchange([], 1)
    out = io.StringIO()
    store = CampaignStore(database, SystemClock())
    assert await write_rows(store.deliveries(campaign, list(State)), out) == 3
    assert out.getvalue().count("pending") == 2
    first = [row.state async for row in store.deliveries(campaign, worst_first=True, limit=2)]
    assert first == [State.SENDING, State.PENDING]
    assert await store.next_due(campaign.id) is None
    assert [found.name for found in await store.runs(campaign.id)] == ["a test"]


# watch


def test_a_line_is_written_now_and_then_until_it_ends(space: Space, people: People) -> None:
    people(30)
    watch = (
        "import sys; import newsletter.cli.commands.campaigns_watch as w; w.LINES = 0.2; "
        "from newsletter.cli.main import main; "
        "sys.argv = ['newsletter', 'campaigns', 'watch', '1', *sys.argv[1:]]; main()"
    )
    with scripted_server(Script(delay=0.2)) as inbox:
        space.set("smtp", port=inbox.port, connections=2)
        space.run("send", "june", "-s", "everybody", "--yes", "--queue")
        watching = [
            subprocess.Popen([sys.executable, "-c", watch, *more], cwd=space.root, stdout=subprocess.PIPE, text=True)
            for more in ((), ("--json",))
        ]
        first = [one.stdout.readline() for one in watching if one.stdout]
        space.run("send", "june", "-s", "everybody", "--yes")
        rest = [one.communicate(timeout=60)[0] for one in watching]
    lines, objects = ((begin + more).splitlines() for begin, more in zip(first, rest, strict=True))
    assert all(one.returncode == 0 for one in watching)
    assert re.fullmatch(r"\d\d:\d\d:\d\d running, 0 of 30: 30 pending", lines[0])
    assert "30 of 30: 30 accepted" in lines[-1]
    assert len(lines) > 2
    parsed = [json.loads(line) for line in objects]
    assert parsed[0]["status"] == "running"
    assert any(one["runs"] for one in parsed), "somebody was sending it"
    assert parsed[-1]["editions"] == {"en": {"accepted": 15}, "es": {"accepted": 15}}


def test_watching_ends_at_a_pause_and_changes_nothing(space: Space, people: People) -> None:
    half_done(space, people)
    ask(space, "update deliveries set state = 'sending', claim = 'dead' where state = 'accepted'")
    space.run("campaigns", "pause", "1", "--reason", "a wrong link")
    done = space.run("campaigns", "watch", "1")
    assert "paused: a wrong link, 2 of 4: 1 sending, 1 deferred, 1 rejected, 1 in doubt" in done.stdout
    assert "there is no campaign 4" in space.run("campaigns", "watch", "4", code=2).stderr


def test_on_a_terminal_it_is_a_live_view_that_control_c_ends(space: Space, people: People) -> None:
    people(4)
    space.run("send", "june", "-s", "everybody", "--yes", "--queue")
    mine, theirs = pty.openpty()
    watching = subprocess.Popen(
        [sys.executable, "-m", "newsletter", "campaigns", "watch", "1"],
        cwd=space.root,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
    )
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + 30
    while b"Ctrl-C ends only this view" not in seen:
        assert time.monotonic() < deadline, seen
        seen += os.read(mine, 4096)
    watching.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the terminal is closed at the other end
        while more := os.read(mine, 4096):
            seen += more
    os.close(mine)
    assert watching.wait(20) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert "campaign 1: running" in text
    assert "0/4" in text
    assert "mail domain" in text
    assert "sent by nobody just now" in text
    assert "nobody is sending it: 'newsletter send june --segment everybody' goes on" in " ".join(text.split())


# people whose mailbox is gone


def test_who_bounced_is_told_apart_from_who_left(space: Space, people: People) -> None:
    half_done(space, people)
    space.run("subscribers", "unsubscribe", "reader0@example.org")
    people(4)
    done = space.run("subscribers", "import", "list.csv").stdout
    assert "1 of them unsubscribed earlier and stay so" in done
    assert "1 bounced: their mail came back, for good" in done
    report = space.json("subscribers", "import", "list.csv")
    assert isinstance(report, dict)
    assert (report["left"], report["bounced"]) == (1, 1)
    shown = space.run("subscribers", "show", "reader2@example.org").stdout
    assert "when campaign 1 was sent, their server said that there is no such mailbox" in " ".join(shown.split())
    assert "550 5.1.1 no such user" in shown
    assert "newsletter campaigns resolve 1 --rejected resend" in " ".join(shown.split())
    told = space.json("subscribers", "show", "reader2@example.org")
    assert isinstance(told, dict)
    assert (told["status"], told["bounced_by"], told["bounced_in"]) == ("bounced", "refused", 1)
    another_issue(space, "july")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "july", "-s", "everybody", "--yes")
        assert sorted(inbox.recipients()) == ["reader1@example.org", "reader3@example.org"]
        # The server was wrong.
        space.run("campaigns", "resolve", "1", "--rejected", "resend")
        assert space.json("subscribers", "show", "reader2@example.org")["status"] == "subscribed"  # type: ignore[index]
        space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert inbox.recipients().count("reader2@example.org") == 1
