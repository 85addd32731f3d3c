"""``newsletter serve`` as a whole: a real server, slow and rude clients, headers, logs, prefixes, faults."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from unittest import mock

import httpx
import pytest

from newsletter.audience.subscribers import Status
from newsletter.errors import StoreError
from newsletter.web.public import server
from newsletter.web.public.buckets import Buckets
from tests.browser.studio import served
from tests.integration.conftest import People, Space
from tests.integration.faults import held_at_the_gate
from tests.integration.public_pages import INTERESTS, ONE_CLICK, Pages, opened
from tests.integration.records import ask
from tests.integration.rude_forms import MULTIPART, UNREADABLE

PUBLIC = ("/subscribe", "/subscribe/sent", "/health", "/static/public.css", "/static/theme.css")


@pytest.fixture
async def pages(space: Space) -> AsyncIterator[Pages]:
    space.set("public", interests=INTERESTS)
    async with opened(space) as made:
        yield made


@contextlib.contextmanager
def serving(space: Space, *options: str) -> Iterator[tuple[str, int]]:
    """A real server in a process of its own: address and port."""
    with served(space.root, "serve", "--port", "0", *options) as (address, _pid):
        yield address, int(address.rpartition(":")[2])


async def all_pages(pages: Pages) -> list[str]:
    """The path of a page of every kind."""
    person = await pages.add()
    token = pages.tokens.signup_token("x")
    return [*PUBLIC, pages.leave(person), pages.prefer(person), "/u/x.y", "/p/x.y", f"/c/{token}", "/nothing"]


async def test_every_answer_allows_nothing_from_elsewhere_and_sets_no_cookie(pages: Pages) -> None:
    for path in await all_pages(pages):
        for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS"):
            answer = await pages.client.request(method, path, headers={"Origin": "https://elsewhere.example"})
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script" not in policy
            assert "unsafe" not in policy
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Set-Cookie" not in answer.headers
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert not answer.is_redirect
            assert not re.search(r"<script|style=|\son\w+=", answer.text)
            targets = re.findall(r'\b(?:src|href|action)="([^"]*)"', answer.text)
            assert all(re.match(r"[/#]|mailto:|https://news\.example\.org/", target) for target in targets), targets


async def test_personal_pages_are_kept_by_nobody(pages: Pages) -> None:
    person = await pages.add()
    for path in (pages.leave(person), pages.prefer(person), "/u/x.y", "/c/x.y"):
        answer = await pages.client.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        title = re.search(r"<title>(.*?)</title>", answer.text)
        assert title
        assert "ana" not in title[1].lower()
    assert "X-Robots-Tag" not in (await pages.client.get("/subscribe")).headers


async def test_style_sheet_is_kept_and_asked_for_anew(pages: Pages) -> None:
    first = await pages.client.get("/static/theme.css")
    assert "#1d5440" in first.text
    for known in (first.headers["ETag"], f"W/{first.headers['ETag']}"):  # a proxy that compresses makes it weak
        again = await pages.client.get("/static/theme.css", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
    assert (await pages.client.get("/static/..%2fguard.py")).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "", "news.example.org:80", "[::1"])
async def test_no_link_is_made_of_what_a_request_says_of_its_host(pages: Pages, host: str) -> None:
    headers = {"Host": host, "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    answer = await pages.client.get("/subscribe", headers=headers)
    assert answer.status_code == 200
    assert "evil" not in answer.text


@pytest.mark.parametrize("prefix", ["/our/letters", "/u", "/p", "/archive", "/a%C3%B1o"])
async def test_pages_work_below_a_path_whether_or_not_the_proxy_leaves_it_on(space: Space, prefix: str) -> None:
    space.replace("public_url", f"https://example.org{prefix}")
    async with opened(space) as pages:
        person = await pages.add()
        for path in (f"{prefix}{pages.leave(person)}", pages.leave(person)):
            page = await pages.client.get(f"{path}?lang=en")
            assert page.status_code == 200
            assert f'action="{prefix}{pages.leave(person)}?lang=en"' in page.text
            found = re.findall(r'(?:href|action)="(/[^"]*)"', page.text)
            assert found
            assert all(target.startswith(f"{prefix}/") for target in found)
        for path in (f"{prefix}x/subscribe", "/our", f"{prefix}/nothing"):
            assert (await pages.client.get(path)).status_code == 404
        style = re.search(rf'href="({prefix}/static/[^"]+)"', page.text)
        assert style
        assert (await pages.client.get(style[1])).status_code == 200
        for path in (f"{prefix}{pages.prefer(person)}", pages.prefer(person)):
            await pages.client.post(path, data={"name": path})
            assert (await pages.person()).name == path[:100]
        await pages.client.post(f"{prefix}{pages.leave(person)}", data=ONE_CLICK)
        assert (await pages.person()).status is Status.UNSUBSCRIBED


async def test_no_link_leads_to_another_host_whatever_the_path(pages: Pages) -> None:
    for raw in (b"//evil.example/x", b"///evil.example", b"/%2Fevil.example", b"/%5Cevil.example", b"/\\evil.example"):
        answer = await pages.client.get(httpx.URL("https://news.example.org").copy_with(raw_path=raw))
        assert answer.status_code == 404
        links = re.findall(r'href="(/[^"]*)"', answer.text)
        assert links
        assert not [link for link in links if re.match(r"/[/\\]", link)]


async def test_refused_method_is_answered_with_those_that_there_are(pages: Pages) -> None:
    for path, methods in (("/u/x.y", "GET, HEAD, POST"), ("/subscribe", "GET, HEAD, POST"), ("/health", "GET, HEAD")):
        for method in ("PUT", "TRACE", "OPTIONS", "PROPFIND"):
            answer = await pages.client.request(method, path)
            assert (answer.status_code, answer.headers["Allow"]) == (405, methods)


async def test_fault_of_ours_is_told_without_words_and_without_tokens(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    person = await pages.add()
    secret = RuntimeError("ana@example.org is a secret")
    with mock.patch.object(pages.desk.readers, "find", side_effect=secret):
        answer = await pages.client.get(pages.leave(person))
    assert answer.status_code == 500
    assert "later" in answer.text
    assert "ana@" not in answer.text
    (record,) = [record for record in caplog.records if record.name.startswith("newsletter")]
    assert (record.msg, record.args) == ("page-failed", ())


async def test_health_asks_the_database(pages: Pages) -> None:
    assert (await pages.client.get("/health")).text == "ok\n"
    with mock.patch.object(type(pages.desk.stores.database), "read", side_effect=StoreError("away")):
        answer = await pages.client.get("/health")
    assert (answer.status_code, answer.text) == (503, "the database does not answer\n")


def test_one_network_of_a_client_counts_as_one_and_fills_up_again() -> None:
    now = 0.0
    buckets = Buckets(60, 2, lambda: now)
    assert [buckets.allow("2001:db8::1"), buckets.allow("2001:db8::2"), buckets.allow("2001:db8::3")] == [
        True,
        True,
        False,
    ]
    assert buckets.allow("2001:db8:0:1::1")
    assert buckets.allow("::ffff:192.0.2.1")
    assert [buckets.allow("192.0.2.1"), buckets.allow("192.0.2.1")] == [True, False]
    now = 60.0
    assert [buckets.allow("192.0.2.1"), buckets.allow("192.0.2.1")] == [True, False]
    assert buckets.allow("no address at all")


@pytest.mark.parametrize("address", ["2001:db8:0:{:x}::1", "192.0.2.{}", "::ffff:192.0.2.{}"])
def test_neighbourhood_of_clients_shares_the_forms_of_a_day(address: str) -> None:
    now = 0.0
    buckets = Buckets(5, 5, lambda: now)
    assert sum(buckets.allow(address.format(number)) for number in range(60)) == 20
    assert buckets.allow("198.51.100.1"), "who lives elsewhere is let in"
    now = 3_600.0 * 6
    assert sum(buckets.allow(address.format(number)) for number in range(60)) == 5


# A real server


def test_real_server_serves_and_logs_no_token(space: Space, people: People) -> None:
    people(1)
    space.set("public", interests=INTERESTS)
    started = space.start("serve", "--port", "0", "--log-format", "text")
    try:
        assert started.stdout is not None
        line = started.stdout.readline()
        found = re.search(r"at (http://[^/]+)/, for https://news\.example\.org$", line)
        assert found, line
        ref = ask(space, "select ref from subscribers")[0][0]
        with httpx.Client(base_url=found[1]) as client:
            assert client.get("/health").text == "ok\n"
            assert client.post(f"/u/{ref}.wrong", data=ONE_CLICK).status_code == 200
            broken = client.post(f"/u/{ref}.wrong", content=UNREADABLE[0], headers={"Content-Type": MULTIPART})
            assert broken.status_code == 200
            assert client.get(f"/u/{ref}.wrong?x=ana@example.org", headers={"Upgrade": "websocket"}).status_code == 404
            assert client.get("/subscribe", headers={"X-Forwarded-For": "a, b"}).status_code == 200
            assert "server" not in client.get("/subscribe").headers
        with socket.create_connection(("127.0.0.1", int(found[1].rpartition(":")[2]))) as rude:
            rude.sendall(f"GET /u/{ref}.wrong\x00 nonsense\r\n\r\n".encode())
            assert rude.recv(100).startswith(b"HTTP/1.1 400")
        with socket.create_connection(("127.0.0.1", int(found[1].rpartition(":")[2]))) as whole:
            whole.sendall(b"GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            assert whole.makefile("rb").read().endswith(b"ok\n"), "the whole address may be named; RFC 9112, 3.2.2"
    finally:
        started.terminate()
        out, err = started.communicate(timeout=60)
    assert started.returncode == 0, err
    assert str(ref) not in out + err
    assert "@" not in out + err
    assert "multipart" not in err, "strangers could fill the log with it"


def test_client_is_whom_the_proxy_names_and_not_whom_the_client_says(space: Space) -> None:
    space.set("public", forms_per_hour=2)
    with serving(space) as (address, _port), httpx.Client(base_url=address) as client:
        # What a client says of itself stands first; a proxy adds whom it sees.
        for seen, number in (("192.0.2.7", 4), ("2001:db8::7", 3)):
            said = [f"203.0.113.{n}" for n in range(number)]
            headers = [{"X-Forwarded-For": f"{one}, {seen}", "X-Real-IP": one} for one in said]
            answers = [client.post("/subscribe", data={"email": "a@example.org"}, headers=one) for one in headers]
            assert [answer.status_code for answer in answers] == [*[200] * 2, *[429] * (number - 2)]


@pytest.mark.parametrize(
    ("options", "headers", "do"),
    [
        (["--proxy", "192.0.2.1"], {"X-Forwarded-For": "203.0.113.9"}, "start with --proxy and its address"),
        (["--proxy", "192.0.2.1"], {"Forwarded": "for=203.0.113.9"}, "start with --proxy and its address"),
        ([], {"X-Real-IP": "203.0.113.9"}, "let it set X-Forwarded-For"),
        ([], {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}, ""),
        (["--proxy", "127.0.0.0/8"], {"X-Forwarded-For": "203.0.113.9"}, ""),
        ([], {}, ""),
    ],
)
def test_staff_are_told_once_when_a_proxy_hides_who_asks(
    space: Space, options: list[str], headers: dict[str, str], do: str
) -> None:
    started = space.start("serve", "--port", "0", "--log-format", "json", *options)
    try:
        assert started.stdout is not None
        found = re.search(r"http://[^/]+", started.stdout.readline())
        assert found
        for _time in range(3):
            answer = httpx.get(f"{found[0]}/health", headers=headers)
            assert (answer.status_code, "Newsletter-Readers" in answer.headers) == (200, bool(do))
    finally:
        started.terminate()
        out, err = started.communicate(timeout=60)
    assert out.count("all readers count as one") == err.count('"readers-look-alike"') == bool(do)
    assert do in out
    assert not re.search(r"203\.|127\.|192\.", out + err)


def test_proxy_is_known_however_a_socket_writes_its_address(space: Space) -> None:
    space.set("public", forms_per_hour=1)
    with served(space.root, "serve", "--port", "0", "--host", "::", "--proxy", "127.0.0.1") as (address, _pid):
        own = f"http://127.0.0.1:{address.rpartition(':')[2]}/subscribe"
        for number in range(3):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            assert httpx.post(own, data={"email": "a@example.org"}, headers=headers).status_code == 200


def test_proxy_that_is_no_address_is_refused(space: Space) -> None:
    for text in ("*", "localhost", "127.0.0.1:80", "10.0.0.0/33", ""):
        told = space.run("serve", "--proxy", text, code=2).stderr
        assert f"--proxy: '{text}' is no address" in told
        assert "hint: write an IP address" in told


def test_slow_clients_are_cut_off_and_keep_nobody_out(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    # In a process of its own, whose patience is shorter.
    script = (
        "import sys; from newsletter.web.public import guard, server;"
        "server.HEAD_TIME = 1.0; guard.REQUEST_TIME = 1.5; server.IDLE_TIME = 1;"
        "from newsletter.cli.main import main; sys.argv = ['newsletter', 'serve', '--port', '0']; main()"
    )
    monkeypatch.setenv("PYTHONPATH", "")
    with served(space.root, code=script) as (address, _pid):
        place = ("127.0.0.1", int(address.rpartition(":")[2]))
        with contextlib.ExitStack() as held:
            silent = [held.enter_context(socket.create_connection(place)) for _number in range(50)]
            dripping = held.enter_context(socket.create_connection(place))
            dripping.sendall(b"GET /subscribe HTTP/1.1\r\nHost: x\r\nX-A: ")
            slow = held.enter_context(socket.create_connection(place))
            slow.sendall(b"POST /u/x.y HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nList")
            assert httpx.get(f"{address}/health").text == "ok\n"
            began = time.monotonic()
            for number in range(40):
                with contextlib.suppress(OSError):
                    dripping.sendall(b"a")
                time.sleep(0.05)
                if number == 20:
                    dripping.settimeout(10)
            for one in (*silent, dripping):
                one.settimeout(10)
                with contextlib.suppress(ConnectionError):
                    assert one.recv(100) == b""
            slow.settimeout(10)
            assert slow.recv(100).startswith(b"HTTP/1.1 408")
            assert time.monotonic() - began < 10
        assert server.MAX_CONNECTIONS > 50


def test_one_click_holds_for_the_very_next_claim_of_a_running_campaign(
    space: Space, people: People, database_url: str
) -> None:
    space.replace("database", database_url)
    people(10)
    with serving(space) as (address, _port), held_at_the_gate(space, "june") as mail_server:
        before = next(data for _from, to, data in mail_server.inbox.messages if to == "reader0@example.org")
        assert b"/u/" in before

        async def link() -> str:
            house = space.house()
            async with house.stores() as stores:
                found = await stores.subscribers.find("reader6@example.org")
                assert found is not None
                return (await house.tokens(stores.database)).reader_token(found.ref)

        answer = httpx.post(f"{address}/u/{asyncio.run(link())}", data=ONE_CLICK)
        assert (answer.status_code, answer.text) == (200, "You are off the list.\n")
    assert mail_server.inbox.recipients() == [f"reader{n}@example.org" for n in range(10) if n != 6]
