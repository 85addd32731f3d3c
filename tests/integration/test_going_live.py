"""What docs/going-live.md tells to set up and to type, taken from the page and tried: web server, units, copies."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import trustme

from tests.integration.conftest import Space
from tests.integration.postgres import Postgres
from tests.integration.servers import real_server, unused_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "going-live.md").read_text(encoding="utf-8")
SECRET = "tI2zW9YLQYQf.aaaaaaaaaaaaaaaaaaaaaa"

needs_nginx = pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="nginx is not installed")
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
needs_sqlite = pytest.mark.skipif(not shutil.which("sqlite3"), reason="sqlite3 is not installed")


def blocks(kind: str, containing: str, page: str = PAGE) -> list[str]:
    """The examples of one kind with some words in them; at least one."""
    found = [text for text in re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) if containing in text]
    assert found, f"no {kind} example with '{containing}'"
    return found


def shell(space: Space, text: str, **environment: str) -> None:
    """Type what a page says, in the workspace."""
    done = subprocess.run(
        ["/bin/sh", "-euc", text],
        check=False,
        cwd=space.root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


# A web server


@contextmanager
def nginx(folder: Path, upstream: int, authority: trustme.CA) -> Iterator[tuple[int, int]]:
    """The example of the page, with other ports, files and certificates; yields the ports of http and https."""
    plain, secure = unused_port(), unused_port()
    site = folder / "site"
    site.mkdir()
    (site / "june.en.html").write_text("<h1>June</h1>", encoding="utf-8")
    certificate = authority.issue_cert("news.example.org")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "chain.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    (example,) = blocks("nginx", "server {")
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{secure} ssl http2;"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("/etc/letsencrypt/live/news.example.org/fullchain.pem", f"{folder}/chain.pem"),
        ("/etc/letsencrypt/live/news.example.org/privkey.pem", f"{folder}/key.pem"),
        ("/var/log/nginx/news.log", f"{folder}/news.log"),
        ("/srv/news/site", str(site)),
        ("127.0.0.1:8025", f"127.0.0.1:{upstream}"),
    ):
        assert old in example, old
        example = example.replace(old, new)
    own = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # the test's folder is its owner's alone
    config = folder / "nginx.conf"
    head = f"{user}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    config.write_text(f"{head}http {{\n{own}access_log {folder}/access.log;\n{example}}}\n", encoding="utf-8")
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert program
    process = subprocess.Popen([program, "-c", str(config), "-p", str(folder)], stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(plain, process)
        yield plain, secure
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
        except OSError:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@contextmanager
def serving(space: Space) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``newsletter serve``, as the unit starts it, on another port."""
    port = unused_port()
    (unit,) = blocks("ini", "newsletter serve")
    command = re.search(r"ExecStart=\S+/newsletter (.*)", unit)
    assert command
    process = space.start(*command[1].split(), "--port", str(port))
    try:
        _wait_for(port, process)
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


class Through:
    """A browser that finds ``news.example.org`` on this machine."""

    def __init__(self, port: int, authority: trustme.CA) -> None:
        self.port = port
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str, http.client.HTTPMessage]:
        """One request over TLS, with the certificate's name checked; nothing is followed."""
        raw = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        raw.connect()
        raw.sock = self.context.wrap_socket(raw.sock, server_hostname="news.example.org")
        headers = {"Host": "news.example.org"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        raw.request(method, path, body or None, headers)
        answer = raw.getresponse()
        text = answer.read().decode()
        raw.close()
        return answer.status, text, answer.headers


def reader_token(space: Space) -> str:
    """The token of somebody on the list."""
    space.write_list("ana@example.org,Ana,es,,")
    space.run("subscribers", "import", "list.csv")

    async def make() -> str:
        house = space.house()
        async with house.stores() as stores:
            found = await stores.subscribers.find("ana@example.org")
            assert found
            return (await house.tokens(stores.database)).reader_token(found.ref)

    return asyncio.run(make())


@needs_nginx
def test_the_web_server_of_the_page_brings_tls_to_the_pages_and_keeps_no_link(space: Space, tmp_path: Path) -> None:
    token = reader_token(space)
    authority = trustme.CA()
    folder = tmp_path / "nginx"
    folder.mkdir()
    with serving(space) as (process, port), nginx(folder, port, authority) as (plain, secure):
        there = Through(secure, authority)
        status, text, headers = there.ask("GET", "/health")
        assert (status, text.strip()) == (200, "ok")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert there.ask("GET", "/june.en.html")[:2] == (200, "<h1>June</h1>")
        status, _text, headers = there.ask("POST", f"/u/{SECRET}", "List-Unsubscribe=One-Click")
        assert not 300 <= status < 400
        assert status < 500
        assert "Location" not in headers
        status, _text, headers = there.ask("POST", f"/u/{token}", "List-Unsubscribe=One-Click")
        assert status == 200
        shown = space.json("subscribers", "list", "--status", "unsubscribed")
        assert isinstance(shown, dict)
        assert shown["matching"] == 1
        assert there.ask("POST", f"/u/{SECRET}", "x" * 100_000)[0] == 413
        with pytest.raises(urllib.error.HTTPError) as redirected:
            urllib.request.build_opener(_Stay).open(f"http://127.0.0.1:{plain}/a/b?c=d")
        redirected.value.close()
        assert redirected.value.code == 301
        assert redirected.value.headers["Location"] == "https://news.example.org/a/b?c=d"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)  # either is a clean end to systemd
        for link in (SECRET, token):
            assert there.ask("GET", f"/u/{link}")[0] == 502
    for path in folder.rglob("*"):
        assert not path.is_file() or not re.search(f"{SECRET}|{token}".encode(), path.read_bytes()), path


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        """Follow nothing."""


# Services


@needs_systemd
def test_the_units_of_the_page_are_sound(tmp_path: Path) -> None:
    """What they do under systemd is in ``test_units.py``."""
    units = dict(re.findall(r"`/etc/systemd/system/(\S+)`:\n\n```ini\n(.*?)```", PAGE, re.DOTALL))
    assert len(units) == 6
    for name, text in units.items():
        here = text.replace("/srv/news-env/bin/newsletter", "/bin/true").replace("User=newsletter\n", "")
        (tmp_path / name).write_text(here, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        check=False,
        capture_output=True,
        text=True,
    )
    told = [line for line in done.stderr.splitlines() if any(name in line for name in units)]
    assert told == []
    assert done.returncode == 0, done.stderr


@needs_sqlite
def test_the_nightly_copy_is_whole_private_and_thrown_away_in_time(space: Space) -> None:
    space.run("segments", "count")
    (unit,) = blocks("ini", "VACUUM INTO")
    commands = [line.removeprefix("ExecStart=") for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert len(commands) == 3
    backups = space.root / "var" / "backups"
    backups.mkdir(mode=0o700)
    old = backups / "2019-06-03.db"
    old.touch()
    os.utime(old, (0, 0))
    # As systemd reads them: $$ and %% are $ and %, and \' within quotes is '.
    shell(space, "umask 077\n" + "\n".join(_unescaped(line) for line in commands))
    (copy,) = backups.iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    shell(space, f'test "$(sqlite3 {copy} "PRAGMA integrity_check")" = ok')


def _unescaped(command: str) -> str:
    text = command.replace("$$", "$").replace("%%", "%")
    found = re.fullmatch(r"(\S+ -c) '(.*)'", text)
    return f"{found[1]} \"$(cat <<'EOF'\n{found[2]}\nEOF\n)\"".replace("\\'", "'") if found else text


# Copies


def half_sent(space: Space, port: int) -> None:
    """A campaign to six people of whom three have their copy; the rest has to wait."""
    space.set("smtp", port=port)
    space.write_list(*(f"r{n}@example.org,R{n},en,," for n in range(6)))
    space.run("subscribers", "import", "list.csv")
    space.set("limits", per_day=3)
    space.run("send", "june", "-s", "everybody", "--yes", code=3)


def other_half(space: Space, recipients: list[str]) -> None:
    """Go on: everybody has one copy in the end."""
    assert len(recipients) == 3
    space.set("limits", per_day=1000)
    space.run("send", "june", "-s", "everybody", "--yes")


@needs_sqlite
def test_a_restored_database_goes_on_and_nobody_gets_a_second_copy(space: Space) -> None:
    copying = blocks("sh", ".backup var/backups/latest.db")[0]
    restoring = blocks("sh", "cp var/backups/latest.db")[0]
    checking = blocks("sh", "integrity_check")[0]
    key = space.root / "var" / "secret.key"
    with real_server() as inbox:
        half_sent(space, inbox.port)
        shell(space, copying + checking)
        kept = key.read_text(encoding="utf-8")
        assert {path.stat().st_mode & 0o777 for path in (space.root / "var" / "backups").iterdir()} == {0o600}
        for path in (space.root / "var").glob("newsletter.db*"):
            path.write_bytes(b"gone")
        key.unlink()
        shell(space, restoring)
        assert "restore it from a backup" in space.run("send", "june", "-s", "everybody", "--yes", code=2).stderr
        key.write_text(kept, encoding="utf-8")
        other_half(space, inbox.recipients())
    assert sorted(inbox.recipients()) == [f"r{n}@example.org" for n in range(6)]
    assert (space.root / "var" / "newsletter.db").stat().st_mode & 0o777 == 0o600


def test_the_same_with_postgresql(space: Space, postgres: Postgres) -> None:
    copying = blocks("sh", "pg_dump")[0]
    restoring = blocks("sh", "pg_restore")[0]
    programs = f"{postgres._bin}:{os.environ['PATH']}"
    first, second = postgres.new_database(), postgres.new_database()
    with real_server() as inbox:
        space.replace("database", first)
        half_sent(space, inbox.port)
        shell(space, copying, NEWSLETTER_DATABASE=first, PATH=programs)
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            name = first.partition("@/")[2].partition("?")[0]
            connection.execute(f'DROP DATABASE "{name}"')
        shell(space, restoring, NEWSLETTER_DATABASE=second, PATH=programs)
        space.replace("database", second)
        other_half(space, inbox.recipients())
    assert sorted(inbox.recipients()) == [f"r{n}@example.org" for n in range(6)]
