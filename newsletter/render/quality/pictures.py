"""Alternative texts, for those who cannot see a picture and for programs that load none.

Sources: WCAG 2.2, 1.1.1; W3C, "An alt decision tree"; WebAIM, "Alternative
text": short, without "picture of", not what the caption says already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from newsletter.render.quality.passages import Picture
from newsletter.render.quality.remarks import Quality, Remark
from newsletter.wording import said

MOST = 200  # characters; a screen reader reads it in one go, some twelve seconds
_FILE = re.compile(
    r"(?:img|dsc|dscn|pxl|screenshot|captura|image|imagen|foto|photo|picture)?[\W_]*\d[\d\W_]*", re.IGNORECASE
)
_NAMED = re.compile(r"\S+\.(?:png|jpe?g|gif|webp|svg|heic)", re.IGNORECASE)
_ANNOUNCES = re.compile(
    r"(?:an? |the )?(?:picture|image|photo|photograph|graphic)(?: (?:of|shows|showing)\b|:)"
    r"|(?:una? |la |el )?(?:imagen|foto|fotografía|gráfico)(?: (?:de|del|que muestra)\b|:)",
    re.IGNORECASE,
)


def look_at_pictures(pictures: Sequence[Picture]) -> Iterator[Remark]:
    """Each picture whose words do not do their work."""
    for picture in pictures:
        context, alt = f"{picture.context}.alt", picture.alt.strip()
        if not alt:
            if picture.linked:
                message = said("the picture is a link, and nothing says where it leads")
                yield Remark(Quality.NO_ALT, context, message, said("let 'alt' say where a click leads"))
            elif picture.alone and not picture.caption:
                message = said("the block is a picture, and nothing says what it shows")
                yield Remark(Quality.NO_ALT, context, message, said("say in 'alt' what somebody sees there"))
            continue
        if _is_file_name(alt, picture.src):
            message = said("‘%(alt)s’ is the name of a file", alt=alt[:60])
            yield Remark(Quality.ALT_FILE_NAME, context, message, said("say what the picture shows"), alt)
        if len(alt) > MOST:
            message = said("%(number)s characters are read out in one go", number=len(alt))
            hint = said("keep below %(most)s; tell the rest in the text", most=MOST)
            yield Remark(Quality.ALT_LONG, context, message, hint, alt)
        if picture.caption and alt.casefold().strip(".") == picture.caption.casefold().strip("."):
            hint = said("let 'alt' say what somebody sees, and the caption what it means")
            message = said("the caption says the same, so it is read out twice")
            yield Remark(Quality.ALT_REPEATS, context, message, hint, alt)
        if found := _ANNOUNCES.match(alt):
            message = said("‘%(words)s’ is said by every screen reader already", words=found.group())
            yield Remark(Quality.ALT_ANNOUNCES, context, message, said("begin with what it shows"), alt)


def _is_file_name(alt: str, src: str) -> bool:
    stem = PurePosixPath(urlsplit(src).path).stem
    plain = [re.sub(r"[\W_]+", " ", text).strip().casefold() for text in (alt, stem)]
    dashed = " " not in alt and plain[0] == plain[1] and bool(re.search(r"[-_\d]", alt))
    return bool(_NAMED.fullmatch(alt) or _FILE.fullmatch(alt)) or dashed
