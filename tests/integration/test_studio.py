"""The studio over HTTP, in this process: what it shows, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from newsletter import builtin
from newsletter.cli.studio import PreviewStudio
from newsletter.web.preview.app import make_app
from newsletter.web.preview.events import Hub
from newsletter.web.preview.guard import Door

from .conftest import Space

BASE = "http://127.0.0.1:8080"
OURS = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def client(space: Space) -> AsyncIterator[httpx.AsyncClient]:
    """What speaks to the studio as a browser on this machine does."""
    hub = Hub()
    async with PreviewStudio(space.root, {}, hub) as studio:
        door = Door(8080, frozenset({"127.0.0.1", "localhost"}))
        app = make_app(studio, hub, door, [builtin.LOCALES, space.root / "locales"])
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
            yield made


async def test_list_shows_every_issue_with_its_subjects(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert "News for you: 50% more farms" in page
    assert "Noticias para ti: 50% más ranchos, ¡y qué ranchos!" in page
    assert '<html lang="en">' in page


async def test_page_of_an_issue_frames_each_edition(client: httpx.AsyncClient) -> None:
    page = (await client.get("/issues/june")).text
    assert 'src="/mail/june/en"' in page
    assert 'src="/mail/june/es"' in page
