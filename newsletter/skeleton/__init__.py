"""What ``newsletter init`` and ``newsletter new`` write: commented files to fill in.

The files beside this module are a complete workspace, which the tests check
and render like any other.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path

from newsletter.errors import UsageError

SCHEMA_NAME = "issue.schema.json"
_HERE = Path(__file__).parent
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def write_workspace(folder: Path) -> None:
    """Copy the skeleton into ``folder``.  UsageError if something is there already."""
    another = "name a folder that does not exist yet; nothing was written"
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"'{folder}' is a file", another)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"'{folder}' is not empty", another)
    ignored = shutil.ignore_patterns("__init__.py", "__pycache__", "new-issue.yaml", "gitignore")
    try:
        shutil.copytree(_HERE, folder, ignore=ignored, dirs_exist_ok=True)
        # A file named .gitignore would rule this repository too, so it is renamed on the way.
        shutil.copyfile(_HERE / "gitignore", folder / ".gitignore")
        (folder / "templates").mkdir()
    except OSError as error:
        # copytree gathers what went wrong with each file, and has no reason of its own.
        reason = error.strerror or error.args[0][0][2]
        raise UsageError(f"'{folder}' cannot be made: {reason}", "name another folder") from None


def write_issue(issues: Path, slug: str, date: dt.date, locale: str) -> Path:
    """Write a commented issue.  UsageError if the slug is none, or taken."""
    if not SLUG.fullmatch(slug):
        raise UsageError(f"'{slug}' is no slug", "use small letters, digits and hyphens: 2019-06-summer")
    file = issues / f"{slug}.yaml"
    text = (_HERE / "new-issue.yaml").read_text(encoding="utf-8")
    text = text.replace("SOURCE_LOCALE", locale).replace("DATE", date.isoformat())
    issues.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise UsageError(f"there is an issue '{slug}' already", "choose another slug; nothing was written") from None
    except OSError:
        file.unlink(missing_ok=True)  # half an issue would be in the way of the next try
        raise
    return file
