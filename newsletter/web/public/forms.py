"""What a form or a mail client posted: urlencoded or multipart (RFC 7578), whole or broken.

Nothing raises here: a mail client that posts nonsense to the address by which
somebody leaves means the same as one that posts what RFC 8058 says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

MAX_FIELDS = 200
_MULTIPART = "multipart/form-data"
MAX_PART_HEAD = 1000  # bytes of what stands before a value
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)  # RFC 2046 §5.1.1
_NAME = re.compile(
    rb'^content-disposition:[ \t]*form-data[^\r\n]*?;[ \t]*name=(?:"([^"\r\n]*)"|([^\s;"]+))',
    re.IGNORECASE | re.MULTILINE,
)


class Form:
    """Fields by name, each with all its values."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs[:MAX_FIELDS]:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> str:
        """The last value of a field; "" if there is none."""
        return self._values.get(name, [""])[-1]

    def all(self, name: str) -> Sequence[str]:
        """Every value, as of checkboxes with one name."""
        return self._values.get(name, [])


async def read_form(request: Request) -> Form:
    """What was posted; an empty form for what cannot be read."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    essence = kind.partition(";")[0].strip().lower()
    if essence == _MULTIPART:
        return Form(_multipart(body, kind))
    # A client that says nothing of the kind, or something else, means the usual one.
    text = body.decode("utf-8", "replace")
    try:
        return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"))
    except ValueError:
        return Form()


def _multipart(body: bytes, kind: str) -> list[tuple[str, str]]:
    """Names and values of the parts, read by hand: the parsers for mail take half a minute over 60 KB of semicolons."""
    found = _BOUNDARY.search(kind)
    if found is None:
        return []
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    pairs = []
    for part in (b"\r\n" + body).split(mark, MAX_FIELDS + 1)[1 : MAX_FIELDS + 1]:
        head, _blank, content = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head[:MAX_PART_HEAD]):
            field = name[2] if name[1] is None else name[1]
            pairs.append((field.decode("utf-8", "replace"), content.decode("utf-8", "replace")))
    return pairs


def is_one_click(form: Form) -> bool:
    """Whether a mail client posted this for its user (RFC 8058 §3.1)."""
    return form.get("List-Unsubscribe") == "One-Click"
