"""Joining: a form, a mail, a button; and what a robot or a stranger can do to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from newsletter.audience.subscribers import Status
from newsletter.cli.public.desk import make_site
from newsletter.store.tables import consents, signups, subscribers, wordings
from newsletter.web.public.pages import snippet
from tests.integration.conftest import Space
from tests.integration.joining import FORM, link, mailing, mails, until
from tests.integration.public_pages import INTERESTS, ONE_CLICK, Pages, heading, language, opened, switched
from tests.integration.servers import Inbox


@pytest.fixture
async def pages(space: Space, inbox: Inbox) -> AsyncIterator[Pages]:
    space.set("public", interests=INTERESTS)
    async with opened(space) as made:
        yield made


async def test_form_mail_button_and_somebody_is_on_the_list(space: Space, inbox: Inbox, database_url: str) -> None:
    space.replace("database", database_url)
    space.set("public", interests=INTERESTS)
    async with opened(space) as pages:
        form = await pages.client.get("/subscribe?lang=es")
        assert (form.status_code, language(form), "Ranchos" in form.text) == (200, "es", True)
        sent = await pages.client.post("/subscribe?lang=es", data=FORM)
        assert (sent.status_code, heading(sent)) == (200, "Revisa tu correo")
        assert await pages.rows(subscribers) == []
        (mail,) = await mails(pages, inbox, 1)
        assert (mail["To"], mail["Content-Language"]) == ("Ana@example.org", "es")
        assert mail["List-Unsubscribe"] is None
        assert mail["From"] == "Justicia Migrante — Comité <news@example.org>"
        body = mail.get_body(("html",))
        assert body is not None
        assert "Ana" not in body.get_content().replace("Ana@", "")  # no field of a form is mailed to anybody
        for method in ("GET", "HEAD", "GET"):
            page = await pages.client.request(method, link(mail), headers={"Accept-Language": "en"})
            assert page.status_code == 200
        assert (language(page), "Ana@example.org" in page.text) == ("es", True)
        assert await pages.rows(subscribers) == []
        for _click in range(2):
            joined = await pages.client.post(link(mail))
            assert (joined.status_code, heading(joined)) == (200, "¡Te damos la bienvenida!")
        person = await pages.person()
        assert (person.email, person.name, person.locale, person.tags, person.status) == (
            "Ana@example.org",
            "Ana Díaz",
            "es",
            frozenset({"farms"}),
            Status.SUBSCRIBED,
        )
        assert pages.prefer(person) in joined.text
        (consent,), (wording,) = await pages.rows(consents), await pages.rows(wordings)
        (signup,) = await pages.rows(signups)
        assert wording["text"] in form.text
        assert (consent["wording"], consent["source"]) == (wording["hash"], "form: page")
        assert consent["given_at"] == signup["asked_at"] < consent["confirmed_at"]
        assert [row["what"] for row in await pages.deeds()] == ["signed up"]


async def test_answer_to_the_form_can_be_read_in_another_language(pages: Pages) -> None:
    sent = await pages.client.post("/subscribe?lang=es&email=ana@example.org", data=FORM)
    (other,) = re.findall(r'<a href="([^"]+)" lang="en"', sent.text)
    assert other == "/subscribe/sent?lang=en", "and nothing of what was filled in"
    for method in ("GET", "HEAD", "GET"):
        page = await pages.client.request(method, other)
    assert (language(page), heading(page)) == ("en", "Check your inbox")
    (back,) = re.findall(r'<a href="([^"]+)" lang="es"', page.text)
    assert (await pages.client.get(back)).text == sent.text
    assert len(await pages.rows(signups)) == 1


async def test_welcome_stays_when_the_language_is_switched_or_the_link_followed_again(
    space: Space, inbox: Inbox, database_url: str
) -> None:
    space.replace("database", database_url)
    async with opened(space) as pages:
        await pages.client.post("/subscribe?lang=es", data=FORM)
        (mail,) = await mails(pages, inbox, 1)
        joined = await pages.client.post(link(mail))
        for _time in range(2):
            page = await switched(pages, joined, "en")
            assert (page.status_code, language(page), heading(page)) == (200, "en", "Welcome!")
        mine = await pages.person()
        assert pages.prefer(mine) in page.text
        assert len(await pages.deeds()) == 1, "and nothing is done once more"
        # A form that was filled in later, and not confirmed, still waits for its click.
        await pages.client.post("/subscribe?lang=es", data=FORM)
        second = [row for row in await pages.rows(signups) if row["mailed_at"] is None]
        waiting = await pages.client.get(f"/c/{pages.tokens.signup_token(second[0]['ref'])}?lang=en")
        assert heading(waiting) == "One more click"
        await pages.client.post(pages.leave(mine), data={"what": ""})
        gone = await switched(pages, joined, "en")
        assert (gone.status_code, heading(gone)) == (404, "This link has expired")


async def test_consent_is_to_the_words_that_a_pasted_form_shows(space: Space, inbox: Inbox) -> None:
    space.set("organisation", name="The former name")
    async with opened(space) as pages:
        old = await pages.client.get("/subscribe?lang=en")
        (shown,) = re.findall(r'name="wording" value="(\w{64})"', old.text)
        assert f'name="wording" value="{shown}"' in snippet(make_site(space.house()), "en", "website")
        await pages.client.post("/subscribe?lang=en", data={"email": "a@example.org", "wording": shown})
    space.set("organisation", name="Justicia Migrante")
    async with opened(space) as pages:
        for number, told in enumerate((shown, "", "0" * 64, "\x00", "nonsense")):
            await pages.client.post("/subscribe?lang=en", data={"email": f"b{number}@example.org", "wording": told})
        texts = {row["hash"]: row["text"] for row in await pages.rows(wordings)}
        read = ["former" in texts[row["wording"]] for row in await pages.rows(signups)]
        assert read == [True, True, False, False, False, False]


async def test_answer_does_not_tell_who_is_on_the_list(pages: Pages, inbox: Inbox) -> None:
    await pages.add("ana@example.org", locale="en")
    known = await pages.client.post("/subscribe", data=FORM)
    unknown = await pages.client.post("/subscribe", data={**FORM, "email": "new@example.org"})
    assert (known.status_code, known.text, dict(known.headers)) == (
        unknown.status_code,
        unknown.text,
        dict(unknown.headers),
    )
    told = {mail["To"]: mail for mail in await mails(pages, inbox, 2)}
    assert told["Ana@example.org"]["Subject"].startswith("Ya estás en la lista")
    assert link(told["Ana@example.org"]) == pages.prefer(await pages.person("ana@example.org"))
    assert link(told["new@example.org"]).startswith("/c/")
    assert (await pages.person("ana@example.org")).locale == "en"


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.BOUNCED, Status.COMPLAINED])
async def test_who_is_gone_comes_back_by_confirming(pages: Pages, inbox: Inbox, status: Status) -> None:
    before = await pages.add("ana@example.org", status=status, tags=("board",), declined="news", locale="en")
    await pages.client.post("/subscribe", data={**FORM, "name": ""})
    (mail,) = await mails(pages, inbox, 1)
    await pages.client.post(link(mail))
    now = await pages.person("ana@example.org")
    assert (now.id, now.status, now.declined, now.locale, now.name) == (
        before.id,
        Status.SUBSCRIBED,
        "",
        "es",
        "Ana Díaz",
    )
    assert now.tags == {"board", "farms"}
    assert (await pages.deeds())[0]["detail"]["before"] == status


async def test_who_was_erased_comes_back_as_somebody_new(space: Space, inbox: Inbox) -> None:
    async with opened(space) as pages:
        erased = await pages.add("ana@example.org")
        await asyncio.to_thread(space.run, "subscribers", "erase", "ana@example.org", "--yes")
        await pages.client.post("/subscribe", data=FORM)
        (mail,) = await mails(pages, inbox, 1)
        await pages.client.post(link(mail))
        now = await pages.person("ana@example.org")
        assert (now.status, now.id != erased.id, now.ref != erased.ref) == (Status.SUBSCRIBED, True, True)
        await asyncio.to_thread(space.run, "subscribers", "erase", "ana@example.org", "--yes")
        assert {row["status"] for row in await pages.rows(subscribers)} == {Status.ERASED}
        assert await pages.rows(signups) == []


@pytest.mark.parametrize(
    "address", ["", "ana", "ana@", "@example.org", "a b@example.org", "ana@example.org\r\nX: y", "a@b"]
)
async def test_what_is_no_address_is_said_in_words(pages: Pages, address: str) -> None:
    answer = await pages.client.post("/subscribe?lang=en", data={**FORM, "email": address})
    assert answer.status_code == 422
    assert "This e-mail address is not complete" in answer.text
    assert 'value="Ana Díaz"' in answer.text
    assert await pages.rows(signups) == []


async def test_address_beyond_ascii_is_taken(pages: Pages) -> None:
    await pages.client.post("/subscribe", data={**FORM, "email": "josé@example.org"})
    assert [row["email"] for row in await pages.rows(signups)] == ["josé@example.org"]


async def test_what_fills_in_the_trap_gets_the_same_answer_and_nothing_else(pages: Pages) -> None:
    person = await pages.client.post("/subscribe", data=FORM)
    robot = await pages.client.post("/subscribe", data={**FORM, "website": "https://spam.example"})
    assert robot.text == person.text
    assert len(await pages.rows(signups)) == 1


async def test_one_address_gets_three_mails_a_day(pages: Pages) -> None:
    answers = {(await pages.client.post("/subscribe", data=FORM)).text for _time in range(6)}
    assert len(answers) == 1
    assert len(await pages.rows(signups)) == 3


async def test_button_that_is_pressed_again_undoes_nothing(pages: Pages, inbox: Inbox) -> None:
    await pages.client.post("/subscribe", data=FORM)
    (mail,) = await mails(pages, inbox, 1)
    await pages.client.post(link(mail))
    mine = await pages.person()
    await pages.client.post(pages.prefer(mine), data={"name": "Anita", "edition": "en", "pause": "4"})
    chosen = await pages.person()
    assert heading(await pages.client.post(f"{link(mail)}?lang=en")) == "Welcome!"
    assert await pages.person() == chosen
    await pages.client.post(pages.leave(mine), data={"what": ""})
    again = await pages.client.post(f"{link(mail)}?lang=en")
    assert (again.status_code, heading(again)) == (404, "This link has expired")
    assert (await pages.person()).status is Status.UNSUBSCRIBED
    # A new form brings them back, by its own link.
    await pages.client.post("/subscribe", data=FORM)
    _first, second = await mails(pages, inbox, 2)
    await pages.client.post(link(second))
    assert (await pages.person()).status is Status.SUBSCRIBED


@pytest.mark.parametrize(
    ("mine", "others"),
    [
        (["vic@example.org", "vic+a@example.org", "Vic+b%_@example.org"], ["victor@example.org", "vi.c@example.org"]),
        (["v.ic+a@gmail.com", "vi.c@googlemail.com", "vic@gmail.com"], ["vict@gmail.com", "vic@example.org"]),
    ],
)
async def test_mailbox_cannot_be_filled_by_writing_its_address_otherwise(
    pages: Pages, mine: list[str], others: list[str]
) -> None:
    for address in [*mine, mine[0], mine[1].replace("+a", "+z"), *others]:
        assert (await pages.client.post("/subscribe", data={"email": address})).status_code == 200
    assert [row["email"].lower() for row in await pages.rows(signups)] == [one.lower() for one in [*mine, *others]]


async def test_two_forms_of_one_person_confirmed_at_once_by_two_processes(
    space: Space, inbox: Inbox, database_url: str
) -> None:
    space.replace("database", database_url)
    async with opened(space) as pages, opened(space) as other:
        for _form in range(2):
            await pages.client.post("/subscribe", data=FORM)
        links = [f"/c/{pages.tokens.signup_token(row['ref'])}" for row in await pages.rows(signups)]
        answers = await asyncio.gather(
            *(one.client.post(path) for path in links for one in (pages, other) for _twice in range(3))
        )
        assert {answer.status_code for answer in answers} == {200}
        assert len(await pages.rows(subscribers)) == 1


async def test_one_client_can_send_only_so_many_forms(space: Space) -> None:
    space.set("public", forms_per_hour=5)
    async with opened(space) as pages:
        answers = [
            await pages.client.post("/subscribe", data={**FORM, "email": f"a{number}@example.org"})
            for number in range(7)
        ]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert answers[-1].headers["Retry-After"] == "600"
        assert len(await pages.rows(signups)) == 5


async def test_name_is_cleaned_and_unknown_choices_fall_away(pages: Pages) -> None:
    odd = {"email": "a@example.org", "name": "\u202eAna\x07\r\nBcc: x", "edition": "xx", "interest": ["board", "farms"]}
    await pages.client.post("/subscribe?lang=en", data={**odd, "form": "a\nb" * 50})
    (row,) = await pages.rows(signups)
    assert (row["name"], row["locale"], row["tags"]) == ("Ana Bcc: x", "en", ["farms"])
    assert len(row["source"]) < 80
    assert row["source"].isprintable()


async def test_forms_that_nobody_confirmed_are_forgotten(space: Space, inbox: Inbox) -> None:
    async with opened(space) as pages:
        await pages.client.post("/subscribe", data={"email": "ana@example.org"})
        (mail,) = await mails(pages, inbox, 1)
        async with pages.desk.stores.database.write() as connection:
            await connection.execute(signups.update().values(expires_at=signups.c.asked_at))
        for answer in (await pages.client.get(link(mail)), await pages.client.post(link(mail))):
            assert (answer.status_code, heading(answer)) == (404, "This link has expired")
        async with mailing(pages):
            await until(pages, lambda rows: not rows)
        assert await pages.rows(subscribers) == []


async def test_tokens_of_one_kind_are_of_no_use_for_another(pages: Pages) -> None:
    person = await pages.add()
    for path in (f"/c/{pages.tokens.reader_token(person.ref)}", f"/u/{pages.tokens.signup_token(person.ref)}"):
        await pages.client.post(path)
    assert await pages.person() == person


async def test_without_a_mail_server_nobody_can_join_but_everybody_can_leave(space: Space) -> None:
    space.replace("smtp", None)
    async with opened(space) as pages:
        person = await pages.add()
        for answer in (await pages.client.get("/subscribe"), await pages.client.post("/subscribe", data=FORM)):
            assert answer.status_code == 503
            assert "cannot take forms right now" in answer.text
        assert await pages.rows(signups) == []
        assert (await pages.client.post(pages.leave(person), data=ONE_CLICK)).status_code == 200
        assert (await pages.person()).status is Status.UNSUBSCRIBED
