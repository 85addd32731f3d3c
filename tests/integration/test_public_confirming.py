"""The mails that ask people to confirm: they wait, are tried again, keep to the limits, and go out once."""

from __future__ import annotations

import asyncio

from newsletter.cli.public.mailer import BATCH
from newsletter.store.tables import allowances, signups
from tests.integration.conftest import Space
from tests.integration.joining import FORM, mailing, mails, signup, until
from tests.integration.public_pages import opened
from tests.integration.servers import Inbox, Script, real_server, scripted_server


async def test_mail_waits_for_a_server_that_is_away_and_for_a_restart(space: Space) -> None:
    async with opened(space) as pages:
        async with mailing(pages):
            await pages.client.post("/subscribe", data={"email": "ana@example.org"})
            await asyncio.sleep(0.3)
        (row,) = await pages.rows(signups)
        assert row["mailed_at"] is None
    with real_server() as server:
        space.set("smtp", port=server.port)
        async with opened(space) as pages:
            (mail,) = await mails(pages, server, 1)
            assert mail["To"] == "ana@example.org"


async def test_mail_counts_against_the_limits_and_waits_where_there_is_no_room(space: Space, inbox: Inbox) -> None:
    space.set("limits", per_day=6, domains={"example.com": {"per_day": 1}})  # half of it is for forms
    async with opened(space) as pages:
        for address in ("e@example.org", "d@example.org", "c@example.org", "b@example.com", "a@example.com"):
            await pages.client.post("/subscribe", data={"email": address})
        async with mailing(pages):
            await until(pages, lambda rows: sum(row["mailed_at"] is not None for row in rows) >= 3)
            await asyncio.sleep(0.2)
        assert inbox.recipients() == ["a@example.com", "c@example.org", "d@example.org"], "the newest first"
        assert len(await pages.rows(signups)) == 5, "who waits is not forgotten"
        async with pages.desk.stores.database.write() as connection:
            await connection.execute(allowances.update().values(counts={}))  # a day later
    async with opened(space) as pages:
        async with mailing(pages):
            await until(pages, lambda rows: all(row["mailed_at"] for row in rows))
        assert sorted(inbox.recipients())[1::3] == ["b@example.com", "e@example.org"]


async def test_mail_that_was_put_off_takes_nothing_of_the_limits(space: Space) -> None:
    tried: list[str] = []

    def replies(verb: str, recipient: str) -> str | None:
        tried.extend([recipient] if verb == "RCPT" else [])
        return "450 4.2.1 busy" if verb == "RCPT" and len(tried) < 5 else None

    space.set("limits", per_day=2)
    with scripted_server(Script(replies)) as server:
        space.set("smtp", port=server.port)
        async with opened(space) as pages:
            await pages.client.post("/subscribe", data={"email": "ana@example.org"})
            async with mailing(pages):
                await until(pages, lambda rows: all(row["mailed_at"] for row in rows))
            (account,) = await pages.rows(allowances)
            assert (len(tried), sum(account["counts"]["day"].values())) == (5, 1)


async def test_address_that_the_server_refuses_is_forgotten_and_one_put_off_is_tried_again(space: Space) -> None:
    tried: list[str] = []

    def replies(verb: str, recipient: str) -> str | None:
        if verb != "RCPT":
            return None
        tried.append(recipient)
        if recipient == "gone@example.org":
            return "550 5.1.1 no such mailbox"
        return "450 4.2.1 busy" if recipient == "busy@example.org" and tried.count(recipient) < 3 else None

    with scripted_server(Script(replies)) as server:
        space.set("smtp", port=server.port)
        async with opened(space) as pages:
            for name in ("gone", "busy", "well"):
                await pages.client.post("/subscribe", data={"email": f"{name}@example.org"})
            async with mailing(pages):
                await until(pages, lambda rows: all(row["mailed_at"] for row in rows))
            assert {row["email"] for row in await pages.rows(signups)} == {"busy@example.org", "well@example.org"}
    assert sorted(server.recipients()) == ["busy@example.org", "well@example.org"]


async def test_addresses_that_are_put_off_for_ever_hold_up_nobody(space: Space) -> None:
    def replies(verb: str, recipient: str) -> str | None:
        return "450 4.1.2 Domain not found" if verb == "RCPT" and recipient.endswith("@example.com") else None

    with scripted_server(Script(replies)) as server:
        space.set("smtp", port=server.port)
        async with opened(space) as pages:
            for number in range(BATCH + 5):
                await pages.desk.joining.ask(signup(f"a{number}@example.com"))
            await pages.desk.joining.ask(signup("ana@example.org"))
            async with mailing(pages):
                await until(pages, lambda rows: any(row["mailed_at"] for row in rows))
            assert len(await pages.rows(signups)) == BATCH + 6, "who is put off is not forgotten"
    assert server.recipients() == ["ana@example.org"]


async def test_two_servers_of_one_list_send_each_mail_once(space: Space, inbox: Inbox, database_url: str) -> None:
    space.replace("database", database_url)
    async with opened(space) as one, opened(space) as other:
        for n in range(30):
            answer = await (one, other)[n % 2].client.post("/subscribe", data={**FORM, "email": f"r{n}@example.org"})
            assert answer.status_code == 200 or n >= 20  # ten for each client of each server
        asked = len(await one.rows(signups))
        assert asked == 20
        async with mailing(one), mailing(other):
            await until(one, lambda rows: all(row["mailed_at"] for row in rows))
    assert len(inbox.messages) == len(set(inbox.recipients())) == asked
