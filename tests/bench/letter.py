"""The one letter that every contender sends, laid into a folder in the form that each needs.

``workspace/``    the sample issue, to be copied for a campaign of ours
``message.eml``   a finished message, for those that only hand over
``letter.json``   the editions as texts with places for a reader's values, for those that compose
``dkim.pem``      an RSA key of 2,048 bits, made for this run

All come to the same size within 2 %, or else speeds could not be compared.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dkim
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletter.audience.subscribers import Addressee
from newsletter.audience.tokens import Tokens
from newsletter.cli.publishing import frozen_edition
from newsletter.cli.wiring import House
from newsletter.content.placeholders import MARK
from newsletter.delivery.message import FrozenEdition, MessageTemplate, reader_of
from newsletter.delivery.writer import Signer, write_message
from newsletter.workspace import find_workspace
from tests.bench.campaign import ISSUE, ROOT
from tests.bench.tools import NODE_FILES, Node

SEGMENT = "supporters"
DROPPED = "town-by-town"  # a block without which the letter has some 43,000 bytes
SELECTOR = "bench"
TOLERANCE = 0.02  # of the size
# The environment in which a workspace signs.
SIGNING = {
    "NEWSLETTER_DKIM__DOMAIN": "example.org",
    "NEWSLETTER_DKIM__SELECTOR": SELECTOR,
    "NEWSLETTER_DKIM__KEY_FILE": "dkim.pem",
}
SCRIPT = NODE_FILES / "send.js"


class UnfairError(Exception):
    """A contender would not do the same work as the others."""


@dataclass(frozen=True, slots=True)
class LetterFolder:
    """Where the letter lies, and the size in bytes that all contenders come near to."""

    path: Path
    size: int

    @property
    def key(self) -> Path:
        """The private key."""
        return self.path / "dkim.pem"

    @property
    def message(self) -> Path:
        """The finished message."""
        return self.path / "message.eml"


def prepare(folder: Path, node: Node | None) -> LetterFolder:
    """Lay everything into ``folder``.  Raises UnfairError."""
    workspace = folder / "workspace"
    for name in ("issues", "locales", "templates"):
        shutil.copytree(ROOT / name, workspace / name)
    shutil.copy(ROOT / "newsletter.yaml", workspace)
    issue_file = workspace / "issues" / f"{ISSUE}.yaml"
    issue = yaml.safe_load(issue_file.read_text(encoding="utf-8"))
    issue["blocks"] = [block for block in issue["blocks"] if block.get("id") != DROPPED]
    issue_file.write_text(yaml.safe_dump(issue, allow_unicode=True, sort_keys=False), encoding="utf-8")

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "dkim.pem").write_bytes(key.private_bytes(*pem))
    (workspace / "dkim.pem").write_bytes(key.private_bytes(*pem))

    house = House(find_workspace(workspace, SIGNING))
    loaded = house.load(house.workspace.issue_file(ISSUE))
    editions = [frozen_edition(house, loaded, locale, frozenset({SEGMENT})) for locale in house.settings.locales]
    signer = house.dkim_signer()
    assert signer is not None
    sizes = [len(_written(edition, who)) for edition in editions for who in (signer, None)]
    letter = LetterFolder(folder, sum(sizes) // len(sizes))
    letter.message.write_bytes(_padded(_written(editions[0], None), letter.size))
    _write_letter(house, editions, folder)
    if node is not None:
        _, record = signer.dns_record()
        _check_nodemailer(letter, node, record.encode())
    return letter


def check_size(who: str, size: float, letter: LetterFolder) -> None:
    """Raises UnfairError if messages of ``size`` bytes are too far from those of the others."""
    if abs(size / letter.size - 1) > TOLERANCE:
        raise UnfairError(f"{who} sends messages of {size:,.0f} bytes, and the others of {letter.size:,}")


def _written(edition: FrozenEdition, signer: Signer | None) -> bytes:
    person = Addressee(1, "Ye17ne-TuVLg", "r1000@example.org", "Réader1000 Ibáñez", "Réader1000")
    reader = reader_of(person, Tokens((b"k" * 32,)))
    now = dt.datetime.now(dt.UTC)
    return bytes(write_message(MessageTemplate(edition), reader, f"<{'m' * 22}@example.org>", now, signer).message)


def _padded(message: bytes, size: int) -> bytes:
    """The message with lines after its last part, where they are no part of what is read (RFC 2046 §5.1.1)."""
    line = b"-" * 70 + b"\r\n"
    missing = size - len(message)
    return message + line * (missing // len(line)) + b"-" * max(0, missing % len(line) - 2) + b"\r\n"


def _write_letter(house: House, editions: list[FrozenEdition], folder: Path) -> None:
    sender = editions[0].sender
    data: dict[str, Any] = {
        "from": sender.address,
        "replyTo": sender.reply_to,
        "bounces": house.settings.sender.bounces,
        "publicUrl": sender.public_url,
        "domain": sender.domain,
        "selector": SELECTOR,
        "editions": [
            {
                "locale": edition.locale,
                "senderName": edition.sender.name,
                "subject": edition.subject,
                "text": _parts(edition.text),
                "html": _parts(edition.html),
            }
            for edition in editions
        ],
    }
    (folder / "letter.json").write_text(json.dumps(data), encoding="utf-8")


def _parts(text: str) -> list[str]:
    """Fixed texts and, between them, the names of values."""
    parts, at = [], 0
    for found in MARK.finditer(text):
        parts += [text[at : found.start()], found["field"]]
        at = found.end()
    return [*parts, text[at:]]


def _check_nodemailer(letter: LetterFolder, node: Node, record: bytes) -> None:
    """What it composes must be signed, and of the others' size."""
    specimens = [_specimen(letter, node, index) for index in range(2)]  # one of either language
    if not all(dkim.verify(specimen, dnsfunc=lambda *_args, **_kwargs: record) for specimen in specimens):
        raise UnfairError("nodemailer makes no signature that holds")
    check_size("nodemailer", sum(map(len, specimens)) / len(specimens), letter)


def _specimen(letter: LetterFolder, node: Node, index: int) -> bytes:
    command = [node.program, str(SCRIPT), "specimen", str(letter.path), str(index)]
    return subprocess.run(command, env=node.environment, capture_output=True, check=True).stdout
