"""Where the pictures of an edition are fetched from by mail clients: the public address, or the mail itself.

A local file is published under ``media/<name>-<hash>.<suffix>``: the name
holds a hash of what is published, so that changing a picture later never
changes a mail that is already in somebody's inbox.  In a rendered edition each
stands as a mark, filled differently for a page next to its ``media/`` folder,
for a mail that names the public address, and for one that carries its pictures.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.content.picturefile import check_picture_file
from newsletter.content.placeholders import MARK, mark
from newsletter.errors import TemplateError
from newsletter.render.quality.remarks import Quality, Remark
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.render.imaging import Prepared

MEDIA_FIELD = "media"
MEDIA_FOLDER = "media"
HEAVY = 1_000_000  # bytes of all pictures of an edition; some readers pay for each
_REMOTE = re.compile(r"https?:", re.IGNORECASE)


class Pictures:
    """The picture files under one folder; remembers which ones were asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._published: dict[str, tuple[str, Prepared]] = {}

    def url(self, src: str, play: bool = False) -> str:
        """The URL for a ``src`` of an issue: itself if remote, else a mark.  TemplateError if it cannot be shown.

        ``play`` draws the mark of a film on a local file.
        """
        if _REMOTE.match(src):
            return src
        file = self._folder / src
        if not file.resolve().is_relative_to(self._folder.resolve()):
            message = said("the picture '%(src)s' lies outside the issues folder", src=src)
            raise TemplateError(message, said("copy it into issues/media/"))
        for problem in check_picture_file(file, src):
            message = said("the picture %(what)s", what=problem.message)
            raise TemplateError(message, problem.hint or said("pictures lie beside the issues"))
        from newsletter.render.imaging import prepare  # noqa: PLC0415 - Pillow is slow to load, and seldom needed

        prepared = prepare(file, play=play)
        digest = hashlib.sha256(prepared.data).hexdigest()[:10]
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem)
        name = f"{stem}-{digest}{prepared.suffix}"
        self._published[name] = src, prepared
        return mark(MEDIA_FIELD, f"{MEDIA_FOLDER}/{name}")

    def published(self, name: str) -> Prepared | None:
        """The picture that was asked for and published under this name."""
        found = self._published.get(name)
        return found[1] if found else None

    def publish(self, out: Path, html: str | None = None) -> list[Path]:
        """Write every picture that was asked for, or those of one edition, below ``out``, and return where."""
        folder = out / MEDIA_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        wanted = sorted(self._published if html is None else set(_names(html)))
        return [_write(folder / name, self._published[name][1].data) for name in wanted]

    def inline(self, page: str) -> str:
        """A page that carries its pictures in itself, as ``data:`` URLs (RFC 2397)."""

        def carried(name: str) -> str:
            picture = self._published[name][1]
            return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode('ascii')}"

        return _fill(page, lambda path: carried(path.removeprefix(f"{MEDIA_FOLDER}/")))

    def remarks(self, html: str) -> Iterator[Remark]:
        """What is unwise about the pictures of an edition."""
        from newsletter.render.imaging import LIGHT, WIDTH  # noqa: PLC0415 - as above

        total = 0
        for name in dict.fromkeys(_names(html)):
            src, picture = self._published[name]
            total += len(picture.data)
            if picture.shown < WIDTH // 2:
                message = said(
                    "'%(src)s' is %(pixels)s pixels wide, and is shown %(shown)s wide, so it is blurred",
                    src=src,
                    pixels=picture.shown,
                    shown=WIDTH // 2,
                )
                hint = said("%(pixels)s pixels are sharp on every screen", pixels=WIDTH)
                yield Remark(Quality.PICTURE_SMALL, "", message, hint, src)
            if len(picture.data) > LIGHT:
                message = said("'%(src)s' has %(size)s KB", src=src, size=round(len(picture.data) / 1000))
                hint = said("readers pay for it; at best below %(size)s KB", size=LIGHT // 1000)
                yield Remark(Quality.PICTURE_HEAVY, "", message, hint, src)
        if total > HEAVY:
            message = said("the pictures together have %(size)s MB", size=f"{total / 1e6:.1f}")
            hint = said("leave some out, or make them smaller")
            yield Remark(Quality.PICTURE_HEAVY, "", message, hint)


def place_media(page: str, base: str) -> str:
    """Turn the marks of pictures into URLs that begin with ``base``: "" beside the folder, or the public address."""
    return _fill(page, lambda path: base + path)


def without_media(text: str) -> str:
    """A text without the lines that are addresses of pictures: the mail carries them."""

    def is_address(line: str) -> bool:
        found = MARK.fullmatch(line.strip())
        return found is not None and found["field"] == MEDIA_FIELD

    return "\n".join(line for line in text.split("\n") if not is_address(line))


def _fill(page: str, url: Callable[[str], str]) -> str:
    return MARK.sub(lambda found: url(found["fallback"]) if found["field"] == MEDIA_FIELD else found.group(), page)


def _names(html: str) -> list[str]:
    marks = (found["fallback"] for found in MARK.finditer(html) if found["field"] == MEDIA_FIELD)
    return [path.removeprefix(f"{MEDIA_FOLDER}/") for path in marks]


def _write(file: Path, data: bytes) -> Path:
    """Write a file whole or not at all: somebody may be fetching it."""
    if not file.is_file() or file.stat().st_size != len(data):
        partial = file.with_name(f".{file.name}.partial")
        partial.write_bytes(data)
        partial.replace(file)
    return file
