"""``check --links`` against real servers: what works, moved, is gone, hides in a private network or does not answer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from newsletter.adapters.web_links import Answer, Verdict, follow
from newsletter.render.quality.remarks import Quality
from tests.integration.conftest import ISSUE, SPANISH, Space

# Each check of links that are followed: where it must speak and where it must not; tests/unit/test_checks_examples.py.
EXAMPLES = {
    Quality.DEAD_LINK: ("/gone", "/fine"),
    Quality.PRIVATE_LINK: ("/to-private", "/fine"),
    Quality.MOVED_LINK: ("/moved", "/found"),
    Quality.LINK_UNKNOWN: ("/broken", "/only-get"),
}
CATALOG = "locales/es/LC_MESSAGES/issues/june.po"
VERDICTS = {
    Quality.DEAD_LINK: Verdict.DEAD,
    Quality.PRIVATE_LINK: Verdict.PRIVATE,
    Quality.MOVED_LINK: Verdict.MOVED,
    Quality.LINK_UNKNOWN: Verdict.UNKNOWN,
}


class Site(BaseHTTPRequestHandler):
    """A small web site that remembers who asked for what."""

    asked: list[tuple[str, str, str]]
    private: str

    def do_HEAD(self) -> None:
        """Answer by the path."""
        self.asked.append((self.command, self.path, self.headers.get("Cookie", "")))
        leads = {
            "/moved": (301, "/fine"),
            "/found": (302, "/fine"),
            "/slash": (301, "/slash/"),
            "/round": (302, "/round"),
            "/to-private": (302, self.private),
            "/to-file": (302, "file:///etc/passwd"),
        }
        statuses = {"/gone": 404, "/broken": 500, "/only-get": 405 if self.command == "HEAD" else 200, "/shut": 403}
        status, target = leads.get(self.path, (statuses.get(self.path, 200), ""))
        self.send_response(status)
        self.send_header("Set-Cookie", "who=you")
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - the library's name

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[tuple[str, type[Site]]]:
    """Its host and port, and its handler."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Site,), {"asked": []})) as server:
        other = socket.create_server(("127.0.0.1", 0))
        handler: type[Site] = server.RequestHandlerClass  # type: ignore[assignment]
        handler.private = f"http://127.0.0.1:{other.getsockname()[1]}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()
        other.settimeout(0)
        with pytest.raises(BlockingIOError):
            other.accept()  # nobody came to the private one
        other.close()


@pytest.mark.parametrize("check", list(EXAMPLES))
async def test_link_gets_the_verdict_that_it_deserves(site: tuple[str, type[Site]], check: Quality) -> None:
    wrong, right = (f"http://{site[0]}{path}" for path in EXAMPLES[check])
    answers = await follow([wrong, right], {site[0]})
    assert answers[wrong].verdict is VERDICTS[check]
    assert answers[right] == Answer(Verdict.FINE)


async def test_redirects_end_and_lead_to_web_pages_only(site: tuple[str, type[Site]]) -> None:
    paths = ("/round", "/to-file", "/slash", "/shut")
    answers = await follow([f"http://{site[0]}{path}" for path in paths], {site[0]})
    assert [answer.verdict for answer in answers.values()] == [
        Verdict.DEAD,
        Verdict.DEAD,
        Verdict.FINE,
        Verdict.UNKNOWN,
    ]
    assert all(cookie == "" for _method, _path, cookie in site[1].asked)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0:{port}/",
        "http://user:password@127.0.0.1:{port}/",
    ],
)
async def test_private_networks_are_not_entered(site: tuple[str, type[Site]], url: str) -> None:
    address = url.format(port=site[0].rpartition(":")[2])
    (answer,) = (await follow([address])).values()
    assert answer.verdict is Verdict.PRIVATE
    assert site[1].asked == []


async def test_certificate_that_browsers_warn_of_is_told() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Site,), {"asked": []})) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_args: None  # type: ignore[method-assign]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        (answer,) = (await follow([f"https://localhost:{server.server_port}/"], {"localhost"})).values()
        server.shutdown()
    assert answer.verdict is Verdict.DEAD
    assert "certificate" in answer.said


async def test_missing_network_is_no_dead_page() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    urls = [f"http://127.0.0.1:{port}/", "https://nowhere.invalid/"]
    answers = await follow(urls, {"127.0.0.1"})
    assert [(answer.verdict, answer.silent) for answer in answers.values()] == [(Verdict.UNKNOWN, True)] * 2


async def test_name_that_does_not_exist_is_dead_when_others_answer(site: tuple[str, type[Site]]) -> None:
    answers = await follow([f"http://{site[0]}/fine", "https://nowhere.invalid/"], {site[0]})
    assert answers["https://nowhere.invalid/"].verdict in (Verdict.DEAD, Verdict.UNKNOWN)
    assert answers["https://nowhere.invalid/"].silent


def test_check_names_each_link_at_its_line(space: Space, site: tuple[str, type[Site]]) -> None:
    space.replace("public_url", f"http://{site[0]}")
    space.write_issue(
        ISSUE.replace("https://example.org/farms?a=1&b=2", f"http://{site[0]}/gone")
        .replace("https://example.org/farms", f"http://{site[0]}/moved")
        .replace("https://example.org/es/ranchos", f"http://{site[0]}/fine")
        .replace("https://example.org/donate", f"http://{site[0]}/shut")
    )
    (space.root / CATALOG).unlink()
    page = f"(http://{site[0]}/gone)."
    space.translate(translations={**SPANISH, f"Read it at [our page]{page}": f"Léelo en [nuestra página]{page}"})
    found = space.json("check", "june", "--links", code=1)
    assert isinstance(found, dict)
    followed = [
        (one["severity"], one["code"], one["path"], one["line"]) for one in found["findings"] if one["code"] in EXAMPLES
    ]
    assert followed[0][:3] == ("error", "dead-link", "issues/june.yaml")
    assert ("error", "dead-link", CATALOG) in [one[:3] for one in followed]
    assert ("warning", "moved-link", "issues/june.yaml", 16) in followed
    assert ("warning", "link-unknown", "issues/june.yaml", 20) in followed


def test_check_says_once_that_there_is_no_network(space: Space) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host = f"127.0.0.1:{closed.getsockname()[1]}"
    space.replace("public_url", f"http://{host}")
    space.write_issue(ISSUE.replace("https://example.org", f"http://{host}"))
    found = space.json("check", "june", "--links", code=1)  # the catalog does not fit
    assert isinstance(found, dict)
    (one,) = [one for one in found["findings"] if one["code"] == "link-unknown"]
    assert "is there a network?" in one["message"]
