"""Who acts, for the audit log.  Known here and nowhere else; the house hands it on to the stores."""

from __future__ import annotations

import getpass
import os
import platform


def person() -> str:
    """Whoever is logged in, and on which machine: ``ana@desk``."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in many a container
        name = f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"
    return f"{name}@{platform.node() or 'localhost'}"


def in_studio() -> str:
    """The same, through the studio; whoever knows its password acts as the one who started it."""
    return f"studio, {person()}"
