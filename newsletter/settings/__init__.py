"""``newsletter.yaml`` and the environment → Settings; read once, at the edge.

Every key can come from the environment: ``NEWSLETTER_SMTP__PORT=2525`` is
``smtp.port``.  Secrets may not stand in the file: they come from the
environment or from a file that is named by ``…_file``.

``values.py`` has the kinds of values, ``sections.py`` the sections,
``model.py`` the whole, ``read.py`` how it is read.  Only the room ``cli``
reads settings; it hands each other room what it needs.
"""

from newsletter.settings.model import Settings
from newsletter.settings.read import FILE_NAME, PREFIX, PREVIEW_PASSWORD, password_of, read_settings
from newsletter.settings.sections import ApprovalRule, BounceSettings, Handling, Security, SmtpSettings

__all__ = [
    "FILE_NAME",
    "PREFIX",
    "PREVIEW_PASSWORD",
    "ApprovalRule",
    "BounceSettings",
    "Handling",
    "Security",
    "Settings",
    "SmtpSettings",
    "password_of",
    "read_settings",
]
