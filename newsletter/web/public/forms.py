"""What a form or a mail client posted: urlencoded or multipart (RFC 7578), whole or broken.

Nothing raises here: a mail client that posts nonsense to the address by which
somebody leaves means the same as one that posts what RFC 8058 says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_FIELDS = 200  # in one form; of a form with more, nothing is read
MAX_VALUE = 4096  # bytes of one field in a multipart form; a charset that it names may be slow to decode


class Form:
    """Fields by name, each with all its values."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
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
    """What was posted; an empty form for what cannot be read, or holds a file."""
    try:
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            posted = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_VALUE)
            return Form((name, value) for name, value in posted.multi_items() if isinstance(value, str))
        # A client that says nothing of the kind, or something else, means the usual one.
        text = (await request.body()).decode("utf-8", "replace")
        return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"))
    except (HTTPException, ValueError):  # also a UnicodeError, of a charset that cannot be decoded
        return Form()


def is_one_click(form: Form) -> bool:
    """Whether a mail client posted this for its user (RFC 8058 §3.1)."""
    return form.get("List-Unsubscribe") == "One-Click"
