"""The file and the environment → Settings.  Reads files; keeps secrets out of the file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from newsletter.content.places import Source
from newsletter.content.source import parse, read_source, validate
from newsletter.content.whereabouts import whereabouts
from newsletter.errors import ContentError, Finding, SettingsError, SourceSpan
from newsletter.settings.model import Settings
from newsletter.settings.sections import BounceSettings, SmtpSettings
from newsletter.settings.themes import lay_theme
from newsletter.wording import said

FILE_NAME = "newsletter.yaml"
PREFIX = "NEWSLETTER_"
PREVIEW_PASSWORD = f"{PREFIX}PREVIEW_PASSWORD"  # the studio's own (cli/commands/preview.py); no setting
SECRETS = (("smtp", "password"), ("bounces", "password"), ("secret_key",))


def read_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings of the workspace at ``root``; SettingsError with every finding."""
    try:
        source = read_source(root / FILE_NAME, FILE_NAME)
        if isinstance(source.data, dict):
            source.findings += _secrets_in(source)
            _overlay(source, environment)
            _read_secret_files(source, root)
            lay_theme(source, root)
        return validate(source, Settings)
    except ContentError as errors:
        raise SettingsError(errors.findings) from None


def _secrets_in(source: Source) -> list[Finding]:
    findings = []
    for path in SECRETS:
        data: Any = source.data
        for key in path:
            data = data.get(key) if isinstance(data, dict) else None
        if data is not None:
            variable = PREFIX + "__".join(path).upper()
            values = {"variable": variable, "key": path[-1]}
            hint = said("set %(variable)s, or name a file with '%(key)s_file:'; then change the secret", **values)
            where = source.find(source.root, f"{path[-1]}:", last=False)
            message = said("'%(key)s' may not stand in this file", key=path[-1])
            findings.append(Finding(where, "secret-in-file", message, hint))
    url = source.data.get("database")
    if isinstance(url, str) and url.startswith("postgresql:") and _has_password(url):
        hint = said("use PostgreSQL's own password file (~/.pgpass) or NEWSLETTER_DATABASE; then change the password")
        where = source.find(source.root, "database:", last=False)
        message = said("the database's password may not stand in this file")
        findings.append(Finding(where, "secret-in-file", message, hint))
    return findings


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False


def _overlay(source: Source, environment: Mapping[str, str]) -> None:
    """Put what the environment says over what the file says."""
    for variable, value in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable == PREVIEW_PASSWORD:
            continue
        *sections, key = variable.removeprefix(PREFIX).lower().split("__")
        target = source.data
        for section in sections:
            inner = target.get(section)
            target[section] = dict(inner) if isinstance(inner, dict) else {}
            target = target[section]
        # A list or mapping is written as in the file; anything else is text, which the model turns into what it wants.
        structured = value[:1] in ("[", "{") and (*sections, key) not in SECRETS
        target[key] = parse(value, variable).data if structured else value
        source.origins[(*sections, key)] = SourceSpan(f"environment variable {variable}", line=0)


def _read_secret_files(source: Source, root: Path) -> None:
    """Passwords from the files that ``password_file`` names.  (The secret key's file may be made later.)"""
    for name in ("smtp", "bounces"):
        server = source.data.get(name)
        if not isinstance(server, dict) or not isinstance(server.get("password_file"), str) or server.get("password"):
            continue
        try:
            password = (root / server["password_file"]).read_text(encoding="utf-8-sig").strip()
            source.data[name] = {**server, "password": password}
        except (OSError, UnicodeDecodeError) as error:
            where = source.find(source.root, "password_file:", last=False)
            message = said("%(name)s: the password file cannot be read: %(why)s", name=name, why=error)
            source.findings.append(Finding(where, "unreadable", message))


def password_of(root: Path, section: str, server: SmtpSettings | BounceSettings) -> str:
    """The password for a login; SettingsError, at the user's name, if there is none.

    Asked for only by those who log in: one can write, translate and check
    without it, and the server would call it wrong.
    """
    if not server.username or server.password:
        return server.password
    where = whereabouts(read_source(root / FILE_NAME, FILE_NAME), f"{section}.username")
    variable = f"{PREFIX}{section.upper()}__PASSWORD"
    if server.password_file:
        message = said("%(section)s: the password file %(file)s is empty", section=section, file=server.password_file)
        hint = said("write the password of '%(user)s' into it", user=server.username)
    else:
        message = said("%(section)s: there is no password for '%(user)s'", section=section, user=server.username)
        hint = said("set %(variable)s, or name a file with '%(key)s_file:'", variable=variable, key="password")
    raise SettingsError([Finding(where, "missing-password", message, hint)])
