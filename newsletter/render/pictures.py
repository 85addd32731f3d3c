"""Where the pictures of an edition are fetched from by mail clients.

A local file is published under ``media/<name>-<hash>.<suffix>``: the name
holds a hash of the content, so that changing a picture later never changes a
mail that is already in somebody's inbox.  In a rendered edition each stands as
a mark; the page next to its ``media/`` folder and the mail that needs the full
address fill it differently.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from newsletter.content.placeholders import MARK, mark
from newsletter.errors import TemplateError

MEDIA_FIELD = "media"
MEDIA_FOLDER = "media"
_REMOTE = re.compile(r"https?:", re.IGNORECASE)


class Pictures:
    """The picture files under one folder; remembers which ones were asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._published: dict[str, Path] = {}

    def url(self, src: str, play: bool = False) -> str:
        """The URL for a ``src`` of an issue: itself if remote, else a mark.  TemplateError if there is no such file."""
        if _REMOTE.match(src):
            return src
        file = self._folder / src
        if not file.resolve().is_relative_to(self._folder.resolve()):
            raise TemplateError(f"the picture '{src}' lies outside the issues folder", "copy it into issues/media/")
        try:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
        except OSError as error:
            hint = "pictures lie beside the issues, e.g. media/logo.png"
            raise TemplateError(f"the picture '{src}' cannot be read: {error.strerror}", hint) from None
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem)
        name = f"{stem}-{digest}{file.suffix.lower()}"
        self._published[name] = file
        return mark(MEDIA_FIELD, f"{MEDIA_FOLDER}/{name}")

    def published(self, name: str) -> Path | None:
        """The file that was asked for and published under this name."""
        return self._published.get(name)

    def publish(self, out: Path) -> list[Path]:
        """Copy every file that was asked for below ``out``, and return where."""
        folder = out / MEDIA_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copyfile(file, folder / name)) for name, file in sorted(self._published.items())]


def place_media(page: str, base: str) -> str:
    """Turn the marks of pictures into URLs that begin with ``base``: "" beside the folder, or the public address."""
    return MARK.sub(lambda found: base + found["fallback"] if found["field"] == MEDIA_FIELD else found.group(), page)
