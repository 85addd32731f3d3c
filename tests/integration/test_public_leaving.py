"""Leaving by the links in mail: RFC 8058 to the letter, the page for people, and taking it back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from newsletter.audience.subscribers import Status
from newsletter.store.tables import consents, wordings
from tests.integration.conftest import Space
from tests.integration.public_pages import ONE_CLICK, Pages, heading, language, opened, switched

MULTIPART = (
    b'--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xyz--\r\n',
    {"Content-Type": "multipart/form-data; boundary=xyz"},
)


@pytest.fixture
async def pages(space: Space, database_url: str) -> AsyncIterator[Pages]:
    space.replace("database", database_url)
    async with opened(space) as made:
        yield made


@pytest.fixture
async def quick(space: Space) -> AsyncIterator[Pages]:
    """The same on SQLite only, where the database makes no difference."""
    async with opened(space) as made:
        yield made


async def test_one_click_takes_somebody_off_the_list(pages: Pages) -> None:
    person = await pages.add()
    answer = await pages.client.post(pages.leave(person), data=ONE_CLICK)
    assert (answer.status_code, answer.is_redirect, "set-cookie" in answer.headers) == (200, False, False)
    assert (await pages.person()).status is Status.UNSUBSCRIBED
    (entry,) = await pages.deeds()
    assert (entry["who"], entry["what"], entry["about"], entry["detail"]) == (
        "reader",
        "unsubscribed",
        f"subscriber {person.ref}",
        {"of": "everything", "way": "one-click"},
    )
    again = await pages.client.post(pages.leave(person), data=ONE_CLICK)
    assert again.status_code == 200
    assert len(await pages.deeds()) == 1


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        MULTIPART,
        (b"List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}),
        (b"List-Unsubscribe=One-Click", {}),
        (b"", {}),
        (b"\xff\xfe&&&=%zz", {"Content-Type": "text/plain"}),
        (b"--nonsense", {"Content-Type": "multipart/form-data"}),
        (b'{"a": 1}', {"Content-Type": "application/json"}),
    ],
)
async def test_whatever_is_posted_means_to_leave(quick: Pages, content: bytes, headers: dict[str, str]) -> None:
    person = await quick.add()
    answer = await quick.client.post(quick.leave(person), content=content, headers=headers)
    assert answer.status_code == 200
    assert (await quick.person()).status is Status.UNSUBSCRIBED


async def test_one_click_means_everything_whatever_the_address_says(quick: Pages) -> None:
    person = await quick.add()
    await quick.client.post(f"{quick.leave(person)}?of=appeal", data={**ONE_CLICK, "what": "appeal", "undo": "1"})
    assert (await quick.person()).status is Status.UNSUBSCRIBED


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing(quick: Pages, method: str) -> None:
    person = await quick.add()
    for path in (quick.leave(person), quick.prefer(person), f"{quick.leave(person)}?what=&undo=1&of=appeal"):
        answer = await quick.client.request(method, path)
        assert answer.status_code == 200
    assert await quick.person() == person
    assert await quick.deeds() == []


async def test_page_is_in_the_readers_language_and_can_be_switched(quick: Pages) -> None:
    spanish, english = await quick.add(), await quick.add("bo@example.org", locale="en-gb")
    pair = await quick.add("cy@example.org", locale="es+en")
    assert language(await quick.client.get(quick.leave(spanish), headers={"Accept-Language": "en"})) == "es"
    assert language(await quick.client.get(quick.leave(english), headers={"Accept-Language": "es"})) == "en"
    assert language(await quick.client.get(quick.leave(pair))) == "es"
    switched = await quick.client.get(f"{quick.leave(spanish)}?lang=en&of=appeal")
    assert language(switched) == "en"
    assert f'href="{quick.leave(spanish)}?lang=es&amp;of=appeal"' in switched.text
    done = await quick.client.post(f"{quick.leave(spanish)}?lang=en", data={"what": ""})
    assert (language(done), heading(done)) == ("en", "You are off the list")


@pytest.mark.parametrize("kind", ["appeal", "news"])
async def test_only_one_kind_of_mail_can_be_left_and_taken_back(pages: Pages, kind: str) -> None:
    person = await pages.add(locale="en")
    page = await pages.client.get(f"{pages.leave(person)}?of={kind}")
    assert page.text.count("<button") == 2
    left = await pages.client.post(pages.leave(person), data={"what": kind})
    assert heading(left).startswith("No more")
    assert ((await pages.person()).status, (await pages.person()).declined) == (Status.SUBSCRIBED, kind)
    other = await switched(pages, left, "es")
    assert (language(other), heading(other)[:6]) == ("es", "No más")
    back = await pages.client.post(pages.leave(person), data={"what": kind, "undo": "1"})
    assert (await pages.person()).declined == ""
    assert await pages.rows(consents) == []
    assert heading(await switched(pages, back, "es")) == "Estás en la lista"
    # What is said to be done is shown only as far as it is so.
    assert heading(await switched(pages, left, "es")) == "¿Quieres dejar de recibir nuestros correos?"


async def test_who_declines_both_kinds_has_left(quick: Pages) -> None:
    person = await quick.add(declined="news")
    await quick.client.post(quick.leave(person), data={"what": "appeal"})
    assert (await quick.person()).status is Status.UNSUBSCRIBED
    await quick.client.post(quick.leave(person), data={"what": "appeal", "undo": "1"})
    assert ((await quick.person()).status, (await quick.person()).declined) == (Status.SUBSCRIBED, "news")


async def test_leaving_can_be_taken_back_and_is_a_new_consent(pages: Pages) -> None:
    person = await pages.add()
    left = await pages.client.post(pages.leave(person), data={"what": ""})
    assert "Volver a la lista" in left.text
    back = await pages.client.post(pages.leave(person), data={"what": "", "undo": "1"})
    assert heading(back) == "Estás en la lista"
    assert (await pages.person()).status is Status.SUBSCRIBED
    (consent,) = await pages.rows(consents)
    assert (consent["subscriber_id"], consent["source"]) == (person.id, "page to unsubscribe")
    assert {row["hash"] for row in await pages.rows(wordings)} == {consent["wording"]}


@pytest.mark.parametrize("status", [Status.BOUNCED, Status.COMPLAINED])
async def test_no_button_brings_back_whose_mailbox_is_gone_or_who_complained(quick: Pages, status: Status) -> None:
    person = await quick.add(status=status)
    for path, data in ((quick.leave(person), {"undo": "1"}), (quick.prefer(person), {"back": "1"})):
        answer = await quick.client.post(path, data=data)
        assert "/subscribe" in answer.text
    await quick.client.post(quick.leave(person), data=ONE_CLICK)
    assert (await quick.person()).status is status


@pytest.mark.parametrize("page", ["/u/", "/p/"])
async def test_unknown_and_invalid_tokens_look_alike(quick: Pages, page: str) -> None:
    person = await quick.add()
    unknown = quick.tokens.reader_token("nobody-has-it")
    good = quick.tokens.reader_token(person.ref)
    erased = await quick.add("gone@example.org", status=Status.ERASED)
    tokens = [
        unknown,
        f"{good}x",
        f"x{good}",
        "x",
        "x.y",
        "%00",
        "ñ.ñ",
        "a" * 5000,
        quick.tokens.reader_token(erased.ref),
    ]

    def shown(answer: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
        headers = sorted(item for item in answer.headers.items() if item[0] != "content-length")
        return answer.status_code, re.sub(r'/[up]/[^"?]*', "/…", answer.text), headers

    looks = [shown(await quick.client.get(page + token)) for token in tokens]
    assert looks[0][0] == 404
    assert all(look == looks[0] for look in looks)
    clicked = [await quick.client.post(page + token, data=ONE_CLICK) for token in tokens]
    assert len({(answer.status_code, re.sub(r"/[up]/[^\"?]*", "/…", answer.text)) for answer in clicked}) == 1
    posted = [await quick.client.post(page + token, data={"what": ""}) for token in tokens]
    assert {answer.status_code for answer in posted} == ({200} if page == "/u/" else {404})
    assert {heading(answer) for answer in posted} == {"We cannot tell whose link this is"}
    assert all("hello@example.org" in answer.text for answer in posted)
    assert await quick.deeds() == []


async def test_old_links_work_after_the_key_was_changed(space: Space) -> None:
    async with opened(space) as pages:
        person = await pages.add()
        old = pages.leave(person)
    file = space.root / "var" / "secret.key"
    file.write_text(f"{'n' * 40}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    async with opened(space) as pages:
        assert pages.leave(person) != old
        assert (await pages.client.post(old, data=ONE_CLICK)).status_code == 200
        assert (await pages.person()).status is Status.UNSUBSCRIBED


async def test_what_a_mail_client_took_for_a_part_of_the_link_does_no_harm(quick: Pages) -> None:
    person = await quick.add()
    assert (await quick.client.get(f"{quick.leave(person)}.")).status_code == 200
    assert (await quick.client.get(f"{quick.leave(person)}%3E")).status_code == 200
