"""Every error that staff can meet, and where in which file it came from.

::

    NewsletterError              code, message, hint, exit_code
    ├── FindingsError            holds every Finding of a file at once
    │   ├── ContentError    (1)   what staff wrote
    │   └── SettingsError    (2)   newsletter.yaml or the environment
    ├── TranslationError     (1)   an edition that is not complete
    ├── TemplateError        (1)   a template or theme that cannot be rendered
    ├── AudienceError        (1)   a list or segment that cannot be used as it is
    ├── UsageError           (2)   a command that was called wrongly
    ├── StoreError           (2)   the database cannot be opened or does not fit
    │   └── StoreAwayError   (2)   the database server does not answer; it may come back
    ├── MailServerError      (2)   nothing can be sent at all: login, TLS, host
    │   └── SendingStoppedError (2) going on would do harm; the campaign is paused
    └── NotDeliveredError    (3)   the run ended, and not everyone was reached

The number is the exit code (design §5).  Each class has a ``code``, the stable
word by which ``docs/errors.md`` explains it; a Finding carries its own.

Never: a bare traceback for something that staff can put right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from newsletter.wording import said


@dataclass(frozen=True, slots=True, order=True)
class SourceSpan:
    """A place in a file that staff wrote.  Line and column count from 1, as editors do; line 0 is no line."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong in one place: what it is, and what to do about it."""

    where: SourceSpan
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message} [{self.code}]"
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class Level(StrEnum):
    """How grave a finding is: an error keeps the issue in the house, a warning does not."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class NewsletterError(Exception):
    """The root: a message for staff, and a hint that says what to do next."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class FindingsError(NewsletterError):
    """What holds all findings of a run, in the order of the file; raised as one of its two children."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: Sequence[Finding] = tuple(sorted(set(findings)))
        super().__init__("\n".join(str(finding) for finding in self.findings))


class ContentError(FindingsError):
    """What staff wrote has mistakes; none of it was used."""

    code = "content"


class SettingsError(FindingsError):
    """``newsletter.yaml`` or the environment has mistakes."""

    code = "settings"
    exit_code = 2


class TranslationError(NewsletterError):
    """An edition has missing or fuzzy messages, so it may not leave the house."""

    code = "translation"


class TemplateError(NewsletterError):
    """A template or the theme cannot be rendered."""

    code = "template"


class AudienceError(NewsletterError):
    """A list or a segment cannot be used as it is."""

    code = "audience"


class UsageError(NewsletterError):
    """A command was called with something that does not exist or does not fit."""

    code = "usage"
    exit_code = 2


class StoreError(NewsletterError):
    """The database cannot be opened, or is not the one that belongs here."""

    code = "store"
    exit_code = 2


class StoreAwayError(StoreError):
    """The database server does not answer just now; the same may work a moment later."""

    code = "store-away"


class MailServerError(NewsletterError):
    """The mail server takes nothing from us: host, TLS, login, or a fault of ours."""

    code = "mail-server"
    exit_code = 2


class SendingStoppedError(MailServerError):
    """Going on would do harm, so the campaign waits for a person."""

    code = "sending-stopped"


class NotDeliveredError(NewsletterError):
    """The run ended and some recipients did not get their copy."""

    code = "not-delivered"
    exit_code = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or lists them all when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return said("did you mean '%(word)s'?", word=near[0])
    return said("known are: %(words)s", words=", ".join(names)) if names else ""
