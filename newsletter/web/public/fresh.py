"""Answers that browsers, feed readers and caches keep, and ask about again.  Source: RFC 9110 §13.1."""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

ASK_AGAIN = "public, no-cache"  # may be kept, but not shown without asking: what is hidden is gone at once
FOR_EVER = "public, max-age=31536000, immutable"  # for what is named by its content


def answer(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    changed: dt.datetime | None = None,
    keep: str = ASK_AGAIN,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The content, or 304 for whoever has just this already.

    A date is only compared for being the same, as it may go back when a page
    is taken away.
    """
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    kept = {"Cache-Control": keep, "ETag": tag, **(headers or {})}
    if changed is not None:
        kept["Last-Modified"] = email.utils.format_datetime(changed.astimezone(dt.UTC), usegmt=True)
    if _has_it(request, tag, kept.get("Last-Modified", "")):
        return Response(status_code=304, headers=kept)
    return Response(content, media_type=media_type, headers=kept)


def _has_it(request: Request, tag: str, changed: str) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:  # then the date does not count; RFC 9110 §13.2.2
        return known.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in known.split(",")}
    return bool(changed) and request.headers.get("if-modified-since") == changed
