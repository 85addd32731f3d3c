"""Names and addresses as lists hold them; segments' rules; the tokens that readers get."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.subscribers import MAX_LOCAL_BYTES, address_key, clean_text, first_name, parse_address
from newsletter.audience.tokens import MIN_KEY_BYTES, Tokens

BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ANY_TEXT = st.text(st.characters(), max_size=60) | st.text(
    alphabet="aé\u0301\u200c\u200d\u202e\u2028\r\n\t \x00\x1b\ue000\ud800\uffff👩🏽"
)


@given(ANY_TEXT, st.integers(0, 20))
def test_cleaned_text_is_one_bounded_visible_line(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)
    assert len(cleaned) <= limit
    assert not set(cleaned) & BIDI
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for char in cleaned)
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean_text(cleaned, limit) == cleaned
    cleaned.encode()


@given(ANY_TEXT)
def test_cleaning_takes_no_visible_character(text: str) -> None:
    visible = [char for char in unicodedata.normalize("NFC", text) if char.isalnum()]
    kept = [char for char in clean_text(text, 10_000) if char.isalnum()]
    assert len(kept) >= len([char for char in visible if unicodedata.category(char) != "Cn"]) - text.count("\u0301")


@pytest.mark.parametrize(
    ("name", "own", "first"),
    [
        ("Ana Núñez", None, "Ana"),
        ("Ana", None, "Ana"),
        ("", None, ""),
        ("Ana María Núñez", "Ana María", "Ana María"),
        ("Núñez, Ana", "", "Núñez,"),
    ],
)
def test_first_name_is_the_lists_own_or_the_first_word(name: str, own: str | None, first: str) -> None:
    assert first_name(name, own) == first


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ana@example.org", "ana@example.org"),
        (" ana@example.org \n", "ana@example.org"),
        ("Ana.Nunez+news@EXAMPLE.org", "Ana.Nunez+news@example.org"),
        ("ana@señora.example.org", "ana@xn--seora-pta.example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
    ],
)
def test_address_is_taken_with_its_domain_in_ascii(text: str, address: str) -> None:
    assert parse_address(text) == address
    assert address_key(parse_address(text)) == address.lower()


@pytest.mark.parametrize(
    "text",
    [
        "", "ana", "ana@", "@example.org", "ana@example", "ana@@example.org", "ana@exa mple.org", "ana@example..org",
        "señora@example.org", "ana@example.org, leo@example.org", "Ana <ana@example.org>",
        "ana@example.org\nBcc: x@example.org",
        "ana\u202e@example.org", "ana\x00@example.org", "\ud800@example.org", '"a b"@example.org',
        "ana@[192.0.2.1]", "a" * 65 + "@example.org",
        "mailto:ana@example.org", "ana@-example.org", "ana@example.org.",
    ],
)  # fmt: skip
def test_no_address_is_told_on_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_address(text)
    assert "\n" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_in_ascii_or_a_value_error(text: str) -> None:
    for candidate in (text, f"{text}@example.org", f"ana@{text}"):
        try:
            assert parse_address(candidate).isascii()
        except ValueError as error:
            assert str(error)  # noqa: PT017 - that nothing else is raised is what counts


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("señora@example.org", "señora@example.org"),
        ("Sen\u0303ora@EXAMPLE.org", "Señora@example.org"),
        ("用户@例え.example.org", "用户@xn--r8jz45g.example.org"),
        ("δοκιμή+νέα@example.org", "δοκιμή+νέα@example.org"),
        ("उपयोगकर्ता@example.org", "उपयोगकर्ता@example.org"),
        ("ผู้ใช้ทำงาน@example.org", "ผู้ใช้ทำงาน@example.org"),
        ("مثال٣@example.org", "مثال٣@example.org"),
        ("\u212aelvin@example.org", "Kelvin@example.org"),
        ("ana@señora.example.org", "ana@xn--seora-pta.example.org"),
    ],
)
def test_readers_may_have_letters_beyond_ascii_before_the_at(text: str, address: str) -> None:
    assert parse_address(text, international=True) == address
    assert parse_address(address, international=True) == address


def test_addresses_of_ones_own_stay_in_ascii() -> None:
    with pytest.raises(ValueError, match="Internationalized characters before the @-sign are not supported: 'ñ'"):
        parse_address("señora@example.org")


HOSTILE = {
    "override": "señ\u202eora",
    "isolate": "señ\u2066ora",
    "null": "señ\x00ora",
    "escape": "señ\x1b[2Jora",
    "line break": "señ\r\nBcc: ora",
    "next line": "señ\x85ora",
    "line separator": "señ\u2028ora",
    "space": "señ ora",
    "wide space": "señ\u3000ora",
    "no-break space": "señ\u00a0ora",
    "soft hyphen": "señ\u00adora",
    "joiner": "señ\u200dora",
    "brackets": "<señora>",
    "closing bracket": "señora>",
    "wide bracket": "señ\uff1cora",
    "combined bracket": "señ<\u0338ora",
    "wide at": "señ\uff20ora",
    "comma": "señora,leo",
    "greek question mark": "señ\u037eora",
    "quoted": '"señ ora"',
    "wide letter": "\uff53eñora",
    "raised letter": "señ\u00aara",
    "filler": "señ\u3164ora",
    "selector": "señ\ufe0fora",
    "first mark": "\u0301senora",
    "surrogate": "señ\ud800ora",
    "private": "señ\ue000ora",
    "replacement": "se\ufffdora",
    "wrong encoding": "señora".encode().decode("latin-1"),
    "emoji": "señora👩",
    "two dots": "señ..ora",
    "long": "ñ" * 33,
    "smtp parameter": "señora> SMTPUTF8",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_or_broken_address_is_told_on_one_visible_line(kind: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_address(f"{HOSTILE[kind]}@example.org", international=True)
    said = str(caught.value)
    assert not {char for char in said if unicodedata.category(char)[0] in "CZ" and char != " "}
    assert "\u202e" not in said


def test_a_misread_letter_is_named() -> None:
    with pytest.raises(ValueError, match=r"PLUS-MINUS SIGN.*another encoding"):
        parse_address("seÃ±ora@example.org", international=True)


def test_an_address_is_not_longer_than_a_command_can_say() -> None:
    domain = ".".join(["d" * 60] * 3) + ".example.org"
    assert len(parse_address(f"{'ñ' * 20}@{domain}", international=True).encode()) <= 254
    with pytest.raises(ValueError, match=r"."):
        parse_address(f"{'ñ' * 32}@{domain}", international=True)


@given(st.text(), st.booleans())
def test_any_text_is_an_address_that_commands_and_headers_can_hold_or_a_value_error(text: str, around: bool) -> None:
    for candidate in (f"{text}@example.org", f"é{text}@example.org", f"ñ@{text}"):
        try:
            address = parse_address(candidate, international=True)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - that nothing else is raised is what counts
            continue
        local, _at, domain = address.rpartition("@")
        assert domain.isascii()
        assert unicodedata.is_normalized("NFC", local)
        assert not set(local) & set('<>()[]\\,;:"@ ')
        assert all(unicodedata.category(char)[0] not in "CZ" for char in address)
        assert len(address.encode()) <= 254
        assert parse_address(address, international=True) == address
        assert address_key(address_key(address)) == address_key(address)


@given(st.text(st.characters(codec="utf-8")))
def test_ways_to_code_an_accent_are_one_person(text: str) -> None:
    forms = {address_key(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert forms == {address_key(text)}


def test_capitals_beyond_ascii_are_one_person_too() -> None:
    assert address_key("SEN\u0303ORA@example.org") == address_key("señora@example.org")
    assert address_key("ΔΟΚΙΜΉ@example.org") == address_key("δοκιμή@example.org")


TOKENS = Tokens((b"k" * MIN_KEY_BYTES,))
REF = "b7Q2xyz"


@given(st.text(st.characters(exclude_categories=[])))
def test_token_gives_back_what_it_was_made_of(ref: str) -> None:
    assert TOKENS.reader_ref(TOKENS.reader_token(ref)) == ref


@given(st.text(st.characters(exclude_categories=[])))
def test_made_up_token_is_nobodys(token: str) -> None:
    assert TOKENS.reader_ref(token) is None
    assert TOKENS.reader_ref(f"{REF}.{token}") is None


@given(st.integers(0, 29), st.characters())
def test_token_with_one_character_changed_is_nobodys(at: int, character: str) -> None:
    token = TOKENS.reader_token(REF)
    changed = token[:at] + character + token[at + 1 :]
    assert TOKENS.reader_ref(changed) == (REF if changed == token else None)


def test_tokens_say_nothing_and_fit_into_a_url() -> None:
    token = TOKENS.reader_token(REF)
    assert token.startswith(f"{REF}.")
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert len(token) == len(REF) + 1 + 22


def test_another_key_and_another_purpose_make_other_tokens() -> None:
    other = Tokens((b"o" * MIN_KEY_BYTES,))
    assert other.reader_ref(TOKENS.reader_token(REF)) is None
    assert other.fingerprints() != TOKENS.fingerprints()
    message = TOKENS.message_id("c", REF, "example.org")
    assert message == TOKENS.message_id("c", REF, "example.org"), "an attempt more is the same message"
    assert message != TOKENS.message_id("d", REF, "example.org")
    assert message.startswith("<")
    assert message.endswith("@example.org>")
    assert TOKENS.reader_token(REF).split(".")[1] not in message


def test_short_key_is_refused_and_no_key_is_shown() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Tokens((b"k" * (MIN_KEY_BYTES - 1),))
    assert "kkk" not in repr(TOKENS)


def test_old_keys_still_open_the_links_that_they_made() -> None:
    rotated = Tokens((b"n" * MIN_KEY_BYTES, b"k" * MIN_KEY_BYTES))
    assert rotated.reader_ref(TOKENS.reader_token(REF)) == REF
    assert TOKENS.reader_ref(rotated.reader_token(REF)) is None, "the newest key makes them"
    assert TOKENS.message_id("c", REF, "example.org") in rotated.message_ids("c", REF, "example.org")
    assert rotated.delivery_of(TOKENS.delivery_token(3, 4)) == (3, 4)
    assert TOKENS.address_hashes("a@example.org")[0] == rotated.address_hashes("a@example.org")[1]


def test_a_token_serves_one_purpose() -> None:
    assert TOKENS.signup_ref(TOKENS.reader_token(REF)) is None
    assert TOKENS.reader_ref(TOKENS.signup_token(REF)) is None
    assert TOKENS.signup_ref(TOKENS.signup_token(REF)) == REF


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1))
def test_the_sender_of_an_envelope_names_its_delivery_in_any_case(campaign: int, subscriber: int) -> None:
    token = TOKENS.delivery_token(campaign, subscriber)
    assert TOKENS.delivery_of(token) == TOKENS.delivery_of(token.upper()) == (campaign, subscriber)
    assert len("bounces+") + len(token) <= MAX_LOCAL_BYTES


@given(st.text(st.characters(exclude_categories=[])))
def test_a_made_up_sender_names_no_delivery(token: str) -> None:
    assert TOKENS.delivery_of(token) is None
    assert TOKENS.delivery_of(f"1-2-{token}") is None
