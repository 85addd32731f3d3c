"""TLS, STARTTLS and logins against a real server: what is accepted, and how each refusal is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.integration.conftest import Space
from tests.integration.faults import MailServer
from tests.integration.servers import Script, real_server, scripted_server

LOGIN = ("news", "correct horse")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this machine trusts for the length of a test."""
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    return authority


def context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(made)
    return made


def by_security(security: str, made: ssl.SSLContext) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    """The context in the place where ``real_server`` wants it: (tls, starttls)."""
    return (made, None) if security == "tls" else (None, made)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_verified_connection_with_login_delivers(
    space: Space, people: Callable[[int], None], authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    people(3)
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", LOGIN[1])
    tls, starttls = by_security(security, context(authority))
    with real_server(tls=tls, starttls=starttls, login=LOGIN if starttls else None) as inbox:
        username = LOGIN[0] if security == "starttls" else ""
        space.set("smtp", host="localhost", port=inbox.port, security=security, username=username)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert len(inbox.messages) == 3


def test_a_wrong_password_is_told_at_once(
    space: Space, people: Callable[[int], None], authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(2)
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", "wrong")
    with real_server(starttls=context(authority), login=LOGIN) as inbox:
        space.set("smtp", host="localhost", port=inbox.port, security="starttls", username="news")
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "refused the login of 'news': 535" in done.stderr
    assert "NEWSLETTER_SMTP__PASSWORD" in done.stderr
    assert "wrong" not in done.stderr.replace("wrong password", "")
    assert not inbox.messages


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_for_another_name_is_refused(
    space: Space, people: Callable[[int], None], authority: trustme.CA, security: str
) -> None:
    people(1)
    tls, starttls = by_security(security, context(authority, "mail.example.org"))
    with real_server(tls=tls, starttls=starttls) as inbox:
        space.set("smtp", host="localhost", port=inbox.port, security=security)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "cannot be trusted" in done.stderr
    assert "localhost" in done.stderr
    assert not inbox.messages


def test_a_certificate_of_an_unknown_authority_is_refused(space: Space, people: Callable[[int], None]) -> None:
    people(1)
    with real_server(tls=context(trustme.CA())) as inbox:
        space.set("smtp", host="localhost", port=inbox.port, security="tls")
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "cannot be trusted" in done.stderr
    assert not inbox.messages


def test_a_stripped_starttls_is_refused_before_the_password_is_said(
    space: Space, people: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    people(1)
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", LOGIN[1])
    heard: list[str] = []

    def listen(verb: str, _recipient: str) -> None:
        heard.append(verb)

    with scripted_server(Script(listen, extensions=("AUTH PLAIN LOGIN",))) as inbox:
        space.set("smtp", port=inbox.port, security="starttls", username="news")
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "does not offer STARTTLS" in done.stderr
    assert set(heard) <= {"QUIT"}
    assert not inbox.messages


def test_tls_towards_a_plain_port_is_told(space: Space, people: Callable[[int], None]) -> None:
    people(1)
    with real_server() as inbox:
        space.set("smtp", host="localhost", port=inbox.port, security="tls", timeout=2)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "does not speak TLS as expected" in done.stderr


def test_a_login_that_is_not_offered_is_told(
    space: Space, people: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    people(1)
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", LOGIN[1])
    with scripted_server(Script()) as inbox:
        space.set("smtp", port=inbox.port, username="news")
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "offers no login" in done.stderr
    assert not inbox.messages


def test_a_password_over_the_open_network_is_refused_by_the_settings(space: Space) -> None:
    space.set("smtp", host="mail.example.org", security="none", username="news")
    done = space.run("check", code=2)
    assert "the password would cross the network in the clear" in done.stderr


@dataclass(eq=False)
class Upgrading(MailServer):
    """Offers STARTTLS and says ``injected`` in the clear right after its 220; AUTH LOGIN is offered under TLS only."""

    tls: ssl.SSLContext | None = None
    injected: bytes = b""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clear: list[str] = []
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            self.clear.append(line.decode("ascii", "replace").strip())
            if line.startswith(b"STARTTLS"):
                break
            writer.write(b"250-hello\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n")
        else:
            return
        assert self.tls
        writer.write(b"220 go\r\n" + self.injected)
        await writer.start_tls(self.tls)
        self.secure: list[str] = []
        while line := await reader.readline():
            self.secure.append(line.decode().strip())
            verb = line[:4].upper()
            if verb == b"AUTH":
                writer.write(b"334 UGFzc3dvcmQ6\r\n")
                await reader.readline()
                writer.write(b"235 welcome\r\n")
            elif verb == b"EHLO":
                writer.write(b"250-hello\r\n250 AUTH LOGIN\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                while await reader.readline() != b".\r\n":
                    pass
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"250 ok\r\n")


@pytest.mark.parametrize(
    "injected",
    [
        b"250-evil\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n",
        b"250-evil\r\n250 AUTH PLAIN\r\n235 welcome\r\n" + b"250 ok\r\n" * 20,
        b"250-evil\r\n250-half of a re",
    ],
)
def test_replies_slipped_in_before_tls_are_not_taken_for_the_servers(
    space: Space, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, injected: bytes
) -> None:
    """Source: RFC 3207 §4.2; the attack is known as STARTTLS response injection."""
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", LOGIN[1])
    with Upgrading(tls=context(authority), injected=injected) as server:
        space.set("smtp", host="localhost", port=server.port, security="starttls", username="news")
        space.run("send", "june", "--to", "ana@example.org")
    assert [said[:8] for said in server.clear] == ["EHLO exa", "STARTTLS"], "nothing else was said in the clear"
    verbs = [said.split()[0] for said in server.secure]
    assert verbs == ["EHLO", "AUTH", *["MAIL", "RCPT", "DATA"] * 2, "QUIT"]
    assert server.secure[1].startswith("AUTH LOGIN"), "what was slipped in offered PLAIN"


@pytest.mark.parametrize("name", ["mail.example.org", "*.example.org"])
def test_a_man_in_the_middle_with_a_certificate_of_his_own_hears_no_password(
    space: Space, people: Callable[[int], None], authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    people(1)
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", LOGIN[1])
    with Upgrading(tls=context(authority, name)) as server:
        space.set("smtp", host="localhost", port=server.port, security="starttls", username="news")
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "cannot be trusted" in done.stderr
    assert not [said for said in server.clear if said.startswith("AUTH")]
    assert not hasattr(server, "secure"), "and nothing was said to him under TLS"


@pytest.mark.parametrize("reply", [b"454 TLS not available\r\n", b"250 as you like\r\n", b"\0"])
def test_a_starttls_that_is_offered_and_then_refused_is_no_reason_to_go_on_in_the_clear(
    space: Space, people: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, reply: bytes
) -> None:
    people(1)
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", LOGIN[1])
    monkeypatch.setattr("newsletter.delivery.deliver.BACKOFF", 0.01)
    offers = {"EHLO": b"250-hello\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n", "STAR": reply}
    with MailServer(lambda stage, _to: offers.get(stage)) as server:
        space.set("smtp", port=server.port, security="starttls", username="news")
        done = space.run("send", "june", "-s", "everybody", "--yes", code=2)
    assert "hint: " in done.stderr
    assert set(server.inbox.commands) <= {"EHLO", "STAR", "QUIT"}
