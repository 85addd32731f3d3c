"""A real mail server and a real mailbox for the tests: Debian's Postfix and Dovecot, with everything of their own.

Configuration, queue and mail lie in a folder that goes with them; the machine's
own Postfix is never touched.  Both listen on free loopback ports.  They change
users, so that they need root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.integration.servers import unused_port

PATIENCE = 20.0  # seconds for a server to be up, and for a mail to come
PASSWORD = "open-sesame"
USER = "mailbox"
UID = 47110  # whose the mailbox is; nobody's on the machine
MASTER = Path("/usr/lib/postfix/sbin/master")
DOVECOT = Path("/usr/sbin/dovecot")
IMAP = Path("/usr/lib/dovecot/imap")

# One attempt and then a report, also for a 4yz reply.
MAIN_CF = """\
compatibility_level = 3.6
config_directory = {base}/postfix
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/postfix.log
maillog_file_prefixes = {base}
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:{relay}
virtual_mailbox_domains = example.org
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
recipient_delimiter = +
maximal_queue_lifetime = 0
bounce_queue_lifetime = 0
smtp_tls_security_level = none
fast_flush_domains =
alias_maps =
alias_database =
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT_CONF = """\
base_dir = {base}/run
state_dir = {base}/run
log_path = {base}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{base}/server.pem
ssl_key = <{base}/server.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{base}/mail/box
first_valid_uid = {uid}
last_valid_uid = {uid}
default_login_user = dovenull
default_internal_user = dovecot
passdb {{
  driver = static
  args = user={user} password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={base}/mail
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
"""
QUEUES = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "maildrop",
    "private",
    "public",
    "saved",
    "trace",
)


@dataclass(frozen=True, slots=True)
class MailServers:
    """Where the servers listen, and where their mail lies."""

    smtp: int
    imap: int
    imaps: int
    base: Path

    @property
    def box(self) -> Path:
        """The Maildir of the mailbox, which takes all mail to example.org."""
        return self.base / "mail" / "box"

    def wait_for(self, number: int) -> None:
        """Wait until so many mails lie in the inbox.  AssertionError with Postfix's log if they do not come."""
        ends = time.monotonic() + PATIENCE
        while len(self.inbox()) < number and time.monotonic() < ends:
            time.sleep(0.05)
        assert len(self.inbox()) == number, (self.base / "postfix.log").read_text(errors="replace")

    def inbox(self) -> list[Path]:
        """The files in the inbox, read or not."""
        return [*self.box.glob("new/*"), *self.box.glob("cur/*")]

    def empty(self) -> None:
        """Remove all mail and all folders."""
        for path in [*self.box.glob("*/*"), *self.box.glob(".[A-Z]*/*/*")]:
            if path.is_file():
                path.unlink()


def missing() -> str:
    """What is not there to run these servers; "" if all is."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [package for package, file in (("postfix", MASTER), ("dovecot-imapd", IMAP)) if not file.exists()]
    return f"not installed (Debian): {', '.join(absent)}" if absent else ""


@contextlib.contextmanager
def mail_servers(relay: int, authority: trustme.CA) -> Iterator[MailServers]:
    """Postfix, which relays what is not for example.org to a port, and Dovecot beside it."""
    base = Path(tempfile.mkdtemp(prefix="newsletter-mail-"))
    base.chmod(0o755)  # both servers leave root behind
    servers = MailServers(unused_port(), unused_port(), unused_port(), base)
    try:
        with _postfix(servers, relay), _dovecot(servers, authority):
            yield servers
    finally:
        shutil.rmtree(base)


@contextlib.contextmanager
def _postfix(servers: MailServers, relay: int) -> Iterator[None]:
    base = servers.base
    values = {"base": base, "relay": relay, "port": servers.smtp, "uid": UID}
    (base / "postfix").mkdir()
    (base / "postfix" / "main.cf").write_text(MAIN_CF.format(**values))
    (base / "postfix" / "master.cf").write_text(MASTER_CF.format(**values))
    (base / "queue").mkdir()
    (base / "queue" / "pid").mkdir()
    for name in QUEUES:
        (base / "queue" / name).mkdir(mode=0o700)
        shutil.chown(base / "queue" / name, "postfix")
    (base / "queue" / "public").chmod(0o755)
    (base / "data").mkdir(mode=0o700)
    shutil.chown(base / "data", "postfix")
    (base / "mail").mkdir()
    os.chown(base / "mail", UID, UID)
    with _running([str(MASTER), "-c", str(base / "postfix"), "-d"], servers.smtp, base / "postfix.log"):
        yield


@contextlib.contextmanager
def _dovecot(servers: MailServers, authority: trustme.CA) -> Iterator[None]:
    base = servers.base
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(base / "server.pem"))
    (base / "server.pem").chmod(0o600)
    (base / "run").mkdir()
    conf = base / "dovecot.conf"
    values = {"base": base, "uid": UID, "imap": servers.imap, "imaps": servers.imaps}
    conf.write_text(DOVECOT_CONF.format(user=USER, password=PASSWORD, **values))
    with _running([str(DOVECOT), "-F", "-c", str(conf)], servers.imap, base / "dovecot.log"):
        yield


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """A server in a process group of its own, which goes with the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        ends = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
                probe.recv(1)
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"{command} did not start:\n{log.read_text(errors='replace')}")
        yield
    finally:
        for last_word in (signal.SIGTERM, signal.SIGKILL):  # some of its children stay for a while
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, last_word)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
