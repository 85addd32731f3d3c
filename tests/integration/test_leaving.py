"""Who leaves, or turns out not to exist, while a campaign is being sent: it holds for the very next claim."""

from __future__ import annotations

import shutil

from tests.integration.conftest import ISSUE, People, Space
from tests.integration.faults import SEND, MailServer, held_at_the_gate
from tests.integration.records import ask


def test_who_leaves_during_a_run_is_not_even_the_next_to_get_it(
    space: Space, people: People, database_url: str
) -> None:
    space.replace("database", database_url)
    people(10)
    with held_at_the_gate(space, "june") as server:
        leaving = space.start("subscribers", "unsubscribe", "reader6@example.org")
        _out, err = leaving.communicate(timeout=60)
        assert leaving.returncode == 0, err
    assert server.inbox.recipients() == [f"reader{n}@example.org" for n in range(10) if n != 6]
    assert ask(space, "select count(*) from deliveries where state = 'cancelled'") == [(1,)]


def test_an_address_that_one_campaign_finds_gone_is_not_even_the_next_of_another(
    space: Space, people: People, database_url: str
) -> None:
    space.replace("database", database_url)
    people(10)
    space.write_issue(ISSUE, "july")
    catalogs = space.root / "locales" / "es" / "LC_MESSAGES" / "issues"
    shutil.copy(catalogs / "june.po", catalogs / "july.po")
    space.set("smtp", port=1)
    space.run("send", "july", "-s", "everybody", "--yes", "--queue")

    def june() -> None:
        gone = "reader6@example.org"
        with MailServer(lambda at, to: b"550 5.1.1 unknown\r\n" if (at, to) == ("RCPT", gone) else None) as refusing:
            space.set("smtp", port=refusing.port)
            space.run(*SEND, code=3)

    if database_url.startswith("sqlite"):
        june()  # here one sending waits for the other
    with held_at_the_gate(space, "july") as server:
        if not database_url.startswith("sqlite"):
            june()
    assert server.inbox.recipients() == [f"reader{n}@example.org" for n in range(10) if n != 6]
