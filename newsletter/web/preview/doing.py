"""All that the studio can do: what is looked at (``studio.py``), and one desk for each thing that is done."""

from __future__ import annotations

from typing import Protocol

from newsletter.web.preview.approving import Approving
from newsletter.web.preview.campaigns import Campaigning
from newsletter.web.preview.people import Counting
from newsletter.web.preview.studio import Studio
from newsletter.web.preview.translating import Translating
from newsletter.web.preview.trying import Trying


class WholeStudio(Studio, Protocol):
    """Everything behind the pages."""

    @property
    def translation(self) -> Translating:
        """Catalogs, message by message."""
        ...

    @property
    def approvals(self) -> Approving:
        """Who read what over."""
        ...

    @property
    def trials(self) -> Trying:
        """Tests to addresses of one's own."""
        ...

    @property
    def campaigns(self) -> Campaigning:
        """Sending to readers."""
        ...

    @property
    def people(self) -> Counting:
        """Subscribers, in numbers."""
        ...
