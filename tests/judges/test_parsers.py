"""Python's, Perl's and Node's MIME parsers read the same mail out of the same bytes: every part, every header."""

from __future__ import annotations

import email
import hashlib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.judges.conftest import Sample, Verdicts


@pytest.fixture(scope="module")
def by_perl(perl: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """What Email::MIME reads, by mail."""
    packages = "libemail-mime-perl, libemail-address-xs-perl"
    return perl("mime.pl", "Email::MIME", "Email::Address::XS", packages=packages)


def by_python(source: bytes) -> dict[str, Any]:
    """What the standard library reads."""
    message = email.message_from_bytes(source, policy=modern)
    assert isinstance(message, EmailMessage)
    (sender,) = message["From"].addresses
    moment = parsedate_to_datetime(str(message["Date"]))
    return {
        "subject": str(message["Subject"]),
        "from": [sender.display_name, sender.addr_spec],
        "to": str(message["To"]),
        "id": str(message["Message-ID"]),
        "date": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "parts": [[part.get_content_type(), _digest(part)] for part in message.walk() if not part.is_multipart()],
        "unsubscribe": " ".join(str(message["List-Unsubscribe"]).split()),
    }


def _digest(part: EmailMessage) -> str:
    content = part.get_content()
    data = content.replace("\r\n", "\n").rstrip("\n").encode() if isinstance(content, str) else bytes(content)
    return hashlib.sha256(data).hexdigest()


def test_parsers_agree_on_every_part(samples: list[Sample], verdicts: Verdicts, by_perl: dict[str, Any]) -> None:
    for sample in samples:
        python = by_python(sample.path.read_bytes())
        assert len(python["parts"]) >= 2
        assert python == by_perl[sample.name], sample.name
        del python["unsubscribe"]  # mailparser takes it apart
        assert python == verdicts.mails[sample.name]["parsed"], sample.name


def test_what_they_agree_on_is_what_was_written(samples: list[Sample]) -> None:
    for sample in samples:
        read = by_python(sample.path.read_bytes())
        digests = [hashlib.sha256(text.rstrip("\n").encode()).hexdigest() for text in (sample.text, sample.html)]
        assert [digest for kind, digest in read["parts"] if kind.startswith("text/")][:2] == digests
