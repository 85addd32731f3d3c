"""Flyers, read back from the PDF: words by pypdf, codes by a scanner from the printed page."""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from newsletter import builtin
from newsletter.errors import TemplateError
from newsletter.render.facts import PublicEdition
from newsletter.render.flyer import FlyerPress, Paper
from newsletter.render.public import public_edition
from tests.unit.helpers import catalog_of, composer, edition_of, issue_of

PAGE = "https://news.example.org/june.es.html"
BEFORE = dt.datetime(2019, 6, 1, tzinfo=dt.UTC)
SIZES = {Paper.A4: (595.28, 841.89), Paper.LETTER: (612, 792)}  # points
STORY = {"type": "story", "id": "law", "title": "The law", "body": "It is signed."}


def action(number: int, title: str = 'Sign #strong[now] $x$ \\ " <b> “ñ” /* */', days: int = 8) -> dict[str, object]:
    return {
        "type": "action",
        "id": f"sign-{number}",
        "kind": "petition",
        "title": title,
        "body": "For all who milk, and for all who drink. " * 12,
        "deadline": dt.date(2019, 6, days),
        "targets": [{"url": f"https://example.org/sign/{number}?a=1&b=ñ", "label": "Sign"}],
    }


def made(*blocks: dict[str, object], locale: str = "es") -> PublicEdition:
    loaded = issue_of(STORY, *blocks)
    return public_edition(edition_of(loaded, locale, catalog_of(loaded)), composer())


def printed(edition: PublicEdition, paper: Paper = Paper.A4, now: dt.datetime = BEFORE) -> bytes:
    using = composer()
    words = using.words_for(edition_of(issue_of(STORY), "es", None))(edition.locale)
    return FlyerPress(using.letterhead, [builtin.TEMPLATES]).print(edition, PAGE, words, paper, now)


def codes(pdf: bytes, tmp_path: Path) -> list[str]:
    """What a phone reads off the printed page, from the top."""
    tool = shutil.which("pdftoppm")
    if tool is None:
        assert not os.environ.get("CI"), "pdftoppm is missing: tests/packages.sh installs it"
        pytest.skip("pdftoppm is not installed (Debian: poppler-utils)")
    (tmp_path / "flyer.pdf").write_bytes(pdf)
    subprocess.run([tool, "-r", "100", "-gray", "-png", "flyer.pdf", "page"], cwd=tmp_path, check=True, timeout=60)
    (page,) = tmp_path.glob("page*.png")
    found = zxingcpp.read_barcodes(Image.open(page))
    return [one.text for one in sorted(found, key=lambda one: one.position.top_left.y)]


@pytest.mark.parametrize("paper", list(Paper))
def test_a_phone_reads_the_codes_off_the_page(paper: Paper, tmp_path: Path) -> None:
    pdf = printed(made(action(1), action(2)), paper)
    reader = PdfReader(io.BytesIO(pdf))
    (page,) = reader.pages
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(SIZES[paper], abs=0.1)
    assert codes(pdf, tmp_path) == [*(f"https://example.org/sign/{n}?a=1&b=ñ" for n in (1, 2)), PAGE]


def test_it_can_be_read_aloud() -> None:
    reader = PdfReader(io.BytesIO(printed(made(action(1)))))
    root: Any = reader.trailer["/Root"]
    assert reader.metadata is not None
    assert reader.metadata.title == "« Victory »"
    assert root["/Lang"] == "es"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "pdfuaid:part" in root["/Metadata"].get_data().decode()


def test_every_text_is_a_text() -> None:
    text = " ".join(PdfReader(io.BytesIO(printed(made(action(1))))).pages[0].extract_text().split())
    assert '« Sign #strong[now] $x$ \\ " <b> “ñ” /* */ »' in text
    assert "« The law »" in text
    assert "Sábado, 8 de junio de 2019" in text
    assert "example.org/sign/1" in text.replace("\u200b", "").replace(" ", "")


@pytest.mark.parametrize("number", [0, 1, 4, 7])
def test_however_much_there_is_to_do_it_is_one_page(number: int) -> None:
    pdf = printed(made(*(action(n) for n in range(number))), Paper.LETTER)
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    assert reader.pages[0].extract_text().count("#strong") == min(number, 4)


def test_what_is_over_is_left_out_and_the_same_edition_is_the_same_file() -> None:
    edition = made(action(1, days=2), action(2))
    after = dt.datetime(2019, 6, 3, tzinfo=dt.UTC)
    text = PdfReader(io.BytesIO(printed(edition, now=after))).pages[0].extract_text()
    assert text.count("#strong") == 1
    assert printed(edition, now=after) == printed(edition, now=after)


def test_a_broken_template_is_told(tmp_path: Path) -> None:
    (tmp_path / "flyer.typ").write_text("#let x =", encoding="utf-8")
    press = FlyerPress(composer().letterhead, [tmp_path, builtin.TEMPLATES])
    with pytest.raises(TemplateError, match="the flyer cannot be set") as caught:
        press.print(made(), PAGE, composer().words_for(edition_of(issue_of(STORY)))("en"), Paper.A4, BEFORE)
    assert "flyer.typ" in caught.value.hint
