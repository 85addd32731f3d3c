"""The doctor, against real servers on loopback: DNS, SMTP, HTTP; and without a network."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from pathlib import Path

import dns.asyncresolver
import pytest
import trustme

from newsletter.adapters.names import Names, NoAnswerError
from newsletter.cli.commands.doctor import network, records
from tests.integration.conftest import Space
from tests.integration.dns_server import Records, dns_server
from tests.integration.postgres import Postgres
from tests.integration.scenes import with_key
from tests.integration.servers import real_server, unused_port

Patch = pytest.MonkeyPatch

GOOD: Records = {
    ("example.org", "TXT"): ["unrelated", "v=spf1 include:spf.provider.example ip4:192.0.2.1 -all"],
    ("spf.provider.example", "TXT"): ["v=spf1 a mx -all"],
    ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=quarantine"],
}


@contextlib.contextmanager
def asking(records_of: Records, patch: Patch) -> Iterator[None]:
    """Let the doctor ask a DNS server that knows these records."""
    with dns_server(records_of) as port:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        resolver.timeout = 20  # seconds for one try; a busy machine must not look like a missing network
        patch.setattr("newsletter.adapters.names.LIFETIME", 25.0)
        patch.setattr(network, "names", lambda: Names(resolver))
        yield


@contextlib.contextmanager
def web_server(
    status: int = 200, late: float = 0.0, tls: ssl.SSLContext | None = None, **headers: str
) -> Iterator[int]:
    """Answers every GET, with a clock that is ``late`` seconds late; yields the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/news/health" else 404)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=late), usegmt=True)

        def log_message(self, *_args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def look(space: Space, code: int = 0) -> dict[str, dict[str, str]]:
    found = space.json("doctor", code=code)
    assert isinstance(found, list)
    return {row["what"]: row for row in found}


@pytest.fixture
def quiet(space: Space) -> Space:
    """A workspace whose pages and mail server are nowhere."""
    space.replace("public_url", f"http://127.0.0.1:{unused_port()}/news")
    space.set("smtp", port=unused_port())
    return space


def with_record(space: Space, change: Callable[[str], list[str]] = lambda value: [value]) -> Records:
    """Make a key; the records with its own, changed."""
    name, value = with_key(space).dns_record()
    return {**GOOD, (name, "TXT"): change(value)}


def test_a_sound_workspace_is_found_well(space: Space, monkeypatch: Patch) -> None:
    known = with_record(space)
    with asking(known, monkeypatch), web_server() as port, real_server() as inbox:
        space.replace("public_url", f"http://127.0.0.1:{port}/news")
        space.set("smtp", port=inbox.port)
        found = look(space)
        shown = space.run("doctor").stdout
    well = {what for what, row in found.items() if row["verdict"] == "well"}
    assert well == {
        "settings", "database", "disk", "permissions", "mail server", "SPF", "DKIM", "DMARC", "DKIM alignment",
        "SPF alignment", "public pages",
    }  # fmt: skip
    assert found["clock"]["found"] == "no other machine's clock was seen"
    assert found["reverse name"]["verdict"] == "not checked"
    assert "s1._domainkey.example.org holds our key" in shown


@pytest.mark.parametrize(
    ("change", "what", "told"),
    [
        ({("example.org", "TXT"): ["v=spf1 -all", "v=spf1 a -all"]}, "SPF", "has 2 records"),
        ({("example.org", "TXT"): ["other"]}, "SPF", "has no record"),
        ({("example.org", "TXT"): ["v=spf1 +all"]}, "SPF", "+all"),
        ({("example.org", "TXT"): ["v=spf1 " + "a:x.example.net " * 11 + "-all"]}, "SPF", "11 look-ups"),
        ({("spf.provider.example", "TXT"): ["v=spf1 " + "a:x.example.net " * 10 + "-all"]}, "SPF", "11 look-ups"),
        ({("spf.provider.example", "TXT"): ["v=spf1 include:example.org -all"]}, "", ""),
        ({("_dmarc.example.org", "TXT"): []}, "DMARC", "has no policy"),
        ({("_dmarc.example.org", "TXT"): ["v=DMARC1; p=nothing"]}, "DMARC", "p=nothing"),
        ({("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "DMARC", "2 policies"),
    ],
)
def test_each_fault_of_a_record_is_named(
    quiet: Space, monkeypatch: Patch, change: Records, what: str, told: str
) -> None:
    with asking({**GOOD, **change}, monkeypatch):
        found = look(quiet, code=2)
    wrong = {name for name, row in found.items() if row["verdict"] == "problem"}
    assert wrong - {"mail server", "public pages"} == ({what} if what else set())
    if what:
        assert told in found[what]["found"]
        assert found[what]["do"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda value: [], "has no record"),
        (lambda value: [value.replace("p=", "p=AAAA")], "is of another key"),
        (lambda value: ["v=DKIM1; k=rsa; p="], "is withdrawn"),
        (lambda value: [value, "v=DKIM1; p=AAAA"], "has 2 records"),
    ],
)
def test_a_dkim_record_that_is_not_our_keys_is_named_with_the_right_one(
    quiet: Space, monkeypatch: Patch, change: Callable[[str], list[str]], told: str
) -> None:
    known = with_record(quiet, change)
    with asking(known, monkeypatch):
        found = look(quiet, code=2)
    assert told in found["DKIM"]["found"]
    assert "v=DKIM1; k=rsa; p=" in found["DKIM"]["do"]


def test_a_policy_of_the_domain_above_counts_and_alignment_follows_it(quiet: Space, monkeypatch: Patch) -> None:
    known = with_record(quiet)
    quiet.set("sender", address="news@mail.example.org", bounces="b@example.net")
    strict = {**known, ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=reject; adkim=s"]}
    for records_of, verdict in ((known, "well"), (strict, "problem")):
        with asking(records_of, monkeypatch):
            found = look(quiet, code=2)
        assert found["DMARC"]["verdict"] == "well"
        assert found["DKIM alignment"]["verdict"] == verdict
        assert found["SPF alignment"]["verdict"] == "not checked"


def test_a_missing_network_is_said_and_nothing_is_guessed(quiet: Space, monkeypatch: Patch) -> None:
    with_key(quiet)
    monkeypatch.setattr("newsletter.adapters.names.LIFETIME", 0.3)
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], unused_port()
    monkeypatch.setattr(network, "names", lambda: Names(resolver))
    quiet.replace("public_url", "https://news.example.invalid")
    quiet.replace("smtp", None)
    found = look(quiet)
    for what in ("SPF", "DKIM", "DMARC", "public pages"):
        assert found[what]["verdict"] == "not checked", what
        assert "could not be checked: " in found[what]["found"]
    assert "p=" in found["DKIM"]["do"], "the record to set is told all the same"
    assert found["mail server"]["verdict"] == "not checked"


@pytest.mark.parametrize(
    ("status", "late", "what", "told"),
    [(503, 0, "public pages", "answers 503"), (200, 3600, "clock", "seconds apart")],
)
def test_pages_that_fail_and_clocks_that_differ_are_named(
    quiet: Space, monkeypatch: Patch, status: int, late: float, what: str, told: str
) -> None:
    monkeypatch.setattr(network, "is_own", lambda _address: False)
    with asking(GOOD, monkeypatch), web_server(status, late) as port:
        quiet.replace("public_url", f"http://127.0.0.1:{port}/news")
        found = look(quiet, code=2)
    assert found[what]["verdict"] == "problem"
    assert told in found[what]["found"]


def test_web_server_in_front_that_hides_who_asks_is_named(quiet: Space, monkeypatch: Patch) -> None:
    for why, told in (("unnamed", "--proxy"), ("silent", "let it set X-Forwarded-For"), ("nonsense", "")):
        with asking(GOOD, monkeypatch), web_server(newsletter_readers=why) as port:
            quiet.replace("public_url", f"http://127.0.0.1:{port}/news")
            found = look(quiet, code=2).get("web server in front", {"do": "", "verdict": "problem"})
        assert told in found["do"]
        assert found["verdict"] == "problem"


def test_login_without_a_password_is_told_where_it_is_written(quiet: Space, monkeypatch: Patch) -> None:
    with asking(GOOD, monkeypatch), real_server() as inbox:
        quiet.set("smtp", port=inbox.port, username="news")
        found = look(quiet, code=2)["mail server"]
        assert "smtp: there is no password for 'news'" in found["found"]
        assert found["found"].startswith("newsletter.yaml:")
        assert "NEWSLETTER_SMTP__PASSWORD" in found["do"]
        told = quiet.run("serve", "--port", "0", code=2).stderr
        assert "there is no password for 'news' [missing-password]" in told
        quiet.run("check")


def test_certificates_that_end_soon_or_are_not_trusted_are_named(
    quiet: Space, monkeypatch: Patch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    soon = authority.issue_cert("localhost", not_after=dt.datetime.now(dt.UTC) + dt.timedelta(days=3))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    soon.configure_cert(context)
    with asking(GOOD, monkeypatch), web_server(tls=context) as port, real_server(starttls=context) as inbox:
        quiet.replace("public_url", f"https://localhost:{port}/news")
        quiet.set("smtp", host="localhost", port=inbox.port, security="starttls")
        found = look(quiet, code=2)
        for what in ("public pages", "mail server"):
            assert "cannot be trusted" in found[what]["found"]
        authority.cert_pem.write_to_path(str(bundle))
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        found = look(quiet, code=2)
    assert found["public pages"]["verdict"] == found["mail server"]["verdict"] == "well"
    for what in ("pages' certificate", "mail server's certificate"):
        assert "which is soon" in found[what]["found"]


def test_copies_of_the_list_that_others_can_read_are_named(quiet: Space, monkeypatch: Patch) -> None:
    quiet.run("segments", "count")
    for name in ("backups/monday.db", "backups/list.csv", "demo/people.csv"):
        file = quiet.root / "var" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x", encoding="utf-8")
        file.chmod(0o644)
    with asking(GOOD, monkeypatch):
        found = look(quiet, code=2)
    for name in ("var/backups/monday.db", "var/backups/list.csv"):
        assert found[name]["do"] == f"chmod 600 {name}"
    assert "var/demo/people.csv" not in found


def test_a_database_server_is_asked_for_its_clock(quiet: Space, monkeypatch: Patch, postgres: Postgres) -> None:
    quiet.replace("database", postgres.new_database())
    with asking(GOOD, monkeypatch):
        assert look(quiet, code=2)["database"]["found"] == "the server answers, and its clock agrees with ours"
        monkeypatch.setattr("newsletter.cli.commands.doctor.machine.WRONG_CLOCK", -1)
        assert "seconds apart" in look(quiet, code=2)["database's clock"]["found"]
    quiet.replace("database", f"postgresql://postgres@127.0.0.1:{unused_port()}/x")
    with asking(GOOD, monkeypatch):
        assert "cannot be reached" in look(quiet, code=2)["database"]["found"]


def test_a_full_disk_is_named(quiet: Space, monkeypatch: Patch) -> None:
    monkeypatch.setattr("newsletter.cli.commands.doctor.machine.LOW_DISK", 2**60)
    with asking(GOOD, monkeypatch):
        assert look(quiet, code=2)["disk"]["verdict"] == "problem"


def test_a_check_that_takes_too_long_is_given_up(quiet: Space, monkeypatch: Patch) -> None:
    monkeypatch.setattr("newsletter.cli.commands.doctor.PATIENCE", 0.2)

    async def slow(_self: Names, _name: str) -> list[str]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(Names, "txt", slow)
    assert "no answer within 0.2 seconds" in look(quiet, code=2)["SPF"]["found"]


async def test_reverse_names_must_lead_back(monkeypatch: Patch) -> None:
    known: Records = {
        ("1.2.0.192.in-addr.arpa", "PTR"): ["mail.example.org."],
        ("mail.example.org", "A"): ["192.0.2.1"],
        ("2.2.0.192.in-addr.arpa", "PTR"): ["mail.example.org."],
    }
    with asking(known, monkeypatch):
        found = [(await records._reverse(f"192.0.2.{last}")) for last in (1, 2, 3)]
    assert [row.verdict for row in found] == ["well", "problem", "problem"]
    assert found[1].found == "192.0.2.2 is called mail.example.org, which has another address"
    assert found[2].found == "192.0.2.3 has no PTR record"


async def test_a_server_that_denies_the_whole_world_proves_nothing() -> None:
    with dns_server({}, world=False) as port:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        with pytest.raises(NoAnswerError, match=r"does not even know '\.org'"):
            await Names(resolver).txt("_dmarc.example.org")


async def test_no_answer_is_no_record(monkeypatch: Patch) -> None:
    monkeypatch.setattr("newsletter.adapters.names.LIFETIME", 0.3)
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], unused_port()
    with pytest.raises(NoAnswerError):
        await Names(resolver).txt("example.org")
