"""A Debian with systemd as process 1, for the tests: this machine's own system under an overlay, in a container.

``systemd-nspawn`` boots it in a network that has nothing but a loopback.  What
is written there lies in memory and goes with it; nothing is fetched.  The
services that this machine starts are taken out, so that what runs there is
what a test starts.  Needs root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds until it has booted, and until something happens in it
PYTHON, SOURCE, LIBRARIES = "/srv/python", "/srv/source", "/srv/libraries"  # where ours are seen there
PARTS = ("newsletter", "templates", "locales")  # of the program
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What is begun by this ends with the process that began it, also when that is killed.
KEEPER = ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--kill-child", "--mount", "--mount-proc"]
TRY_OUT = """\
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
"""
# 133 says that it wants to be booted again.
BOOT = """\
set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
rm -rf "$1/root/etc/systemd/system/"*.wants "$1/root/etc/systemd/system/"newsletter*
mkdir -p "$1/root/srv"
shift
while systemd-nspawn --boot --directory="$0/root" "$@" systemd.unit=multi-user.target; [ $? = 133 ]; do :; done
"""
# As a virtual environment has it; the interpreter lies elsewhere there, since no service sees /root and /home.
PROGRAM = f"""\
#!/bin/sh
export LD_LIBRARY_PATH={PYTHON}/lib PYTHONHOME={PYTHON} PYTHONPATH={SOURCE}:{LIBRARIES} PYTHONDONTWRITEBYTECODE=1
exec {PYTHON}/bin/python{sys.version_info.major}.{sys.version_info.minor} -m newsletter "$@"
"""


def missing() -> str:
    """What is not there to run it; "" if all is."""
    if os.geteuid() != 0:
        return "needs root"
    if not shutil.which("systemd-nspawn"):
        return "not installed (Debian): systemd-container"
    if not Path("/lib/systemd/systemd").exists():
        return "not installed (Debian): systemd"
    done = subprocess.run([*KEEPER, "sh", "-euc", TRY_OUT], check=False, capture_output=True, text=True)
    return f"no overlay can be mounted here: {done.stderr.strip()}" if done.returncode else ""


@dataclass(slots=True)
class Machine:
    """The container: what is done in it, by whom, and its files."""

    keeper: int  # the process with which it ends

    @property
    def nspawn(self) -> int:
        """What holds it; another process after a reboot."""
        return _only_child(_only_child(self.keeper))

    @property
    def init(self) -> int:
        """Its systemd, as the process is numbered here."""
        return _only_child(self.nspawn)

    @property
    def files(self) -> Path:
        """Its root, to read and write in."""
        return Path(f"/proc/{self.init}/root")

    def run(self, *command: str, given: bytes = b"", code: int | None = 0) -> str:
        """Run something there, as its root; what it printed.  It has to end with ``code``; None for any."""
        done = subprocess.run(
            [
                "nsenter",
                "--target",
                str(self.init),
                "--all",
                "--wdns=/",
                "env",
                "-i",
                f"PATH={PATH}",
                "HOME=/root",
                *command,
            ],
            check=False,
            input=given,
            capture_output=True,
            timeout=PATIENCE * 2,
        )
        assert code in (None, done.returncode), (command, done)
        return done.stdout.decode()

    def sh(self, text: str) -> str:
        """Type what a page says."""
        return self.run("/bin/sh", "-euc", text)

    def newsletter(self, *args: str) -> str:
        """A command of staff, in the workspace."""
        line = 'cd /srv/news && exec runuser -u newsletter -- /srv/news-env/bin/newsletter "$@"'
        return self.run("/bin/sh", "-euc", line, "sh", *args)

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """A file there, which root owns; folders are made."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def show(self, unit: str, name: str) -> str:
        """One property of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def wait_for(self, what: str, *command: str, wanted: str) -> None:
        """Wait until a command prints this."""
        ends = time.monotonic() + PATIENCE
        while (told := self.run(*command, code=None).strip()) != wanted:
            assert time.monotonic() < ends, f"{what}: {told}\n{self.log()}"
            time.sleep(0.2)

    def log(self) -> str:
        """The last lines of its journal, and of its mail server's log."""
        return self.run("sh", "-c", "journalctl --no-pager --lines=40; tail -n 20 /var/log/postfix.log", code=None)

    def wait_until_up(self) -> None:
        """Until it has booted; a failed unit is an error."""
        ends = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(AssertionError, OSError):
                told = self.run("systemctl", "is-system-running", "--wait", code=None).strip()
                if told in ("running", "degraded"):
                    break
            assert time.monotonic() < ends, "the machine did not boot"
            time.sleep(0.2)
        assert told == "running", self.run("systemctl", "--failed", "--no-pager")

    def reboot(self) -> None:
        """Restart it, and wait until it is up again."""
        before = self.init
        self.run("systemctl", "reboot", code=None)
        ends = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(AssertionError, OSError):
                if self.init != before:
                    break
            assert time.monotonic() < ends, "the machine did not reboot"
            time.sleep(0.1)
        self.wait_until_up()


def _only_child(process: int) -> int:
    """AssertionError if there is none."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    assert children, "the machine is off"
    return int(children[0])


@contextlib.contextmanager
def machine() -> Iterator[Machine]:
    """The machine, booted, with ``/srv/python`` and the program's source to be read."""
    base = Path(tempfile.mkdtemp(prefix="newsletter-machine-"))
    name = base.name.replace("_", "-").rstrip("-")
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    seen = {sys.base_prefix: PYTHON, libraries: LIBRARIES, **{f"{ROOT}/{part}": f"{SOURCE}/{part}" for part in PARTS}}
    binds = [f"--bind-ro={here}:{there}" for here, there in seen.items()]
    options = ["--quiet", "--private-network", "--register=no", "--keep-unit", "--console=pipe", f"--machine={name}"]
    command = [*KEEPER, "/bin/sh", "-c", BOOT, str(base), str(base), *options, *binds]
    with (base.parent / f"{base.name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    made = Machine(process.pid)
    try:
        made.wait_until_up()
        yield made
    finally:
        for last_word in (signal.SIGTERM, signal.SIGTERM):  # the first asks it to shut down
            with contextlib.suppress(AssertionError, OSError):
                os.kill(made.nspawn, last_word)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
                break
        process.kill()
        process.wait()
        base.rmdir()
        (base.parent / f"{base.name}.log").unlink()
