"""The whole circle with real servers: sent through Postfix, refused behind it, returned to Dovecot, read, left out.

Only the machine that refuses is ours.  What comes back is written by Postfix.
"""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
from collections.abc import Iterator

import pytest
import trustme
from imapclient import IMAPClient

from tests.integration.conftest import Space
from tests.integration.mail_servers import PASSWORD, USER, MailServers, mail_servers, missing
from tests.integration.servers import Inbox, real_server, unused_port

REFUSALS = {
    "gone@example.com": "550 5.1.1 <gone@example.com>: Recipient address rejected: User unknown",
    "full@example.com": "452 4.2.2 The mailbox of the recipient is full",
    "strict@example.net": "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using bl.example.net",
}
LIST = (
    "ana@example.com,Ana,es,supporter,",
    "gone@example.com,Leo,en,supporter,",
    "full@example.com,Rosa,es,supporter,",
    "strict@example.net,Luis,en,supporter,",
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trustme.CA]:
    """An authority that this machine trusts while these tests run."""
    made = trustme.CA()
    bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(str(bundle))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(bundle))
        yield made


@pytest.fixture(scope="module")
def sink() -> Iterator[Inbox]:
    """The server behind Postfix, which keeps some mail and refuses the rest."""
    with real_server(refusals=REFUSALS) as inbox:
        yield inbox


@pytest.fixture(scope="module")
def running(authority: trustme.CA, sink: Inbox) -> Iterator[MailServers]:
    """Postfix and Dovecot for all tests of this file."""
    if reason := missing():
        assert not os.environ.get("CI"), f"CI must run this: {reason}"
        pytest.skip(reason)
    with mail_servers(sink.port, authority) as servers:
        yield servers


@pytest.fixture
def servers(running: MailServers, sink: Inbox) -> MailServers:
    """The same, with an empty mailbox."""
    running.empty()
    sink.messages.clear()
    return running


@pytest.fixture
def sender(space: Space, servers: MailServers) -> Space:
    """A workspace that sends through Postfix and reads the mailbox, with four readers."""
    space.set("smtp", port=servers.smtp)
    space.set("bounces", host="localhost", port=servers.imaps, username=USER, password_file="password")
    (space.root / "password").write_text(f"{PASSWORD}\n")
    space.write_list(*LIST)
    space.run("subscribers", "import", "list.csv")
    return space


@contextlib.contextmanager
def mailbox(servers: MailServers, folder: str = "INBOX") -> Iterator[IMAPClient]:
    """The mailbox as its owner sees it."""
    with IMAPClient("127.0.0.1", servers.imap, ssl=False) as client:
        client.login(USER, PASSWORD)
        client.select_folder(folder)
        yield client


def drop(servers: MailServers, data: bytes, to: str = "bounces@example.org", by: str = "somebody@example.net") -> None:
    """Let a mail come in through Postfix."""
    before = len(servers.inbox())
    with smtplib.SMTP("127.0.0.1", servers.smtp) as client:
        client.sendmail(by, to, data)
    servers.wait_for(before + 1)


def status_of(space: Space, address: str) -> object:
    found = space.json("subscribers", "show", address)
    assert isinstance(found, dict)
    return found["status"]


@pytest.mark.parametrize("verp", [False, True], ids=["by Message-ID", "by envelope"])
def test_the_circle_closes(sender: Space, servers: MailServers, sink: Inbox, verp: bool) -> None:
    sender.set("sender", verp=verp)
    sender.run("send", "june", "--segment", "supporters", "--yes")
    servers.wait_for(3)
    envelopes = {by for by, _to, _data in sink.messages}
    assert all(by.startswith("bounces+1-1-" if verp else "bounces@") for by in envelopes)

    told = sender.json("bounces", "fetch")
    assert told == {
        "read": 3,
        "suppressed": 1,
        "known": 0,
        "left": 0,
        "verdicts": {"hard": 1, "soft": 1, "sender": 1, "complaint": 0, "unsubscribe": 0},
    }
    statuses = {address: status_of(sender, address) for address in ("gone@example.com", "full@example.com")}
    assert statuses == {"gone@example.com": "bounced", "full@example.com": "subscribed"}
    with mailbox(servers, "Handled") as client:
        assert len(client.search()) == 3

    sink.messages.clear()
    sender.run("send", "june", "--segment", "supporters", "--again", "the next campaign", "--yes")
    servers.wait_for(2)
    assert sink.recipients() == ["ana@example.com"]
    report = sender.json("bounces", "report")
    assert isinstance(report, dict)
    second, june = report["campaigns"]
    assert {name: june[name] for name in ("number", "delivered", "soft", "hard", "sender", "complaint")} == {
        "number": 1,
        "delivered": 1,
        "soft": 1,
        "hard": 1,
        "sender": 1,
        "complaint": 0,
    }
    assert june["languages"]["es"]["soft"] == 1
    assert june["domains"]["example.net"]["sender"] == 1
    assert june["objections"][0]["status"] == "5.7.1"
    assert second["delivered"] == 3, "of the second campaign nothing was read yet"


def test_what_is_refused_because_of_us_is_said_loudly(sender: Space, servers: MailServers) -> None:
    sender.run("send", "june", "--segment", "supporters", "--yes")
    servers.wait_for(3)
    assert "attention: 1 mail was refused because of us" in sender.run("bounces", "fetch").stderr
    shown = sender.run("bounces", "report", "1")
    assert "blocked using bl.example.net" in shown.stderr
    assert "strict@" not in shown.stderr + shown.stdout


@pytest.mark.parametrize("handled", ["move", "flag"])
def test_mail_from_people_stays_as_it_was(sender: Space, servers: MailServers, handled: str) -> None:
    sender.set("bounces", handled=handled)
    letter = b"From: ana@example.com\r\nTo: hello@example.org\r\nSubject: Gracias\r\n\r\nNos vemos el lunes.\r\n"
    drop(servers, letter, to="hello@example.org")
    sender.run("send", "june", "--segment", "supporters", "--yes")
    servers.wait_for(4)
    told = sender.json("bounces", "fetch")
    assert isinstance(told, dict)
    assert (told["read"], told["left"]) == (4, 1)
    with mailbox(servers) as client:
        unseen = client.search(["UNSEEN"])
        (data,) = client.fetch(unseen, ["BODY.PEEK[]"]).values()
        assert b"Nos vemos el lunes." in data[b"BODY[]"]
        assert len(client.search()) == (1 if handled == "move" else 4)
    again = sender.json("bounces", "fetch")
    assert isinstance(again, dict)
    assert again["read"] == 0


@pytest.mark.parametrize("missing_too", ["", "UIDPLUS"])
def test_a_server_that_cannot_move_is_given_a_copy_and_a_mark(
    sender: Space, servers: MailServers, monkeypatch: pytest.MonkeyPatch, missing_too: str
) -> None:
    """Dovecot can; the client is told that it cannot.  Others' deleted mail stays where the server could not tell."""
    drop(servers, b"Subject: thrown away by its owner\r\n\r\nx\r\n")
    with mailbox(servers) as client:
        client.add_flags(client.search(), [rb"\Deleted"])
    able = IMAPClient.has_capability
    absent = {"MOVE", missing_too}
    monkeypatch.setattr(IMAPClient, "has_capability", lambda self, name: name not in absent and able(self, name))
    sender.run("send", "june", "--segment", "supporters", "--yes")
    servers.wait_for(4)
    assert sender.json("bounces", "fetch")["read"] == 3  # type: ignore[index]
    with mailbox(servers) as client:
        assert len(client.search()) == (4 if missing_too else 1)
        assert len(client.search(["UNDELETED"])) == 0
    with mailbox(servers, "Handled") as client:
        assert len(client.search()) == 3


def test_a_mail_read_twice_counts_once(sender: Space, servers: MailServers) -> None:
    sender.run("send", "june", "--segment", "supporters", "--yes")
    servers.wait_for(3)
    folder = sender.root / "copies"
    folder.mkdir()
    for file in servers.inbox():
        (folder / f"{file.name}.eml").write_bytes(file.read_bytes())
    first, second = sender.json("bounces", "read", "copies"), sender.json("bounces", "fetch")
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["known"], first["suppressed"]) == (0, 1)
    assert (second["known"], second["suppressed"], second["left"]) == (3, 0, 0)
    assert len(list(folder.iterdir())) == 3, "files are only read"


def test_a_bounce_that_somebody_invented_changes_nothing(sender: Space, servers: MailServers) -> None:
    sender.set("sender", verp=True)
    sender.run("send", "june", "--segment", "supporters", "--yes")
    servers.wait_for(3)
    genuine = next(file.read_bytes() for file in servers.inbox() if b"gone@example.com" in file.read_bytes())
    servers.empty()
    forged = re.sub(rb"(bounces\+\d+-\d+-)[a-z2-7]{16}", rb"\1aaaaaaaaaaaaaaaa", genuine)
    forged = re.sub(rb"<[\w-]{22}@example.org>", b"<AAAAAAAAAAAAAAAAAAAAAA@example.org>", forged)
    forged = re.sub(rb"Envelope-Id: \S+", b"Envelope-Id: AAAAAAAAAAAAAAAAAAAAAA", forged)
    forged = re.sub(rb"\.[\w-]{22}>", b".AAAAAAAAAAAAAAAAAAAAAA>", forged).replace(b"gone@", b"ana@")
    drop(servers, forged, by="")
    told = sender.json("bounces", "fetch")
    assert isinstance(told, dict)
    assert (told["read"], told["left"], told["suppressed"]) == (1, 1, 0)
    assert status_of(sender, "ana@example.com") == "subscribed"


def test_a_request_by_mail_to_leave_is_granted(sender: Space, servers: MailServers, sink: Inbox) -> None:
    sender.run("send", "june", "--segment", "supporters", "--yes")
    servers.wait_for(3)
    (message,) = (data for _by, to, data in sink.messages if to == "ana@example.com")
    found = re.search(rb"<mailto:([^?]+)\?subject=(unsubscribe)%20([^>]+)>", message)
    assert found
    to, word, token = (part.decode() for part in found.groups())
    drop(servers, f"From: ana@example.com\r\nTo: {to}\r\nSubject: {word} {token}\r\n\r\n".encode(), to=to)
    told = sender.json("bounces", "fetch")
    assert isinstance(told, dict)
    assert told["verdicts"]["unsubscribe"] == 1
    assert status_of(sender, "ana@example.com") == "unsubscribed"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"password_file": "wrong"}, "refused the login of 'mailbox'"),
        ({"host": "127.0.0.1"}, "cannot be trusted"),
        ({"folders": ["INBOX", "Elsewhere"]}, "no folder 'Elsewhere'"),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_told_in_a_sentence(
    sender: Space, settings: dict[str, object], says: str
) -> None:
    (sender.root / "wrong").write_text("nonsense")
    sender.set("bounces", **settings)
    assert says in sender.run("bounces", "fetch", code=2).stderr


def test_a_mailbox_that_is_away_is_told_in_a_sentence(sender: Space) -> None:
    sender.set("bounces", port=unused_port())
    assert "cannot be reached" in sender.run("bounces", "fetch", code=2).stderr


def test_starttls_is_asked_for_before_the_password(sender: Space, servers: MailServers) -> None:
    sender.set("bounces", port=servers.imap, security="starttls")
    assert sender.json("bounces", "fetch") == {
        "read": 0,
        "suppressed": 0,
        "known": 0,
        "left": 0,
        "verdicts": {"hard": 0, "soft": 0, "sender": 0, "complaint": 0, "unsubscribe": 0},
    }


def test_a_port_without_tls_is_told_in_a_sentence(sender: Space, servers: MailServers) -> None:
    sender.set("bounces", port=servers.imap)
    assert "does not speak TLS as expected" in sender.run("bounces", "fetch", code=2).stderr


def test_nothing_is_said_to_a_server_that_offers_no_starttls(
    sender: Space, servers: MailServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.set("bounces", port=servers.imap, security="starttls")
    monkeypatch.setattr(IMAPClient, "has_capability", lambda _self, name: name != "STARTTLS")
    monkeypatch.setattr(IMAPClient, "login", lambda *_: pytest.fail("the password was said in the clear"))
    assert "does not offer STARTTLS" in sender.run("bounces", "fetch", code=2).stderr


def test_a_workspace_without_a_mailbox_is_told_what_to_add(space: Space) -> None:
    assert "reading a mailbox needs one: 'bounces'" in space.run("bounces", "fetch", code=2).stderr
