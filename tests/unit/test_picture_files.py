"""What is published of a picture file: nothing but the picture; and what is said of files that are none."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, ImageStat
from PIL.PngImagePlugin import PngInfo

from newsletter.content.picturefile import check_picture_file
from newsletter.errors import TemplateError
from newsletter.render.imaging import HEIGHT, LIGHT, WIDTH, prepare
from newsletter.render.pictures import Pictures, place_media

from .helpers import ROOT

SECRET = b"Rosa-at-44.4743"


def photo(width: int, height: int) -> Image.Image:
    """Something that compresses like a photo: noise over a slope of colours."""
    slope = Image.linear_gradient("L").resize((width, height))
    noise = Image.effect_noise((width, height), 60)
    return Image.merge("RGB", (slope, noise, slope.transpose(Image.Transpose.FLIP_TOP_BOTTOM)))


def drawing(width: int, height: int) -> Image.Image:
    picture = Image.new("RGB", (width, height), "#1d5440")
    ImageDraw.Draw(picture).ellipse((10, 10, width // 2, height // 2), fill="#dc9f2e")
    return picture


def saved(file: Path, picture: Image.Image, **options: Any) -> Path:
    picture.save(file, **options)
    return file


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def with_everything_a_camera_writes(file: Path, picture: Image.Image) -> Path:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # description
    exif.get_ifd(0x8825)[1] = "N"  # GPS: north
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    if file.suffix == ".png":
        text = PngInfo()
        text.add_text("Author", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        return saved(file, picture, exif=exif, pnginfo=text)
    return saved(file, picture, exif=exif, comment=SECRET, xmp=SECRET)


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("small.png", drawing(300, 200)),
        ("large.png", drawing(1400, 500)),
        ("palette.png", drawing(1400, 500).quantize(8)),
        ("photo.jpg", photo(640, 400)),
        ("large.jpg", photo(1600, 400)),
    ],
)
@pytest.mark.parametrize("play", [False, True])
def test_place_owner_and_comments_are_left_behind(tmp_path: Path, name: str, picture: Image.Image, play: bool) -> None:
    file = with_everything_a_camera_writes(tmp_path / name, picture)
    assert SECRET in file.read_bytes()
    found = prepare(file, play=play)
    assert SECRET not in found.data
    picture = opened(found.data)
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
    assert picture.width == found.shown == min(picture.width, WIDTH)


def test_what_follows_the_end_of_a_picture_is_left_behind(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png", drawing(40, 40))
    plain = prepare(file).data
    file.write_bytes(file.read_bytes() + b"<script>alert(1)</script>" + SECRET)
    assert prepare(file).data == plain
    assert SECRET not in prepare(file).data


def test_small_drawing_keeps_every_pixel(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png", drawing(300, 200).quantize(8), pnginfo=PngInfo())
    found = prepare(file)
    assert opened(found.data).convert("RGB").tobytes() == opened(file.read_bytes()).convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2400, 600), (WIDTH, 300)),
        ((500, 300), (500, 300)),  # never enlarged
        ((600, 6000), (300, HEIGHT)),
    ],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_no_picture_is_larger_than_twice_the_letter(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int], suffix: str
) -> None:
    assert opened(prepare(saved(tmp_path / f"a{suffix}", drawing(*size))).data).size == expected


def test_photo_becomes_light_enough_and_a_photo_in_a_png_becomes_a_jpeg(tmp_path: Path) -> None:
    heavy = saved(tmp_path / "a.jpg", photo(1300, 600), quality=98)
    assert heavy.stat().st_size > LIGHT
    assert len(prepare(heavy).data) <= LIGHT
    found = prepare(saved(tmp_path / "b.png", photo(700, 300)))
    assert found.suffix == ".jpg"
    assert found.media_type == "image/jpeg"


def test_picture_stands_the_right_way_up(tmp_path: Path) -> None:
    picture = Image.new("RGB", (80, 40), "red")
    picture.paste("blue", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter: what is left must come to the top
    for suffix in (".jpg", ".png"):
        found = opened(prepare(saved(tmp_path / f"a{suffix}", picture, exif=exif)).data).convert("RGB")
        assert found.size == (40, 80)
        top, bottom = found.getpixel((20, 10)), found.getpixel((20, 70))
        assert isinstance(top, tuple)
        assert isinstance(bottom, tuple)
        assert top[2] > 200 > top[0]
        assert bottom[0] > 200 > bottom[2]


def test_colours_of_a_profile_become_those_of_the_web_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, b"no profile"):
        found = prepare(saved(tmp_path / "a.jpg", photo(100, 60), icc_profile=profile))
        assert "icc_profile" not in opened(found.data).info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_every_kind_of_pixels_becomes_one_that_mail_programs_show(tmp_path: Path, mode: str) -> None:
    file = tmp_path / ("a.jpg" if mode in ("CMYK", "YCbCr") else "a.png")
    saved(file, drawing(60, 40).convert(mode))
    assert check_picture_file(file, "a") == []
    for play in (False, True):
        assert opened(prepare(file, play=play).data).mode in ("1", "L", "LA", "P", "RGB", "RGBA")


def test_sixteen_bits_of_grey_become_eight(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png", Image.new("I;16", (400, 400), 0x8000))
    assert opened(prepare(file, play=True).data).convert("L").getpixel((1, 1)) == 128


def test_what_shows_through_still_does(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (1300, 50), (0, 0, 0, 0))
    found = opened(prepare(saved(tmp_path / "a.png", picture)).data).convert("RGBA")
    assert found.getextrema()[-1] == (0, 0)
    solid = prepare(saved(tmp_path / "b.png", Image.new("RGBA", (1300, 50), (9, 9, 9, 255))))
    assert opened(solid.data).mode == "RGB"


def test_animation_goes_on_moving_and_its_poster_does_not(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    file = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:], duration=80, comment=SECRET)
    found = prepare(file)
    assert SECRET not in found.data
    assert getattr(opened(found.data), "n_frames", 0) == 3
    assert prepare(file, play=True).suffix == ".png"


@pytest.mark.parametrize("size", [(1200, 675), (320, 180), (60, 60), (30, 900)])
def test_play_mark_is_drawn_in_the_middle_and_nowhere_else(tmp_path: Path, size: tuple[int, int]) -> None:
    file = saved(tmp_path / "a.png", Image.new("RGB", size, "#777777"))
    found = opened(prepare(file, play=True).data).convert("RGB")
    assert found.size == size
    middle = found.getpixel((size[0] // 2, size[1] // 2))
    assert middle == (255, 255, 255)
    if min(size) > 100:
        assert found.getpixel((5, 5)) == (0x77, 0x77, 0x77)
        assert ImageStat.Stat(found).extrema[0][0] < 50, "the disc is dark, whatever the picture"


def bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 100,000 x 100,000 pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def jpeg() -> bytes:
    out = io.BytesIO()
    photo(300, 200).save(out, "JPEG")
    return out.getvalue()


def png() -> bytes:
    out = io.BytesIO()
    photo(300, 200).save(out, "PNG")
    return out.getvalue()


def wide() -> bytes:
    out = io.BytesIO()
    Image.new("1", (61_000, 1_000)).save(out, "PNG")
    return out.getvalue()


def webp() -> bytes:
    out = io.BytesIO()
    drawing(20, 20).save(out, "WEBP")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says", "hint"),
    [
        ("a.png", lambda: b"", "is empty", "again"),
        ("a.png", lambda: b"words", "is no picture", "export"),
        ("a.png", lambda: b"\xef\xbb\xbf\n<?xml version='1.0'?><svg xmlns='x'/>", "SVG drawing", "PNG"),
        ("a.jpg", lambda: b"<!DOCTYPE html><p>404", "a web page", "itself"),
        ("a.png", jpeg, "is JPEG, under another name", "a.jpg"),
        ("a.jpg", png, "is PNG, under another name", "a.png"),
        ("a.png", bomb, "of a size that no picture has", "where it comes from"),
        ("a.png", wide, "has 61000 x 1000 pixels", "smaller"),
        ("a.jpg", lambda: jpeg()[:-2000], "cut off or damaged", "again"),
        ("a.png", lambda: png()[:-5000], "cut off or damaged", "again"),
        ("a.png", lambda: png()[:60] + b"\0" * 400, "", ""),
        ("a.gif", lambda: b"GIF89a" + b"\xff" * 30, "", ""),
        ("a.jpg", lambda: b"\xff\xd8\xff\xe0" + b"\0" * 50, "", ""),
        ("a.webp", webp, "is WEBP, under another name", "export"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_hostile_and_broken_files_are_told(
    tmp_path: Path, name: str, content: Callable[[], bytes], says: str, hint: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content())
    (problem,) = check_picture_file(file, f"media/{name}")
    assert problem.code == "bad-picture"
    assert problem.message.startswith(f"'media/{name}' ")
    assert says in problem.message
    assert hint in problem.hint
    with pytest.raises(TemplateError, match="the picture"):
        Pictures(tmp_path).url(name)


def test_file_that_is_too_large_is_not_even_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(31_000_000)  # a hole, which takes no room
    assert "has 31 MB" in check_picture_file(tmp_path / "a.jpg", "a.jpg")[0].message


def test_long_animation_is_told(tmp_path: Path) -> None:
    frames = [Image.effect_noise((500, 400), 90).convert("P") for _ in range(8)]
    file = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert "an animation of" in check_picture_file(file, "a.gif")[0].message


def test_mended_file_is_looked_at_again(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"words")
    assert check_picture_file(file, "a.png")
    file.write_bytes(png())
    assert check_picture_file(file, "a.png") == []


def test_remarks_tell_of_what_is_too_small_or_too_heavy(tmp_path: Path) -> None:
    saved(tmp_path / "small.png", drawing(300, 200))
    saved(tmp_path / "good.png", drawing(1200, 200))
    saved(tmp_path / "heavy.png", Image.merge("RGBA", [Image.effect_noise((700, 400), 99) for _ in range(4)]))
    pictures = Pictures(tmp_path)
    pictures.url("heavy.png", play=True)  # of another edition
    html = "".join(f'<img src="{pictures.url(name)}">' for name in ("small.png", "good.png", "heavy.png", "small.png"))
    remarks = [(remark.code, remark.message.partition(" ")[0]) for remark in pictures.remarks(html)]
    assert remarks == [("picture-small", "'small.png'"), ("picture-heavy", "'heavy.png'"), ("picture-heavy", "the")]
    written = [path.name.partition("-")[0] for path in pictures.publish(tmp_path / "out", html)]
    assert written == ["good", "heavy", "small"]


def test_published_files_are_whole_and_written_once(tmp_path: Path) -> None:
    pictures = Pictures(ROOT / "issues")
    url = place_media(pictures.url("media/letters.png"), "")
    (file,) = pictures.publish(tmp_path)
    assert file == tmp_path / url
    changed = file.stat().st_mtime_ns
    assert pictures.publish(tmp_path) == [file]
    assert file.stat().st_mtime_ns == changed
    file.write_bytes(b"cut off")
    pictures.publish(tmp_path)
    assert prepare(ROOT / "issues/media/letters.png").data == file.read_bytes()
    assert list((tmp_path / "media").iterdir()) == [file]
