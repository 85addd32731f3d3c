"""A sender that is killed again and again: nobody is missing, nobody gets two copies.

``KILLS=60 pytest tests/integration/test_killed.py`` kills more often than an
ordinary run does; ``make soak`` does that.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter

import pytest

from tests.integration.conftest import Space
from tests.integration.records import ledger
from tests.integration.servers import Script, scripted_server
from tests.integration.waiting import wait_until

KILLS = int(os.environ.get("KILLS", "6"))
CONNECTIONS = 20
PER_KILL = 80  # people for each kill, so that there is always something left to do


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "parts"])
def test_killed_at_any_moment_loses_and_doubles_nobody(space: Space, options: tuple[str, ...]) -> None:
    dice = random.Random(20190603)
    people = 200 + PER_KILL * KILLS
    space.write_list(*(f"r{n}@example.org,Reader {n},{'es' if n % 2 else 'en'},," for n in range(people)))
    space.run("subscribers", "import", "list.csv")
    kills = 0
    with scripted_server(Script(delay=0.01, extensions=("PIPELINING",))) as inbox:
        space.set("smtp", port=inbox.port, connections=CONNECTIONS)
        space.run("send", "june", "-s", "everybody", "--dry-run")
        while kills < KILLS:
            before = len(inbox.messages)
            run = space.start("send", "june", "-s", "everybody", "--yes", *options)
            wait_until(lambda: len(inbox.messages) > before or run.poll() is not None)  # noqa: B023 - used at once
            time.sleep(dice.uniform(0, 0.12))
            if run.poll() is not None:
                break  # it was done before it could be killed
            run.send_signal(signal.SIGKILL)
            run.communicate(timeout=30)
            kills += 1
            sending = Counter(ledger(space).values())["sending"]
            assert sending <= CONNECTIONS, "at most one message per open connection is under way"
        last = space.start("send", "june", "-s", "everybody", "--yes", *options)
        _out, err = last.communicate(timeout=120)
        assert last.returncode in (0, 3), err
    states = Counter(ledger(space).values())
    copies = Counter(inbox.recipients())
    accepted = {email for email, state in ledger(space).items() if state == "accepted"}
    print(f"{kills} kills, {people} people: {dict(states)}")  # noqa: T201 - pytest -s shows it
    assert kills >= KILLS // 2
    assert set(states) <= {"accepted", "in_doubt"}, "everybody is settled or held for a person"
    assert sum(states.values()) == people, "nobody is missing from the ledger"
    assert states["in_doubt"] <= CONNECTIONS * kills
    assert max(copies.values()) == 1, "nobody got a second copy"
    assert accepted <= set(copies), "what the ledger calls accepted did arrive"
    assert set(copies) - accepted <= {email for email, state in ledger(space).items() if state == "in_doubt"}
