"""Whether a picture file is what its name says, and such that a program may open it.

A file comes from a telephone, a website, or somebody who means no good.  It is
judged by its first bytes and its size before anything of it is decoded, then
decoded once, as small as its format allows, to find out whether it is whole.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path

from newsletter.content.problems import Problem
from newsletter.wording import said

MAX_BYTES = 30_000_000  # of a file; a telephone's photo has 3 to 12 MB
MAX_PIXELS = 60_000_000  # a telephone's photo has 12 to 50 million
MAX_MOVING = 1_000_000  # bytes of an animation, which is sent as it is
SUFFIXES = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg"), "GIF": (".gif",)}
_MPO = "MPO"  # a JPEG with a second picture in it, as telephones make them
_DRAFT = (600, 600)  # pixels; a JPEG can be decoded at an eighth of its size


def check_picture_file(file: Path, src: str) -> list[Problem]:
    """What is wrong with a picture file; ``src`` is what the issue calls it.  Reads the file once for each change."""
    try:
        status = file.stat()
    except OSError as error:
        return [Problem("bad-picture", said("'%(src)s' cannot be read: %(why)s", src=src, why=error.strerror), "", src)]
    message, hint = _judge(file, status.st_mtime_ns, status.st_size)
    return [Problem("bad-picture", said("'%(src)s' %(what)s", src=src, what=message), hint, src)] if message else []


@lru_cache(maxsize=512)
def _judge(file: Path, _changed: int, size: int) -> tuple[str, str]:
    """What is wrong, and what to do; two empty texts if nothing is."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - takes a tenth of a second; many issues need it not

    smaller = said("export it smaller: 1200 pixels wide is sharp on every screen")
    if size == 0:
        return said("is empty"), said("export the picture again")
    if size > MAX_BYTES:
        return said("has %(size)s MB", size=f"{size / 1e6:.0f}"), smaller
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # what it warns of is judged below
            picture = Image.open(file)
    except Image.DecompressionBombError:
        hint = said("do not open it; ask where it comes from")
        return said("claims to be of a size that no picture has"), hint
    except UnidentifiedImageError:
        return _not_a_picture(file)
    except Exception as error:
        why = type(error).__name__
        return said("cannot be read as a picture: %(why)s", why=why), said("export the picture again")
    with picture:
        kind = "JPEG" if picture.format == _MPO else str(picture.format)
        if kind not in SUFFIXES:
            return said("is %(kind)s, under another name", kind=kind), _export()
        if file.suffix.lower() not in SUFFIXES[kind]:
            hint = said("call it %(name)s", name=f"{file.stem}{SUFFIXES[kind][0]}")
            return said("is %(kind)s, under another name", kind=kind), hint
        if picture.width * picture.height > MAX_PIXELS:
            return said("has %(width)s x %(height)s pixels", width=picture.width, height=picture.height), smaller
        if getattr(picture, "is_animated", False) and kind == "GIF" and size > MAX_MOVING:
            hint = said("make it shorter; at most %(most)s MB", most=f"{MAX_MOVING / 1e6:.0f}")
            return said("is an animation of %(size)s MB", size=f"{size / 1e6:.1f}"), hint
        try:
            picture.draft("RGB", _DRAFT)
            picture.load()
        except Exception:
            return said("is cut off or damaged"), said("copy or export the picture again")
    return "", ""


def _not_a_picture(file: Path) -> tuple[str, str]:
    head = file.read_bytes()[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<svg", b"<?xml")) and b"<svg" in head:
        hint = said("mail programs show no SVG; export it as PNG")
        return said("is an SVG drawing, under another name"), hint
    if head.startswith((b"<!doctype html", b"<html")):
        hint = said("save the picture itself, not the page it stands on")
        return said("is a web page, under another name"), hint
    return said("is no picture"), _export()


def _export() -> str:
    return said("export it as one of %(kinds)s", kinds=", ".join(SUFFIXES))
