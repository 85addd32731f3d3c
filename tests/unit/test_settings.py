"""``newsletter.yaml`` and the environment: every mistake told where it was made, secrets kept out of the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.settings import FILE_NAME, Security, Settings, password_of, read_settings
from newsletter.workspace import find_workspace

from .helpers import ROOT, places

GOOD = """\
organisation:
  name: {en: Our Organisation, es: Nuestra Organización}
  postal_address: 1 Main Street, Anytown
  timezone: America/New_York
locales: [en, es]
formats: {en: en_US, es: es_US}
sender: {address: Ana@EXAMPLE.org, reply_to: hello@example.org}
public_url: https://news.example.org/
smtp: {host: mail.example.org, username: news}
theme: {primary: "#1D5440"}
segments:
  supporters: {tag: supporter}
"""

NAMES = "{en: Our Organisation, es: Nuestra Organización}"


def read(folder: Path, text: str = GOOD, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of a workspace with this file."""
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    return read_settings(folder, environment or {})


def test_good_file_is_read_and_its_addresses_tidied(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.sender.address == "Ana@example.org"
    assert settings.public_url == "https://news.example.org"
    assert settings.smtp
    assert (settings.smtp.port, settings.smtp.security) == (587, Security.STARTTLS)
    assert settings.theme.primary == "#1d5440"
    assert settings.format_locale("es") == "es_US"
    assert settings.names() == {"en": "Our Organisation", "es": "Nuestra Organización"}
    assert read(tmp_path, GOOD.replace(NAMES, "Ours")).names() == {
        "en": "Ours",
        "es": "Ours",
    }


@pytest.mark.parametrize(
    ("old", "new", "place", "says", "hint"),
    [
        ("organisation:\n", "organization:\n", (1, 1, "unknown-key"), "'organization'", "did you mean 'organisation'?"),
        (NAMES, "{en: Ours}", (2, 3, "missing-locale"), "no value for 'es'", ""),
        (NAMES, "5", (2, 9, "wrong-type"), "'name' must be text, not the number 5", "quotes"),
        ("1 Main Street, Anytown", "USA", (3, 19, "too-short"), "postal_address", ""),
        ("1 Main Street, Anytown", "'        '", (3, 19, "too-short"), "postal_address", ""),
        ("America/New_York", "America/New_Yrok", (4, 13, "bad-timezone"), "unknown time zone", "'America/New_York'?"),
        ("[en, es]", "[en, es, en]", (5, 1, "duplicate-locale"), "'en' stands there twice", ""),
        ("[en, es]", "[en, es, xx]", (5, 19, "unknown-locale"), "'xx' is no locale", "write e.g. en"),
        ("[en, es]", "en", (5, 10, "wrong-type"), "'locales' must be a list", ""),
        ("es: es_US}", "es: es_US, fr: fr_CA}", (6, 1, "unknown-locale"), "'fr' is not among the locales", "en, es"),
        ("Ana@EXAMPLE.org", "Ana", (7, 19, "bad-address"), "'Ana' is no address", ""),
        ("https://news.example.org/", "news.example.org", (8, 13, "bad-url"), "no scheme", "did you mean 'https://news.example.org'"),
        ("https://news.example.org/", "mailto:a@example.org", (8, 13, "bad-url"), "no web address", "https://"),
        ("username: news", "port: 70000", (9, 38, "bad-value"), "port", ""),
        ("username: news", "port: many", (9, 38, "wrong-type"), "'port' must be a whole number", ""),
        ("username: news", "security: ssl", (9, 42, "unknown-value"), "unknown security 'ssl'", "starttls, tls"),
        ("username: news", "username: news, security: none", (9, 48, "unprotected-password"), "clear", "starttls"),
        ("username: news", "pasword: x", (9, 32, "unknown-key"), "'pasword'", "did you mean 'password'?"),
        ('"#1D5440"', "green", (10, 18, "bad-value"), "'green' is no colour", "'#1d5440'"),
        ('"#1D5440"', "'#FFF'", (10, 18, "bad-value"), "'#fff' is no colour", "six digits"),
        ('"#1D5440"', '"#eeeeee"', (10, 19, "low-contrast"), "hard to read", "at least 4.5"),
        ("{tag: supporter}", "{tags: supporter}", (12, 16, "bad-rule"), "unknown rule 'tags'", "did you mean 'tag'?"),
        ("supporters:", "Our Supporters:", (12, 3, "bad-value"), "'Our Supporters'", ""),
        ("smtp:", "database: mysql://x\nsmtp:", (9, 11, "bad-database"), "'mysql://x'", "sqlite:///"),
        ("locales: [en, es]\n", "locales: [en, es]\nlocales: [en]\n", (6, 1, "duplicate-key"), "'locales'", "keep one"),
    ],
)  # fmt: skip
def test_mistake_in_the_file_is_told(
    tmp_path: Path, old: str, new: str, place: tuple[int, int, str], says: str, hint: str
) -> None:
    assert old in GOOD
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    findings = [finding for finding in caught.value.findings if finding.code == place[2]]
    assert place in places(findings)
    assert any(says in finding.message and hint in finding.hint for finding in findings)
    assert caught.value.exit_code == 2
    assert len(findings) == (2 if place[2] == "low-contrast" else 1)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("Ana@EXAMPLE.org", "x").replace("America/New_York", "Mars").replace("{tag: supporter}", "[]")
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert [finding.code for finding in caught.value.findings] == ["bad-timezone", "bad-address", "bad-rule"]


def test_absent_and_broken_files_are_settings_errors(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unreadable"):
        read_settings(tmp_path, {})
    for text in ("", "- a\n", "a: [\n", "organisation: x\n", "smtp: null\n", "smtp: []\n"):
        with pytest.raises(SettingsError):
            read(tmp_path, text, {"NEWSLETTER_SMTP__PASSWORD": "x", "NEWSLETTER_ORGANISATION__NAME": "x"})


def test_environment_goes_over_the_file(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        environment={
            "NEWSLETTER_SMTP__PASSWORD": "a secret",
            "NEWSLETTER_SMTP__PORT": "2525",
            "NEWSLETTER_SMTP__HOST": "localhost",
            "NEWSLETTER_DATABASE": "sqlite:///elsewhere.db",
            "NEWSLETTER_SECRET_KEY": "another secret",
            "OTHER_DATABASE": "ignored",
        },
    )
    assert settings.smtp
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.password) == ("localhost", 2525, "a secret")
    assert settings.smtp.username == "news", "the rest of the section stays"
    assert settings.database == "sqlite:///elsewhere.db"
    assert settings.secret_key == "another secret"
    assert "secret" not in repr(settings.smtp)
    assert "another" not in repr(settings)


def test_section_may_come_from_the_environment_alone(tmp_path: Path) -> None:
    text = GOOD.replace("smtp: {host: mail.example.org, username: news}\n", "")
    assert read(tmp_path, text).smtp is None
    smtp = read(tmp_path, text, {"NEWSLETTER_SMTP__HOST": "localhost"}).smtp
    assert smtp
    assert smtp.host == "localhost"


@pytest.mark.parametrize(
    ("variable", "value", "code", "says"),
    [
        ("NEWSLETTER_SMTP__PORT", "many", "wrong-type", "'port' must be a whole number"),
        ("NEWSLETTER_SMTP__PORT", "0", "bad-value", "port"),
        ("NEWSLETTER_SMTP__SECURITY", "ssl", "unknown-value", "'ssl'"),
        ("NEWSLETTER_SMTP__PASWORD", "a secret", "unknown-key", "'pasword'"),
        ("NEWSLETTER_PUBLIC_URL", "example.org", "bad-url", "no scheme"),
        ("NEWSLETTER_SENDER__ADDRESS", "news", "bad-address", "'news' is no address"),
        ("NEWSLETTER_ORGANISATION__TIMEZONE", "Mars", "bad-timezone", "'Mars'"),
        ("NEWSLETTER_ORGANISATION__NAME__ES", "Nosotros", "missing-locale", "en"),
        ("NEWSLETTER_NONSENSE", "x", "unknown-key", "'nonsense'"),
        ("NEWSLETTER_", "x", "unknown-key", "''"),
    ],
)
def test_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, variable: str, value: str, code: str, says: str
) -> None:
    text = GOOD.replace(NAMES, "Ours")
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, {variable: value})
    finding = caught.value.findings[0]
    assert (finding.code, len(caught.value.findings)) == (code, 1)
    if code != "missing-locale":  # that one is about the whole
        assert str(finding.where) == f"environment variable {variable}"
    assert says in finding.message
    assert "a secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "variable"),
    [
        (GOOD.replace("username: news", "password: pw"), (9, 32), "NEWSLETTER_SMTP__PASSWORD"),
        (GOOD + "secret_key: k\n", (13, 1), "NEWSLETTER_SECRET_KEY"),
    ],
)
def test_secret_in_the_file_is_refused(tmp_path: Path, text: str, place: tuple[int, int], variable: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    (finding,) = caught.value.findings
    assert places([finding]) == [(*place, "secret-in-file")]
    assert variable in finding.hint


def test_password_comes_from_the_file_that_is_named(tmp_path: Path) -> None:
    text = GOOD.replace("username: news", "username: news, password_file: var/password")
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert places(caught.value.findings) == [(9, 48, "unreadable")]
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "password").write_text("from the file\n", encoding="utf-8")
    smtp = read(tmp_path, text).smtp
    assert smtp
    assert smtp.password == "from the file"
    smtp = read(tmp_path, text, {"NEWSLETTER_SMTP__PASSWORD": "from the environment"}).smtp
    assert smtp
    assert smtp.password == "from the environment"


@pytest.mark.parametrize(
    ("server", "written", "place", "message"),
    [
        ("username: news", None, (9, 42), "smtp: there is no password for 'news'"),
        ("username: news, password_file: pw", "", (9, 42), "smtp: the password file pw is empty"),
        ("username: news, password_file: pw", "\ufeffsecret\r\n", None, ""),  # as an editor on Windows writes it
        ("port: 25", None, None, ""),
    ],
)
def test_login_without_a_password_is_told_where_it_is_written(
    tmp_path: Path, server: str, written: str | None, place: tuple[int, int] | None, message: str
) -> None:
    if written is not None:
        (tmp_path / "pw").write_text(written, encoding="utf-8", newline="")
    smtp = read(tmp_path, GOOD.replace("username: news", server)).smtp  # whoever sends nothing needs none
    assert smtp
    if place is None:
        assert password_of(tmp_path, "smtp", smtp) == ("secret" if written else "")
        return
    with pytest.raises(SettingsError, match=message) as caught:
        password_of(tmp_path, "smtp", smtp)
    assert places(caught.value.findings) == [(*place, "missing-password")]


def test_login_without_protection_is_allowed_on_this_machine_alone(tmp_path: Path) -> None:
    for host in ("localhost", "127.0.0.1", "'::1'"):
        text = GOOD.replace("host: mail.example.org", f"host: {host}, security: none")
        assert read(tmp_path, text).smtp


def test_workspace_is_found_from_below_and_the_repository_is_one() -> None:
    workspace = find_workspace(ROOT / "issues" / "media", {})
    assert workspace.root == ROOT
    assert workspace.settings.locales[0] == "en"
    assert workspace.issue_files()
    assert workspace.shown(workspace.issue_files()[0]).startswith("issues/")


def test_mailbox_and_its_password_are_read(tmp_path: Path) -> None:
    (tmp_path / "box.password").write_text("sésamo\n", encoding="utf-8")
    box = "bounces: {host: imap.example.org, username: b, password_file: box.password, folders: [INBOX, Junk]}\n"
    settings = read(tmp_path, GOOD + box)
    assert settings.bounces
    assert (settings.bounces.port, settings.bounces.security) == (993, Security.TLS)
    assert (settings.bounces.password, settings.bounces.folders) == ("sésamo", ("INBOX", "Junk"))
    assert "sésamo" not in repr(settings)


@pytest.mark.parametrize(
    ("sender", "box", "code"),
    [
        ("verp: true", "", "missing-key"),
        (f"verp: true, bounces: {'b' * 26}@example.org", "", "bad-address"),
        ("", "bounces: {host: imap.example.org, username: b, password: x}\n", "secret-in-file"),
        ("", "bounces: {host: imap.example.org, username: b, security: none}\n", "unprotected-password"),
        ("", "bounces: {host: imap.example.org}\n", "missing-key"),
        ("", "bounces: {host: imap.example.org, username: b, password_file: none}\n", "unreadable"),
    ],
)
def test_mistakes_about_what_comes_back_are_told(tmp_path: Path, sender: str, box: str, code: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, GOOD.replace("reply_to:", f"{sender}, reply_to:" if sender else "reply_to:") + box)
    assert [finding.code for finding in caught.value.findings] == [code]
