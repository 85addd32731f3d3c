"""DKIM signatures, judged by three programs that others wrote: dkimpy, OpenDKIM and Perl's Mail::DKIM."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.adapters.dkim import DkimSigner, PrivateKey, load_key
from newsletter.adapters.smtp import SmtpServer
from newsletter.content.placeholders import mark
from newsletter.delivery.message import FrozenEdition, Message, MessageTemplate, Reader, Sender
from newsletter.delivery.states import State
from newsletter.delivery.writer import write_message
from tests.integration.servers import real_server

ROOT = Path(__file__).parents[2]
NOW = dt.datetime.now(dt.UTC)
KEYS: dict[str, PrivateKey] = {
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
SENDER = Sender("Justicia Migrante — Comité", "news@example.org", "hello@example.org", "https://news.example.org")


def signer(kind: str) -> DkimSigner:
    return DkimSigner("example.org", "s1", KEYS[kind])


def message(
    name: str = "Ana Ñandú",
    subject: str = "¡Hola!",
    text: str = "One  two \n\n.three\n\n\n",
    to: str = "ana@example.org",
) -> Message:
    edition = FrozenEdition("es", frozenset(), SENDER, subject, text, f"<p>{text}</p>\n")
    return MessageTemplate(edition).fill(Reader(to, name, name, "token"), "<1@example.org>", NOW)


def signed_by(kind: str, unsigned: Message | None = None) -> bytes:
    return bytes(signer(kind).sign(unsigned or message(), NOW))


async def received(kind: str, recipient: str) -> bytes:
    """A signed message as a real server took it."""
    edition = FrozenEdition("es", frozenset(), SENDER, "¡Hola!", "Hola", "<p>Hola</p>\n")
    reader = Reader(recipient, "Señora Ñandú", "Señora", "token")
    with real_server(smtputf8=True) as inbox:
        session = await SmtpServer("127.0.0.1", inbox.port, "none", "", "", mail_from="b@example.org").connect()
        mail = write_message(MessageTemplate(edition), reader, "<1@example.org>", NOW, signer(kind))
        assert (await session.send(mail)).state is State.ACCEPTED
        await session.close()
    return inbox.messages[0][2]


def verified(signed: bytes, kind: str) -> bool:
    name, value = signer(kind).dns_record()

    def lookup(asked: bytes, timeout: int = 5) -> bytes | None:
        return value.encode() if asked.decode().rstrip(".") == name else None

    return bool(dkim.verify(signed, dnsfunc=lookup))


@pytest.mark.parametrize("kind", KEYS)
def test_dkimpy_verifies_what_is_signed_and_nothing_that_is_changed(kind: str) -> None:
    signed = signed_by(kind)
    assert verified(signed, kind)
    for old, new in (
        (b"From: ", b"From: x"),
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"),
        (b"https://news.example.org/u/", b"https://evil.example.com/u/"),
        (b"three", b"four!"),
        (b"Subject: ", b"Subject: =?utf-8?B?QQ==?=\r\n "),
    ):
        assert old in signed
        assert not verified(signed.replace(old, new, 1), kind), old


@pytest.mark.parametrize("kind", KEYS)
async def test_a_message_to_letters_beyond_ascii_verifies_as_received(kind: str) -> None:
    message = await received(kind, "señora@example.org")
    assert "<señora@example.org>".encode() in message
    assert verified(message, kind)
    assert not verified(message.replace("señora@".encode(), b"senora@"), kind)


@pytest.mark.parametrize("field", ["From: evil@example.com", "Subject: evil", "To: x@example.com", "Date: yesterday"])
def test_no_second_header_can_be_added(field: str) -> None:
    signed = signed_by("rsa")
    assert not verified(field.encode() + b"\r\n" + signed, "rsa")


def test_the_headers_that_matter_are_signed() -> None:
    header = signed_by("rsa").partition(b"\r\nDate:")[0].replace(b"\r\n ", b"").decode()
    signed = header.partition(";h=")[2].partition(";")[0].replace(" ", "").split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post", "reply-to", "message-id"} <= set(signed)
    assert all(signed.count(name) == 2 for name in ("from", "to", "subject", "date"))


def test_lines_of_the_signature_are_short() -> None:
    for kind in KEYS:
        signature = signed_by(kind).partition(b"\r\nDate:")[0]
        assert max(map(len, signature.split(b"\r\n"))) <= 100


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\ue000\ue001\r"), max_size=200)


@settings(max_examples=60, deadline=None)
@given(_texts, _texts, _texts, st.sampled_from(sorted(KEYS)))
def test_whatever_is_written_verifies(name: str, subject: str, text: str, kind: str) -> None:
    assert verified(signed_by(kind, message(name, subject, text)), kind)


@settings(deadline=None, max_examples=100)
@given(st.text(" \t\n.=aé\u00a0\u2028", max_size=300))
def test_spaces_of_every_kind_verify_and_arrive_as_text(text: str) -> None:
    signed = signed_by("ed25519", message(text=text))
    assert verified(signed, "ed25519")
    body = signed.partition(b"\r\n\r\n")[2]
    assert b"  " not in body
    assert b" \r\n" not in body
    assert b"\t" not in body
    plain = next(email.message_from_bytes(signed, policy=email.policy.default).iter_parts())
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text.replace("\t", " ").rstrip("\n")


@pytest.mark.parametrize("fallback", ["friend", "dear  friend", " dear friend "])
def test_a_fallback_with_spaces_verifies(fallback: str) -> None:
    unnamed = message(name="", text=f"Hi {mark('first_name', fallback)}, we won")
    assert verified(signed_by("ed25519", unnamed), "ed25519")


def pem(key: PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_keys_are_read_and_weak_ones_refused() -> None:
    for key in KEYS.values():
        assert type(load_key(pem(key))) is type(key)
    with pytest.raises(ValueError, match="1024 bits"):
        load_key(pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)))
    with pytest.raises(ValueError, match="neither"):
        load_key(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(ValueError, match="no private key"):
        load_key(b"nonsense")


@pytest.mark.parametrize("kind", KEYS)
def test_opendkim_and_mail_dkim_agree(tmp_path: Path, kind: str) -> None:
    """Both ask the DNS, so they run in a network namespace whose only server is ours."""
    needed = ("unshare", "ip", "opendkim-testmsg", "perl")
    missing = [name for name in needed if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        assert not os.environ.get("CI"), f"CI must run this; missing: {missing}"
        pytest.skip(f"needs root and {', '.join(needed)}")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    (tmp_path / "signed.eml").write_bytes(signed_by(kind))
    (tmp_path / "beyond.eml").write_bytes(signed_by(kind, message(to="señora@example.org")))
    (tmp_path / "changed.eml").write_bytes(signed_by(kind).replace(b"three", b"four!"))
    perl = (
        "use Mail::DKIM::Verifier; my $v = Mail::DKIM::Verifier->new; binmode STDIN;"
        ' while (<STDIN>) { s/\\015?\\012$//; $v->PRINT("$_\\015\\012") } $v->CLOSE; print $v->result, qq(\\n);'
    )
    name, value = signer(kind).dns_record()
    here = shlex.quote(str(tmp_path))
    script = f"""
        set -e
        ip link set lo up
        mount --bind {here}/resolv.conf /etc/resolv.conf
        {shlex.quote(sys.executable)} -m tests.integration.dns_server 53 {name} {shlex.quote(value)} >{here}/dns.log &
        server=$!
        trap 'kill $server' EXIT
        until grep -q ready {here}/dns.log; do sleep 0.05; done
        for file in signed beyond changed; do
            perl -e {shlex.quote(perl)} < {here}/$file.eml | sed "s/^/$file Mail::DKIM /"
            if opendkim-testmsg -C < {here}/$file.eml >{here}/opendkim.log 2>&1
            then echo "$file OpenDKIM pass"; else echo "$file OpenDKIM $(cat {here}/opendkim.log)"; fi
        done
    """
    done = subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    verdicts = done.stdout.splitlines()
    assert "signed OpenDKIM pass" in verdicts, done.stdout + done.stderr
    assert "beyond OpenDKIM pass" in verdicts, done.stdout + done.stderr
    assert "changed OpenDKIM pass" not in verdicts
    if kind == "ed25519" and "signed Mail::DKIM invalid" in verdicts:
        return  # Debian 12's Mail::DKIM (1.20230212) is older than its support of RFC 8463
    assert "signed Mail::DKIM pass" in verdicts, done.stdout + done.stderr
    assert "beyond Mail::DKIM pass" in verdicts, done.stdout + done.stderr
    assert "changed Mail::DKIM fail" in verdicts
