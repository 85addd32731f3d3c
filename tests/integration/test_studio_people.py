"""Subscribers at a glance over HTTP: numbers, and addresses only when asked for."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from .test_studio import both, client

__all__ = ["both", "client"]


@pytest.fixture
def seven(people: Callable[[int], None]) -> None:
    """Seven people, imported before any event loop runs."""
    people(7)


@pytest.mark.usefixtures("seven")
async def test_numbers_hold_no_address(client: httpx.AsyncClient) -> None:
    page = (await client.get("/people")).text
    assert "7 people may be written to." in page
    spanish = '<th scope="row">spanish</th><td data-label="English">0</td><td data-label="Español">3</td>'
    assert spanish + '<td data-label="People"><b>3</b></td>' in page
    assert "reader1@example.org" not in page


@pytest.mark.usefixtures("seven")
async def test_addresses_are_a_page_of_their_own(client: httpx.AsyncClient) -> None:
    piece = (await client.get("/people/spanish")).text
    assert "reader1@example.org" in piece
    assert "reader2@example.org" not in piece


async def test_segment_that_does_not_exist(client: httpx.AsyncClient) -> None:
    assert (await client.get("/people/nix")).status_code == 404


async def test_empty_list_tells_how_to_begin(client: httpx.AsyncClient) -> None:
    assert "Nobody is on the list yet" in (await client.get("/people")).text
