"""Where the templates and catalogs that come with the program lie.

In a wheel they are in ``newsletter/builtin/``; in a checkout they are the
top-level folders, which are then also a workspace's own.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_BASE = _PACKAGE / "builtin" if (_PACKAGE / "builtin").is_dir() else _PACKAGE.parent

TEMPLATES = _BASE / "templates"
LOCALES = _BASE / "locales"
