"""How fast a campaign goes, from looks at its counts: so it is known of one that another process sends, too."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from newsletter.web.preview.campaigns import Watched

SPAN = 30.0  # seconds over which a rate is taken
LEAST = 2.0  # seconds below which it would say nothing


@dataclass(slots=True)
class Speed:
    """The looks of the last half minute, as (when, how many had an outcome)."""

    _looks: deque[tuple[float, int]] = field(default_factory=deque)

    def timed(self, watched: Watched, now: float) -> Watched:
        """The same campaign with its rate and the time that is left."""
        self._looks.append((now, watched.settled))
        while now - self._looks[0][0] > SPAN:
            self._looks.popleft()
        began, settled = self._looks[0]
        if now - began < LEAST or watched.settled <= settled:
            return watched
        rate = (watched.settled - settled) / (now - began)
        return replace(watched, rate=rate, left=max(1, round((watched.total - watched.settled) / rate)))
