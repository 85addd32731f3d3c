"""What is posted to the public pages: forms of any size and make, from other websites, and anything at all."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.audience.subscribers import Status
from newsletter.store.tables import signups
from newsletter.web.public.guard import MAX_BODY
from tests.integration.conftest import Space
from tests.integration.public_pages import INTERESTS, Pages, opened
from tests.integration.rude_forms import HORRORS, MULTIPART, UNREADABLE, part


@pytest.fixture
async def pages(space: Space) -> AsyncIterator[Pages]:
    space.set("public", interests=INTERESTS)
    async with opened(space) as made:
        yield made


async def test_long_forms_are_refused_whatever_they_say_of_their_length(pages: Pages) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _number in range(80):
            yield b"x" * 1024

    path = pages.leave(await pages.add())
    for content in (b"x" * (MAX_BODY + 1), chunks()):
        answer = await pages.client.post(path, content=content)
        assert answer.status_code == 413
    assert (await pages.client.post(path, content=b"x" * MAX_BODY)).status_code == 200


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
async def test_form_beyond_the_limits_is_not_read_and_means_to_leave(pages: Pages, body: bytes) -> None:
    person = await pages.add()
    answer = await pages.client.post(
        pages.leave(person), content=body + b"--b--\r\n", headers={"Content-Type": MULTIPART}
    )
    assert answer.status_code == 200
    assert (await pages.person()).status is Status.UNSUBSCRIBED, "the field 'undo' would have kept them"


async def test_form_at_the_limits_is_read(pages: Pages) -> None:
    person = await pages.add()
    body = part("x", b"1" * 4_096) + part("x", b"2", b"\r\na: b" * 7) * 198 + part("undo", b"1") + b"--b--\r\n"
    kind = f"{MULTIPART}; {HORRORS[0][:12_000].decode()}"
    await pages.client.post(pages.leave(person), content=body, headers={"Content-Type": kind})
    assert (await pages.person()).status is Status.SUBSCRIBED


@pytest.mark.parametrize(
    "charset", ["utf-8", "latin-1", "utf-16", "idna", "punycode", "undefined", "zlib", "x" * 300, ""]
)
async def test_form_may_name_any_charset(pages: Pages, charset: str) -> None:
    body = part("email", b"\xff-xn--\xc3-\\N{x}") + b"--b--\r\n"
    answer = await pages.client.post(
        "/subscribe", content=body, headers={"Content-Type": f"{MULTIPART}; charset={charset}"}
    )
    assert answer.status_code == 422


async def test_form_of_many_parts_is_taken(pages: Pages) -> None:
    fields = [("email", "ana@example.org"), ("name", "Ana Díaz"), ("interest", "farms"), ("interest", "marches")]
    parts = [(name, (None, value)) for name, value in fields]
    assert (await pages.client.post("/subscribe?lang=es", files=parts)).status_code == 200
    (row,) = await pages.rows(signups)
    assert (row["email"], row["name"], row["tags"]) == ("ana@example.org", "Ana Díaz", ["farms", "marches"])


# Anything at all

PATHS = st.sampled_from(["subscribe", "u/", "p/", "c/", "static/", "health", "/", ""])
TEXTS = st.text(max_size=40)
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "email",
            "name",
            "edition",
            "interest",
            "interests",
            "form",
            "website",
            "what",
            "undo",
            "back",
            "which",
            "pause",
        ]
    )
    | TEXTS,
    TEXTS | st.sampled_from(["ana@example.org", "es", "en", "appeal", "keep", "4", "farms", "1"]),
    max_size=8,
)
TYPES = st.sampled_from(
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        'multipart/form-data; boundary="',
        "\xff",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_nothing_that_is_asked_or_posted_makes_a_fault(pages: Pages, data: st.DataObject) -> None:
    mine = [pages.tokens.reader_token("r"), pages.tokens.signup_token("s")]
    if not data.draw(st.booleans()):
        found = await pages.desk.stores.subscribers.find("ana@example.org") or await pages.add()
        mine = [pages.tokens.reader_token(found.ref)]
    path = "/" + data.draw(PATHS) + data.draw(st.sampled_from(mine) | TEXTS)
    request: dict[str, Any] = {
        "params": data.draw(st.dictionaries(st.sampled_from(["lang", "of", "x"]), TEXTS, max_size=3)),
        "headers": {
            "Accept-Language": data.draw(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"))).encode(
                "latin-1"
            ),
            "If-None-Match": data.draw(st.text(st.characters(max_codepoint=126, min_codepoint=32))),
        },
    }
    method = data.draw(st.sampled_from(["GET", "HEAD", "POST", "POST", "DELETE"]))
    if method == "POST":
        if data.draw(st.booleans()):
            request["data"] = data.draw(FIELDS)
        else:
            request["content"] = data.draw(st.binary(max_size=300))
            request["headers"]["Content-Type"] = data.draw(TYPES).encode("latin-1")
    # As bytes, so that the client does not tidy up what a rude one would send.
    url = httpx.URL("https://news.example.org").copy_with(raw_path=_quoted(path))
    answer = await pages.client.request(method, url.copy_merge_params(request.pop("params")), **request)
    assert answer.status_code < 500
    assert answer.headers["Content-Security-Policy"]


def _quoted(path: str) -> bytes:
    return (
        b"".join(
            bytes([char]) if 32 < char < 127 and char not in b"#?" else f"%{char:02X}".encode()
            for char in path.encode()
        )
        or b"/"
    )


def test_form_for_another_website_is_plain_html_that_the_pages_take(space: Space) -> None:
    space.set("public", interests=INTERESTS)
    printed = space.run("serve", "--snippet", "es").stdout
    assert 'action="https://news.example.org/subscribe?lang=es"' in printed
    assert "<script" not in printed
    assert "Ranchos" in printed
    names = set(re.findall(r'name="([^"]+)"', printed))
    assert names == {"form", "wording", "email", "name", "website", "edition", "interest"}
    assert "did you mean 'es'" in space.run("serve", "--snippet", "ess", code=2).stderr
