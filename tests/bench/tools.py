"""Programs of others that are measured beside ours: nodemailer, and two of Postfix's.

What is not on the machine is put below ``var/bench/``, where that is possible:
nodemailer by npm as its lock file says, Postfix's two programs out of Debian's
package, which is unpacked and not installed.  Otherwise a word says what to install.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.sink import ROOT

VAR = ROOT / "var" / "bench"
NODE_FILES = Path(__file__).parent / "node"
TIMEOUT = 300.0  # seconds for a package manager
NODE_MIN = 20  # major version that this nodemailer wants


class MissingError(Exception):
    """A program is not there; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Postfix:
    """Where the two programs are, and the environment in which they find their libraries."""

    sink: Path
    source: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Node:
    """Where node is, and the environment in which its scripts find nodemailer."""

    program: str
    environment: Mapping[str, str]


def nodemailer() -> Node:
    """Raises MissingError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingError(f"nodemailer: install node, version {NODE_MIN} or newer, and npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE_MIN:
        raise MissingError(f"nodemailer: install node {NODE_MIN} or newer; this is {version}")
    folder = VAR / "node"
    wanted = (NODE_FILES / "package-lock.json").read_bytes()
    done = folder / "installed.json"  # written last, so that half an installation does not count
    if not done.is_file() or done.read_bytes() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(NODE_FILES / name, folder)
        if not _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder):
            raise MissingError(f"nodemailer: 'npm ci' in {folder} failed")
        done.write_bytes(wanted)
    return Node(node, {**os.environ, "NODE_PATH": str(folder / "node_modules")})


def postfix() -> Postfix:
    """smtp-sink and smtp-source.  Raises MissingError."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # where Debian puts them, and not everybody looks
    sink, source = (shutil.which(name, path=path) for name in ("smtp-sink", "smtp-source"))
    if sink and source:
        return Postfix(Path(sink), Path(source), os.environ)
    root = VAR / "postfix"
    if not (root / "usr").is_dir():
        _unpack(root)
    libraries = str(root / "usr" / "lib" / "postfix")
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    programs = root / "usr" / "sbin"
    if _lacks_libraries(programs / "smtp-sink", environment):
        _install_libraries(next(root.glob("*.deb")))
        if _lacks_libraries(programs / "smtp-sink", environment):
            shutil.rmtree(root)
            raise MissingError("smtp-sink and smtp-source: libraries are missing; install postfix")
    return Postfix(programs / "smtp-sink", programs / "smtp-source", environment)


def _unpack(root: Path) -> None:
    """Fetch Debian's package and take it apart; nothing of it is configured or started."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb") or os.geteuid() != 0:
        raise MissingError("smtp-sink and smtp-source: install postfix")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    if not _run(["apt-get", "download", "postfix"], cwd=root):
        _run(["apt-get", "update"], cwd=root)
        if not _run(["apt-get", "download", "postfix"], cwd=root):
            raise MissingError("smtp-sink and smtp-source: apt-get could not fetch postfix; install it")
    _run(["dpkg-deb", "-x", str(next(root.glob("*.deb"))), "."], cwd=root)


def _install_libraries(package: Path) -> None:
    """The libraries that the package depends on, and nothing else of what it would bring."""
    field = ["dpkg-deb", "-f", str(package), "Depends"]
    depends = subprocess.run(field, capture_output=True, text=True, check=True).stdout
    libraries = re.findall(r"(?:^|, )(lib[a-z0-9.+-]+)", depends)
    command = ["apt-get", "install", "-y", "--no-install-recommends", *libraries]
    if not _run(command, cwd=VAR):
        _run(["apt-get", "update"], cwd=VAR)
        _run(command, cwd=VAR)


def _run(command: list[str], cwd: Path) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _lacks_libraries(program: Path, environment: Mapping[str, str]) -> bool:
    said = subprocess.run(["ldd", str(program)], env=environment, capture_output=True, text=True, check=False).stdout
    return "not found" in said
