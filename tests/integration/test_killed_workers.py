"""Two workers over PostgreSQL, of which one is killed again and again, or frozen: nobody missing, nobody twice.

``KILLS=60`` kills more often than an ordinary run does; ``make soak`` does that.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter

import pytest

from tests.integration.conftest import Space
from tests.integration.postgres import Postgres
from tests.integration.records import ask, ledger, states, status
from tests.integration.servers import Inbox, Script, scripted_server
from tests.integration.waiting import wait_until
from tests.integration.workers import start_worker

KILLS = int(os.environ.get("KILLS", "4"))
CONNECTIONS = 10  # of each worker
PER_KILL = 250  # people for each kill, so that there is always something left to do


@pytest.fixture
def space(space: Space, postgres: Postgres) -> Space:
    """The workspace over a PostgreSQL database of its own."""
    space.replace("database", postgres.new_database())
    return space


def invite(space: Space, number: int, port: int) -> None:
    """Import so many people, whom a mail server at this port shall hear of."""
    space.write_list(*(f"r{n}@example.org,Reader {n},{'es' if n % 2 else 'en'},," for n in range(number)))
    space.run("subscribers", "import", "list.csv")
    space.set("smtp", port=port, connections=CONNECTIONS)


def queue(space: Space) -> None:
    """Put a campaign to everybody into the queue."""
    space.run("send", "june", "-s", "everybody", "--yes", "--queue")


def mails(inbox: Inbox) -> int:
    """How many messages were begun."""
    return sum(command.startswith("MAIL") for command in inbox.commands)


def check(space: Space, inbox: Inbox, people: int) -> None:
    """The ledger against what the server took."""
    found = ledger(space)
    copies = Counter(inbox.recipients())
    accepted = {email for email, state in found.items() if state == "accepted"}
    doubtful = {email for email, state in found.items() if state == "in_doubt"}
    assert len(found) == people, "nobody is missing from the ledger"
    assert accepted | doubtful == set(found), "everybody is settled or held for a person"
    assert max(copies.values()) == 1, "nobody got a second copy"
    assert accepted <= set(copies), "what the ledger calls accepted did arrive"
    assert set(copies) - accepted <= doubtful


def test_workers_killed_at_any_moment_lose_and_double_nobody(space: Space) -> None:
    dice = random.Random(20190603)
    people = 500 + PER_KILL * KILLS
    kills = 0
    with scripted_server(Script(delay=0.05, extensions=("PIPELINING",))) as inbox:
        invite(space, people, inbox.port)
        queue(space)
        workers = [start_worker(space), start_worker(space)]
        try:
            while kills < KILLS and len(inbox.messages) < people:
                victim = dice.randrange(2)
                before = len(inbox.messages)
                wait_until(lambda: len(inbox.messages) > before, 60, lambda: workers[0].log)  # noqa: B023
                time.sleep(dice.uniform(0, 1.5))
                workers[victim].kill()
                kills += 1
                workers[victim] = start_worker(space)
            wait_until(lambda: status(space) == "finished", 120, lambda: (states(space), workers[0].log))
        finally:
            for worker in workers:
                if worker.process.poll() is None:
                    worker.stop()
    found = states(space)
    print(f"{kills} kills, {people} people: {dict(found)}")  # noqa: T201 - pytest -s shows it
    assert kills >= KILLS * 3 // 4
    assert found["in_doubt"] <= CONNECTIONS * kills
    check(space, inbox, people)


def test_a_frozen_worker_is_given_up_and_writes_over_nothing_when_it_wakes(space: Space) -> None:
    people = 500
    with scripted_server(Script(delay=0.1)) as inbox:
        invite(space, people, inbox.port)
        frozen, other = start_worker(space), start_worker(space)
        try:
            wait_until(lambda: "started" in frozen.log and "started" in other.log)
            queue(space)
            wait_until(lambda: len(inbox.messages) > 50, 30, lambda: frozen.log)
            wait_until(lambda: len(ask(space, "select token from runs")) == 2, 30, lambda: other.log)
            frozen.send(signal.SIGSTOP)
            wait_until(lambda: status(space) == "finished", 90, lambda: (states(space), other.log))
            doubtful = states(space)["in_doubt"]
            assert 0 < doubtful <= CONNECTIONS, "its messages that were under way"
            before, begun = ledger(space), mails(inbox)
            frozen.send(signal.SIGCONT)
            time.sleep(2)  # it looks around four times
            assert ledger(space) == before, "it writes over nothing"
            assert mails(inbox) == begun, "and begins nothing"
            sent = len(inbox.messages)  # of those in doubt, some may have arrived only now
            check(space, inbox, people)
            # Both are still good for work: what a person resolves is sent, once more at most.
            other.stop()
            space.run("campaigns", "resolve", "1", "--in-doubt", "resend")
            wait_until(lambda: states(space) == {"accepted": people}, 30, lambda: frozen.log)
            assert len(inbox.messages) == sent + doubtful
            frozen.stop()
        finally:
            for worker in (frozen, other):
                worker.kill()
