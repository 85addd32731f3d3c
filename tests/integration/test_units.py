"""The services of docs/going-live.md under systemd: installed as the page says, started, killed, stopped and rebooted.

They run in a machine of their own (``machine.py``) that has the units word for
word, with Postfix for its mail server, which hands bounces to the program as
docs/bounces.md says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.integration.machine import PROGRAM, Machine, machine, missing
from tests.integration.mail_servers import DOVECOT_CONF, IMAP, MASTER, PASSWORD, UID, USER
from tests.unit.returned import recipient, status_report

DOCS = Path(__file__).resolve().parents[2] / "docs"
GOING_LIVE = (DOCS / "going-live.md").read_text(encoding="utf-8")
BOUNCES = (DOCS / "bounces.md").read_text(encoding="utf-8")
UNITS = dict(re.findall(r"`/etc/systemd/system/(\S+)`:\n\n```ini\n(.*?)```", GOING_LIVE, re.DOTALL))
BACKUPS = Path("srv/news/var/backups")
PAGES = "http://127.0.0.1:8025"
ASK = "import sys, urllib.request as web; print(web.urlopen(sys.argv[1], timeout=5).read().decode())"

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(lacking := missing()), reason=lacking),
    pytest.mark.skipif(
        not (MASTER.exists() and IMAP.exists()), reason="not installed (Debian): postfix, dovecot-imapd"
    ),
]

# Readers at example.com get their mail; example.net has a server of its own, on which nobody has an address.
MAIN_CF = """\
compatibility_level = 3.6
myhostname = mx.example.org
mydestination = $myhostname, localhost, example.org
inet_interfaces = loopback-only
inet_protocols = ipv4
recipient_delimiter = +
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = example.com
virtual_mailbox_base = /var/mail/readers
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
transport_maps = inline:{ example.net=smtp:[127.0.0.1]:26 }
default_transport = error:no other domain here
smtp_tls_security_level = none
maillog_file = /var/log/postfix.log
"""
ELSEWHERE = """\
127.0.0.1:26 inet n - n - - smtpd
  -o myhostname=mx.example.net
  -o { smtpd_recipient_restrictions = check_recipient_access static:{ 550 5.1.1 User unknown } }
"""
SETTINGS = f"""\
smtp: {{host: 127.0.0.1, port: 1, security: none}}
bounces: {{host: 127.0.0.1, port: 143, security: none, username: {USER}}}
"""
ENVIRONMENT = f"NEWSLETTER_SMTP__PORT=25\nNEWSLETTER_BOUNCES__PASSWORD={PASSWORD}\n"


def example(containing: str, page: str = GOING_LIVE, kind: str = "sh") -> str:
    """The one example of a page with some words in it."""
    every: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (found,) = [text for of, text in every if of == kind and containing in text]
    return found


@pytest.fixture
def there() -> Iterator[Machine]:
    """The machine with an account, the program, a workspace with a list, the mail server and the units."""
    with machine() as made:
        install(made)
        settings = made.files / "srv/news/newsletter.yaml"
        verp = settings.read_text(encoding="utf-8").replace("\npublic_url:", "\n  verp: true\npublic_url:", 1)
        settings.write_text(verp + SETTINGS, encoding="utf-8")
        made.write("etc/newsletter.env", ENVIRONMENT, 0o600)
        rows = [f"r{n}@example.com,R{n},{'es' if n % 2 else 'en'}" for n in range(20)]
        made.write("srv/news/var/list.csv", "\n".join(["email,name,locale", *rows, "gone@example.net,,en"]))
        made.newsletter("subscribers", "import", "var/list.csv")
        start_mail(made)
        for name, unit in UNITS.items():
            made.write(f"etc/systemd/system/{name}", unit)
        made.sh(example("systemctl enable --now newsletter-pages"))
        yield made


def install(made: Machine) -> None:
    """As the page says, but for the program, which is this one and comes from no registry."""
    text = example("useradd --system")
    by_pip = re.search(r"python3 -m venv /srv/news-env\n/srv/news-env/bin/pip install \./newsletter\n", text)
    assert by_pip
    made.sh(text[: by_pip.start()])
    made.write("srv/news-env/bin/newsletter", PROGRAM, 0o755)
    made.sh(text[by_pip.end() :])


def start_mail(made: Machine) -> None:
    """Postfix, with the aliases of the page on bounces; and Dovecot for a mailbox."""
    made.write("etc/postfix/main.cf", MAIN_CF)
    with (made.files / "etc/postfix/master.cf").open("a") as file:
        file.write(ELSEWHERE)
    made.write("etc/aliases", example("bounces: newsletter", BOUNCES, ""))
    made.write("srv/news/.forward", example("bounces pipe", BOUNCES, ""))
    made.sh("chown newsletter: /srv/news/.forward; install -d -o mail /var/mail/readers; newaliases; postfix start")
    pem = trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.bytes().decode()
    made.write("srv/imap/server.pem", pem, 0o600)
    values = {"base": "/srv/imap", "uid": UID, "imap": 143, "imaps": 993, "user": USER, "password": PASSWORD}
    made.write("srv/imap/dovecot.conf", DOVECOT_CONF.format(**values))
    made.sh(f"install -d -o {UID} -g {UID} /srv/imap/mail; mkdir /srv/imap/run")
    made.run("systemd-run", "--quiet", "--unit=imap", "dovecot", "-F", "-c", "/srv/imap/dovecot.conf")


def wait_for_pages(made: Machine) -> None:
    """Until they answer."""
    made.wait_for("the pages", "/usr/bin/python3", "-c", ASK, f"{PAGES}/health", wanted="ok")


def wait_for_rows(made: Machine, query: str, number: int) -> None:
    """Until the database holds so many."""
    made.wait_for(
        query,
        "sqlite3",
        "-readonly",
        "/srv/news/var/newsletter.db",
        f"select count(*) from {query}",
        wanted=f"{number}",
    )


def wait_for_mail(made: Machine, number: int) -> None:
    """Until readers have so much, and no more: what Postfix accepted, it delivers a little later."""
    made.wait_for("mail", "sh", "-c", "ls /var/mail/readers/box/new | wc -l", wanted=f"{number}")


def readers_mail(made: Machine) -> list[Path]:
    """What readers at example.com have got."""
    return list((made.files / "var/mail/readers/box/new").glob("*"))


def the_pages_are_served_from_a_narrow_place_and_come_back_after_a_kill(there: Machine) -> None:
    wait_for_pages(there)
    assert "<form" in there.run("/usr/bin/python3", "-c", ASK, f"{PAGES}/subscribe")
    before = there.show("newsletter-pages", "MainPID")
    assert there.run("ps", "-o", "user:20=", "-p", before).strip() == "newsletter"
    inside = ("nsenter", "--mount", "--target", before, "sh", "-c")
    there.run(*inside, "touch /srv/news/var/here && rm /srv/news/var/here")
    there.run(*inside, "touch /srv/news/here", code=1)
    assert there.run(*inside, "ls -A /root /home /tmp").split() == ["/home:", "/root:", "/tmp:"]
    there.run("kill", "-KILL", before)
    there.wait_for("a restart", "systemctl", "show", "--value", "-p", "NRestarts", "newsletter-pages", wanted="1")
    wait_for_pages(there)
    assert there.show("newsletter-pages", "MainPID") != before


def the_worker_sends_and_the_alias_takes_what_bounces(there: Machine) -> None:
    there.newsletter("send", "welcome", "--segment", "everyone", "--yes", "--queue")
    wait_for_rows(there, "deliveries where state = 'accepted'", 21)
    wait_for_rows(there, "subscribers where status = 'bounced'", 1)
    wait_for_mail(there, 20)
    assert not (there.files / "srv/news/var/returned").exists()


def the_mail_server_keeps_a_bounce_while_it_cannot_be_taken(there: Machine) -> None:
    key = there.files / "srv/news/var/secret.key"
    envelope = envelope_of(there, "r1@example.com")
    key.chmod(0o000)
    bounce = status_report(recipient("550 5.1.1 User unknown", address="r1@example.com"), to=envelope)
    there.run("sendmail", "-f", "", envelope, given=bounce)
    there.wait_for("a try", "sh", "-c", "grep -c 'status=deferred.*secret.key' /var/log/postfix.log", wanted="1")
    key.chmod(0o600)
    there.run("postqueue", "-f")
    wait_for_rows(there, "subscribers where status = 'bounced'", 2)
    there.wait_for("the queue", "sh", "-c", "postqueue -p | head -n 1", wanted="Mail queue is empty")


def a_worker_that_is_stopped_finishes_what_is_under_way(there: Machine) -> None:
    for name in ("issues/{}.yaml", "locales/es/LC_MESSAGES/issues/{}.po"):
        folder = there.files / "srv/news"
        made = folder / name.format("second")
        made.write_bytes((folder / name.format("welcome")).read_bytes())
    there.sh(
        "postconf -e 'smtpd_end_of_data_restrictions = sleep 5'; postfix reload; systemctl restart newsletter-worker"
    )
    there.newsletter("send", "second", "--segment", "everyone", "--yes", "--queue")
    wait_for_rows(there, "deliveries where state = 'sending'", 5)  # one for each connection
    there.run("systemctl", "stop", "newsletter-worker")
    assert there.show("newsletter-worker", "Result") == "success"
    wait_for_rows(there, "deliveries where state in ('sending', 'in_doubt')", 0)
    wait_for_mail(there, 25)
    there.sh("postconf -X smtpd_end_of_data_restrictions; postfix reload; systemctl start newsletter-worker")
    wait_for_rows(there, "campaigns where status = 'finished'", 2)
    wait_for_mail(there, 39)


def the_timers_copy_the_database_and_read_the_mailbox(there: Machine) -> None:
    there.run("systemctl", "start", "newsletter-backup.service")
    (copy,) = (there.files / BACKUPS).iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    there.sh(f'test "$(sqlite3 /{BACKUPS}/{copy.name} "PRAGMA integrity_check")" = ok')
    box = there.files / "srv/imap/mail/box"
    bounce = status_report(
        recipient("550 5.1.1 User unknown", address="r2@example.com"), to=envelope_of(there, "r2@example.com")
    )
    for folder in ("cur", "new", "tmp"):
        (box / folder).mkdir(parents=True)
    (box / "new/1.M1P1.mx").write_bytes(bounce)
    there.sh(f"chown -R {UID}:{UID} /srv/imap/mail")
    there.run("systemctl", "start", "newsletter-bounces.service")
    wait_for_rows(there, "subscribers where status = 'bounced'", 3)
    assert len(list(box.glob(".Handled/[cn]*/*"))) == 1
    listed = there.run("systemctl", "list-timers", "newsletter-*", "--no-legend")
    assert {line.split()[-2] for line in listed.splitlines()} == {"newsletter-backup.timer", "newsletter-bounces.timer"}


def everything_comes_back_after_a_reboot(there: Machine) -> None:
    there.reboot()
    wait_for_pages(there)
    for unit in (
        "newsletter-pages.service",
        "newsletter-worker.service",
        "newsletter-backup.timer",
        "newsletter-bounces.timer",
    ):
        assert there.show(unit, "ActiveState") == "active", unit
    wait_for_rows(there, "subscribers", 21)
    told = there.run("journalctl", "--unit=newsletter-*", "--no-pager")
    assert "started" in told
    assert not re.search(r"@example\.(com|net)", told)
    assert there.run("systemctl", "--failed", "--no-legend") == ""


def envelope_of(made: Machine, address: str) -> str:
    """The envelope sender that the first mail to somebody had."""
    for path in readers_mail(made):
        text = path.read_text(errors="replace")
        if re.search(rf"^X-Original-To: {address}$", text, re.MULTILINE):
            found = re.search(r"^Return-Path: <(.+)>$", text, re.MULTILINE)
            assert found
            return found[1]
    raise AssertionError(f"nothing came for {address}")


def test_the_services_run_as_the_pages_say(there: Machine) -> None:
    """One test, since each step builds on those before it: so neither their order nor another process parts them."""
    the_pages_are_served_from_a_narrow_place_and_come_back_after_a_kill(there)
    the_worker_sends_and_the_alias_takes_what_bounces(there)
    the_mail_server_keeps_a_bounce_while_it_cannot_be_taken(there)
    a_worker_that_is_stopped_finishes_what_is_under_way(there)
    the_timers_copy_the_database_and_read_the_mailbox(there)
    everything_comes_back_after_a_reboot(there)
