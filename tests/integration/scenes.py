"""What tests of several commands begin with."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletter.adapters.dkim import DkimSigner, load_key
from tests.integration.conftest import People, Space
from tests.integration.servers import CUT, Script, scripted_server


def another_issue(space: Space, slug: str) -> None:
    """The same issue, translated, under another name."""
    for folder, suffix in (("issues", "yaml"), ("locales/es/LC_MESSAGES/issues", "po")):
        text = (space.root / folder / f"june.{suffix}").read_text(encoding="utf-8")
        (space.root / folder / f"{slug}.{suffix}").write_text(text, encoding="utf-8")


def half_done(space: Space, people: People) -> None:
    """A campaign with one message in doubt, one rejected, one deferred and one accepted."""
    people(4)
    fates = {"reader1": CUT, "reader2": "550 5.1.1 no such user", "reader3": "450 4.2.2 full"}

    def answer(verb: str, recipient: str) -> str | None:
        return fates.get(recipient.partition("@")[0]) if verb == "BODY" else None

    with scripted_server(Script(answer)) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes", code=3)


def with_key(space: Space) -> DkimSigner:
    """Give the workspace a DKIM key; returns who signs with it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file: Path = space.root / "var" / "dkim.pem"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pem)
    file.chmod(0o600)
    space.set("dkim", domain="example.org", selector="s1", key_file="var/dkim.pem")
    return DkimSigner("example.org", "s1", load_key(pem))
