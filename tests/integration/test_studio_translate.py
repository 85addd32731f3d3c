"""Translating in the studio over HTTP: what is written, and what is never overwritten."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import polib
import pytest

from .conftest import ISSUE, SPANISH, Space
from .test_studio import OURS, both, client

__all__ = ["both", "client"]

PAGE = "/issues/june/translate/es"


def catalog_of(space: Space, slug: str = "june") -> Path:
    return space.root / "locales" / "es" / "LC_MESSAGES" / "issues" / f"{slug}.po"


def entry_of(space: Space, msgid: str) -> polib.POEntry:
    found = polib.pofile(str(catalog_of(space)), wrapwidth=0).find(msgid)
    assert found is not None
    return found


def write(space: Space, msgid: str, text: str, *, fuzzy: bool = False) -> None:
    """What another program does: a PO editor."""
    catalog = polib.pofile(str(catalog_of(space)), wrapwidth=0)
    entry = catalog.find(msgid)
    assert entry is not None
    entry.msgstr, entry.flags = text, ["fuzzy"] if fuzzy else []
    catalog.save()


async def form_of(client: httpx.AsyncClient, context: str) -> dict[str, str]:
    page = await client.get(f"{PAGE}?context={context}", follow_redirects=True)
    assert page.status_code == 200
    found = dict(re.findall(r'<input type="hidden" name="(key|print)" value="([^"]*)"', page.text))
    return {"key": found["key"], "print": found["print"]}


async def save(client: httpx.AsyncClient, form: dict[str, str], text: str, **more: str) -> httpx.Response:
    return await client.post(PAGE, data={**form, "text": text, **more}, headers=OURS)


async def test_findings_are_in_the_language_of_the_page(client: httpx.AsyncClient, space: Space) -> None:
    space.translate()
    write(space, "Milk with Dignity", "")
    spanish = {"Accept-Language": "es"}
    tasks = (await client.get("/issues/june/tasks", headers=spanish)).text
    assert '<p class="task-what" lang="es">la edición «es» de «june» no está completa: 1 sin traducir</p>' in tasks
    assert "sin traducir: &#39;Milk with Dignity&#39;" in tasks
    assert "not translated" not in tasks
    form = await form_of(client, "farms.body")
    remarks = await client.post(f"{PAGE}/check", data={**form, "text": "Ven, <b>2031</b>"}, headers={**OURS, **spanish})
    assert "no se permite HTML" in remarks.text
    assert 'lang="en"' not in remarks.text


async def test_saved_text_stands_in_the_catalog_and_leads_to_the_next(client: httpx.AsyncClient, space: Space) -> None:
    space.translate(translations={"Read more": "Leer más"})
    write(space, "Milk with Dignity", "")
    answer = await save(client, await form_of(client, "farms.title"), "Leche con Dignidad\r\n", then="next")
    assert answer.status_code == 303
    assert entry_of(space, "Milk with Dignity").msgstr == "Leche con Dignidad"
    assert "saved=1" in answer.headers["location"]


async def test_edit_of_another_program_is_not_overwritten_and_both_are_shown(
    client: httpx.AsyncClient, space: Space
) -> None:
    form = await form_of(client, "farms.title")
    write(space, "Milk with Dignity", "Leche con dignidad y justicia")
    answer = await save(client, form, "Mi propia leche")
    assert answer.status_code == 409
    assert entry_of(space, "Milk with Dignity").msgstr == "Leche con dignidad y justicia"
    assert "Leche con dignidad y justicia</pre>" in answer.text
    assert "Mi propia leche</textarea>" in answer.text
    seen = dict(re.findall(r'name="(key|print)" value="([^"]*)"', answer.text))
    assert (await save(client, seen, "Mi propia leche")).status_code == 303
    assert entry_of(space, "Milk with Dignity").msgstr == "Mi propia leche"


async def test_mark_fuzzy_of_another_program_counts_as_an_edit(client: httpx.AsyncClient, space: Space) -> None:
    form = await form_of(client, "farms.title")
    write(space, "Milk with Dignity", "Leche con Dignidad", fuzzy=True)
    assert (await save(client, form, "Otra")).status_code == 409


async def test_edits_of_other_messages_are_kept(client: httpx.AsyncClient, space: Space) -> None:
    form = await form_of(client, "farms.title")
    write(space, "Read more", "Sigue leyendo")
    assert (await save(client, form, "Leche digna")).status_code == 303
    assert entry_of(space, "Read more").msgstr == "Sigue leyendo"
    assert entry_of(space, "Milk with Dignity").msgstr == "Leche digna"


@pytest.mark.parametrize(("more", "fuzzy"), [({}, False), ({"unsure": "1"}, True)])
async def test_saving_clears_fuzzy_unless_it_is_to_be_checked(
    client: httpx.AsyncClient, space: Space, more: dict[str, str], *, fuzzy: bool
) -> None:
    write(space, "Milk with Dignity", "Leche", fuzzy=True)
    await save(client, await form_of(client, "farms.title"), "Leche con Dignidad", **more)
    assert entry_of(space, "Milk with Dignity").fuzzy is fuzzy


async def test_message_that_was_never_synced_can_be_translated(client: httpx.AsyncClient, space: Space) -> None:
    space.write_issue(ISSUE.replace("Milk with Dignity", "A new headline"))
    answer = await save(client, await form_of(client, "farms.title"), "Un titular nuevo")
    assert answer.status_code == 303
    assert entry_of(space, "A new headline").msgstr == "Un titular nuevo"
    assert entry_of(space, "Read more").msgstr == "Leer más"


async def test_original_that_changed_meanwhile_loses_nothing(client: httpx.AsyncClient, space: Space) -> None:
    form = await form_of(client, "farms.title")
    space.write_issue(ISSUE.replace("Milk with Dignity", "A new headline"))
    before = catalog_of(space).read_bytes()
    answer = await save(client, form, "Lo que escribí")
    assert answer.status_code == 409
    assert "Lo que escribí</pre>" in answer.text
    assert catalog_of(space).read_bytes() == before


async def test_character_that_would_break_the_catalog_is_refused(client: httpx.AsyncClient, space: Space) -> None:
    answer = await save(client, await form_of(client, "farms.title"), "Leche\u202econ")
    assert answer.status_code == 409
    assert entry_of(space, "Milk with Dignity").msgstr == "Leche con Dignidad"


async def test_checks_run_while_one_types(client: httpx.AsyncClient) -> None:
    form = await form_of(client, "farms.body")
    data = {"key": form["key"], "text": "Léelo en nuestra página."}
    answer = await client.post(f"{PAGE}/check", data=data, headers=OURS)
    assert "remark-blocks" in answer.text
    assert "link" in answer.text
    good = {"key": form["key"], "text": SPANISH["Read it at [our page](https://example.org/farms?a=1&b=2)."]}
    assert "The checks find nothing." in (await client.post(f"{PAGE}/check", data=good, headers=OURS)).text


async def test_glossary_terms_are_underlined_with_what_the_glossary_says(
    client: httpx.AsyncClient, space: Space
) -> None:
    (space.root / "locales" / "glossary.csv").write_text("term,en,es\nMilk with Dignity,=,Leche con Dignidad\n")
    page = (await client.get(f"{PAGE}?context=farms.title", follow_redirects=True)).text
    assert '<mark class="term">Milk with Dignity</mark>' in page
    assert ">Leche con Dignidad</dd>" in page


async def test_translations_of_other_issues_are_offered(client: httpx.AsyncClient, space: Space) -> None:
    space.write_issue(ISSUE, "may")
    space.run("i18n", "sync", "may")
    write(space, "Milk with Dignity", "")
    other = polib.pofile(str(catalog_of(space, "may")), wrapwidth=0)
    entry = other.find("Milk with Dignity")
    assert entry is not None
    entry.msgstr, entry.flags = "Leche digna", []
    other.save()
    page = (await client.get(f"{PAGE}?context=farms.title", follow_redirects=True)).text
    assert 'data-take="Leche digna"' in page


async def test_earlier_text_of_a_fuzzy_entry_shows_what_changed(client: httpx.AsyncClient, space: Space) -> None:
    space.write_issue(ISSUE.replace("What happened in May", "What happened in June"))
    space.run("i18n", "sync", "june")
    page = (await client.get(f"{PAGE}?context=preheader", follow_redirects=True)).text
    assert "<del>May</del><ins>June</ins>" in page


async def test_list_is_filtered_by_state(client: httpx.AsyncClient, space: Space) -> None:
    write(space, "Milk with Dignity", "")
    page = (await client.get(f"{PAGE}?show=missing")).text
    assert page.count('class="message message-') == 1
    assert "message-missing" in page


async def test_clicked_text_leads_to_its_message(client: httpx.AsyncClient) -> None:
    answer = await client.get(PAGE, params={"block": "greeting", "text": "se firmó la ley. La polimigra debe acabar."})
    page = await client.get(answer.headers["location"])
    assert "se firmó la ley. La *polimigra* debe acabar.</textarea>" in page.text


async def test_findings_lead_to_the_form(client: httpx.AsyncClient, space: Space) -> None:
    write(space, "Milk with Dignity", "")
    tasks = (await client.get("/issues/june/tasks")).text
    assert "/issues/june/translate/es?context=farms.title" in tasks


@pytest.mark.parametrize("path", ["/issues/june/translate/en", "/issues/june/translate/fr", "/issues/nix/translate/es"])
async def test_what_is_not_translated_has_no_page(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404
