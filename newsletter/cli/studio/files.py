"""Which files of the workspace the studio may show: those that staff write, and no other.

A path comes from the address bar.  It is compared, name by name, with what
lies in the workspace, and what it leads to after all links are followed must
lie there too.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from newsletter.errors import UsageError
from newsletter.settings import FILE_NAME
from newsletter.web.preview.studio import File
from newsletter.wording import said
from newsletter.workspace import Workspace

MAX_BYTES = 2_000_000  # of a file on one page
_SUFFIXES = {"issues": (".yaml",), "locales": (".po", ".csv", ".yaml"), "templates": (".j2",)}


def read_file(workspace: Workspace, shown: str) -> File:
    """The file of this name, by lines.  UsageError for what may not be seen or is not there."""
    refusal = UsageError(
        said("'%(path)s' is no file that the studio shows", path=shown),
        said("it shows settings, issues, catalogs, templates"),
    )
    path = PurePosixPath(shown)
    if not shown.isprintable() or "\\" in shown or str(path) != shown or path.is_absolute() or ".." in path.parts:
        raise refusal
    folder = path.parts[0] if path.parts else ""
    if shown != FILE_NAME and (len(path.parts) == 1 or path.suffix not in _SUFFIXES.get(folder, ())):
        raise refusal
    if any(part.startswith(".") for part in path.parts):
        raise refusal
    root = workspace.root.resolve()
    try:
        file = (root / Path(*path.parts)).resolve(strict=True)
        if not file.is_relative_to(root) or not file.is_file() or file.stat().st_size > MAX_BYTES:
            raise refusal
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise refusal from None
    return File(shown, tuple(text.splitlines()))
