"""The commands for one message, by what the server offers, and the encodings of their parameters."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.esmtp import Envelope, Offers, typed_address, utf8_xtext, xtext
from newsletter.delivery.message import Mail, Message

PLAIN = Mail("ana+news@example.org", "b7Q2xyz", Message.of(b"Subject: x\r\n\r\nHello\r\n"))
BEYOND_ASCII = Mail("señora@example.org", "b7Q2xyz", Message.of("To: señora@example.org\r\n\r\nHello\r\n".encode()))
EIGHT_BIT = Mail("ana@example.org", "b7Q2xyz", Message.of("Subject: x\r\n\r\n¡Hola!\r\n".encode()))


def commands(mail: Mail, offers: Offers) -> list[str]:
    return [line.decode() for line in Envelope("bounces@example.org", offers).commands(mail)]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("b7Q2-xyz_", b"b7Q2-xyz_"),
        ("ana+news@example.org", b"ana+2Bnews@example.org"),
        ("a=b c\\d", b"a+3Db+20c\\d"),
        ("a\r\nRCPT TO:<x>\x00\x7f", b"a+0D+0ARCPT+20TO:<x>+00+7F"),
        ("", b""),
    ],
)
def test_xtext_hides_what_would_end_a_parameter(text: str, encoded: bytes) -> None:
    assert xtext(text) == encoded


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_xtext_is_read_back_by_its_rule(text: str) -> None:
    encoded = xtext(text).decode("ascii")
    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", encoded)
    assert re.sub(r"\+([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), encoded) == text


def test_xtext_has_no_form_for_letters_beyond_ascii() -> None:
    with pytest.raises(ValueError, match="ascii"):
        xtext("señora@example.org")


@given(st.text())
def test_utf8_xtext_is_read_back_by_its_rule(text: str) -> None:
    encoded = utf8_xtext(text).decode("ascii")
    assert re.fullmatch(r"(?:[!-*,-<>-\[\]-~]|\\x\{[0-9A-F]{2,6}\})*", encoded)
    assert re.sub(r"\\x\{([0-9A-F]+)\}", lambda found: chr(int(found[1], 16)), encoded) == text


@pytest.mark.parametrize(
    ("address", "typed"),
    [
        ("ana+news@example.org", b"rfc822;ana+2Bnews@example.org"),
        ("señora+x@example.org", rb"utf-8;se\x{F1}ora\x{2B}x@example.org"),
        ("用户@xn--fsqu00a.example.org", rb"utf-8;\x{7528}\x{6237}@xn--fsqu00a.example.org"),
    ],
)
def test_an_original_recipient_is_named_with_its_type(address: str, typed: bytes) -> None:
    assert typed_address(address) == typed


def test_a_server_that_offers_nothing_hears_no_parameter() -> None:
    assert commands(PLAIN, Offers()) == [
        "MAIL FROM:<bounces@example.org>\r\n",
        "RCPT TO:<ana+news@example.org>\r\n",
        "DATA\r\n",
    ]


def test_reports_of_failure_and_delay_are_asked_for_under_the_name_of_the_delivery() -> None:
    assert commands(PLAIN, Offers(dsn=True, size=0))[:2] == [
        f"MAIL FROM:<bounces@example.org> RET=HDRS ENVID=b7Q2xyz SIZE={len(PLAIN.message)}\r\n",
        "RCPT TO:<ana+news@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ana+2Bnews@example.org\r\n",
    ]


def test_eight_bit_data_is_announced_and_nothing_else_is() -> None:
    offers = Offers(eight_bit=True)
    assert commands(EIGHT_BIT, offers)[0] == "MAIL FROM:<bounces@example.org> BODY=8BITMIME\r\n"
    assert commands(PLAIN, offers)[0] == "MAIL FROM:<bounces@example.org>\r\n"


def test_eight_bit_data_has_no_way_through_a_server_that_takes_seven() -> None:
    sender = "bounces@example.org"
    assert "does not offer 8BITMIME" in Envelope(sender, Offers()).obstacle(EIGHT_BIT)
    assert not Envelope(sender, Offers(eight_bit=True)).obstacle(EIGHT_BIT)
    assert not Envelope(sender, Offers()).obstacle(PLAIN)


def test_smtputf8_is_said_for_an_address_that_needs_it_and_for_no_other() -> None:
    offers = Offers(eight_bit=True, dsn=True, smtputf8=True)
    assert commands(BEYOND_ASCII, offers)[:2] == [
        "MAIL FROM:<bounces@example.org> RET=HDRS ENVID=b7Q2xyz BODY=8BITMIME SMTPUTF8\r\n",
        "RCPT TO:<señora@example.org> NOTIFY=FAILURE,DELAY ORCPT=utf-8;se\\x{F1}ora@example.org\r\n",
    ]
    assert "SMTPUTF8" not in "".join(commands(PLAIN, offers) + commands(EIGHT_BIT, offers))


def test_an_address_beyond_ascii_has_no_way_through_a_server_that_does_not_know_such() -> None:
    obstacle = Envelope("bounces@example.org", Offers(eight_bit=True)).obstacle(BEYOND_ASCII)
    assert "does not offer SMTPUTF8, which 'ñ' in the address needs" in obstacle
    offers = Offers(eight_bit=True, smtputf8=True)
    assert not Envelope("bounces@example.org", offers).obstacle(BEYOND_ASCII)


@pytest.mark.parametrize("offers", [Offers(), Offers(dsn=True, size=0)])
def test_a_mail_may_have_a_sender_of_its_own(offers: Offers) -> None:
    own = replace(PLAIN, mail_from="bounces+3-14-x@example.org")
    assert commands(own, offers)[0].startswith("MAIL FROM:<bounces+3-14-x@example.org>")
    assert commands(PLAIN, offers)[0].startswith("MAIL FROM:<bounces@example.org>")
