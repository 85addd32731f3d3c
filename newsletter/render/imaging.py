"""One picture file → what is published of it: right way up, no larger than screens show, nothing but the picture.

Everything that a camera writes beside the picture (place, time, owner, a
preview, a colour profile) is left behind: of a PNG that is small enough
already, only the chunks that make the picture are kept; of every other, the
pixels are copied into a new one.  Never enlarges.

Source: EXIF 2.32 §4.6.4 A (orientation); PNG, 3rd edition, §5 and §11 (chunks).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageOps

WIDTH = 1_200  # pixels: twice the width of a letter, for screens with two pixels to a point
HEIGHT = 3_000  # pixels; a long drawing, such as a poster
QUALITIES = (82, 72, 60)  # of JPEG; the first that is light enough
LIGHT = 300_000  # bytes
PALETTE = 256
_PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"IDAT", b"IEND")
_HIDDEN = 255


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as it is published; ``suffix`` has its dot.  ``shown`` is the width in pixels."""

    data: bytes
    suffix: str
    shown: int

    @property
    def media_type(self) -> str:
        """For HTTP and MIME."""
        return {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif"}[self.suffix]


def prepare(file: Path, *, play: bool = False) -> Prepared:
    """What is published of a file that ``check_picture_file`` found good; with the mark of a film, if ``play``.

    Raises whatever Pillow does for any other file.  Kept until the file changes.
    """
    status = file.stat()
    return _prepare(file, status.st_mtime_ns, status.st_size, play)


@lru_cache(maxsize=128)
def _prepare(file: Path, _changed: int, size: int, play: bool) -> Prepared:
    with Image.open(file) as source:
        if source.format == "GIF" and getattr(source, "is_animated", False) and not play:
            return _moving(source)
        if source.format == "PNG" and not play and size <= LIGHT and _fits(source) and _is_plain(source):
            return Prepared(_bare_png(file.read_bytes()), ".png", source.width)
        source.draft("RGB", (WIDTH * 2, HEIGHT * 2))  # of a large JPEG, less is decoded
        drawn = source.mode == "P"
        photo = source.format in ("JPEG", "MPO")
        picture = _upright(source)
    picture.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    if play:
        picture = _with_mark(picture)
    if photo:
        return _jpeg(picture)
    if drawn and picture.mode == "RGB":
        picture = picture.quantize(PALETTE, dither=Image.Dither.NONE)
    png = Prepared(_bytes(picture, "PNG", compress_level=9), ".png", picture.width)
    if picture.mode == "RGB" and len(png.data) > LIGHT / 2:
        jpeg = _jpeg(picture)  # a photo that somebody saved as PNG
        return jpeg if len(jpeg.data) < len(png.data) / 2 else png
    return png


def _fits(picture: Image.Image) -> bool:
    return picture.width <= WIDTH and picture.height <= HEIGHT


def _is_plain(picture: Image.Image) -> bool:
    """Whether the pixels mean what they say: no profile of colours, not turned."""
    return "icc_profile" not in picture.info and picture.getexif().get(ExifTags.Base.Orientation, 1) == 1


def _bare_png(data: bytes) -> bytes:
    """A PNG without all that is not its picture, bit for bit.  Each chunk: length, name, content, checksum."""
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        if name in _PNG_CHUNKS:
            kept.append(data[at : at + 12 + length])
        if name == b"IEND":
            break
        at += 12 + length
    return b"".join(kept)


def _upright(source: Image.Image) -> Image.Image:
    """The pixels alone, in the colours of the web, the right way up; RGBA if something shows through, else RGB."""
    picture = ImageOps.exif_transpose(source)
    if profile := source.info.get("icc_profile"):
        picture = _in_web_colours(picture, profile)
    if picture.mode.startswith("I"):  # sixteen bits of grey
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    if clear and picture.getextrema()[-1] == (_HIDDEN, _HIDDEN):
        picture = picture.convert("RGB")
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    return bare


def _in_web_colours(picture: Image.Image, profile: bytes) -> Image.Image:
    """The picture in sRGB.  A profile that is broken or for other colours is passed over."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return picture if converted is None or picture.mode == "RGBA" else converted


def _jpeg(picture: Image.Image) -> Prepared:
    data = b""
    for quality in QUALITIES:
        data = _bytes(picture, "JPEG", quality=quality, optimize=True, progressive=True)
        if len(data) <= LIGHT:
            break
    return Prepared(data, ".jpg", picture.width)


def _moving(source: Image.Image) -> Prepared:
    """An animation, frame by frame, without comments."""
    frames = []
    for number in range(getattr(source, "n_frames", 1)):
        source.seek(number)
        frames.append(source.convert("RGBA"))
    durations = source.info.get("duration", 100)
    data = _bytes(
        frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0, duration=durations, disposal=2, comment=b""
    )
    return Prepared(data, ".gif", source.width)


def _bytes(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


_FINER = 4  # drawn so much larger, then made smaller, for smooth edges


def _with_mark(picture: Image.Image) -> Image.Image:
    """A play mark in the middle: a triangle on a dark disc with a light edge, which stands out on any picture."""
    radius = max(24, round(min(picture.size) * 0.14))
    side = 2 * radius * _FINER
    mark = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(mark)
    edge = side * 0.045
    draw.ellipse((0, 0, side - 1, side - 1), fill=(255, 255, 255, 245))
    draw.ellipse((edge, edge, side - 1 - edge, side - 1 - edge), fill=(24, 24, 24, 235))
    middle, reach = side / 2, side * 0.25
    left = middle - reach * 0.58  # so the triangle's centre of gravity is in the middle, where the eye wants it
    corners = [(left, middle - reach), (left, middle + reach), (middle + reach * 1.16, middle)]
    draw.polygon(corners, fill=(255, 255, 255, 255))
    draw.line([*corners, corners[0], corners[1]], fill=(255, 255, 255, 255), width=round(side * 0.03), joint="curve")
    mark = mark.resize((2 * radius, 2 * radius), Image.Resampling.LANCZOS)
    marked = picture.convert("RGBA")
    marked.alpha_composite(mark, ((picture.width - 2 * radius) // 2, (picture.height - 2 * radius) // 2))
    return marked if picture.mode == "RGBA" else marked.convert("RGB")
