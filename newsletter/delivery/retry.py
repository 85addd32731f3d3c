"""When a deferred delivery is tried again, and when it is given up.

Servers that say "not now" mean it: asking again at once makes them slower
still.  The waits double from half an hour and are spread by chance, so that a
thousand deferred mails do not all come back in one minute.
Source: RFC 5321 §4.5.4.1 (wait at least 30 minutes; give up after 4 to 5 days).
"""

from __future__ import annotations

import datetime as dt

FIRST_WAIT = dt.timedelta(minutes=30)
LONGEST_WAIT = dt.timedelta(hours=8)
GIVE_UP = dt.timedelta(days=4)  # after the first attempt
SPREAD = 0.25  # a wait is made up to a quarter longer


def next_attempt(attempts: int, first_attempt: dt.datetime, now: dt.datetime, chance: float) -> dt.datetime | None:
    """When to try again after ``attempts`` attempts (1 or more); None to give up.

    ``chance`` is a random number from 0 to 1.
    """
    wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT) * (1 + SPREAD * chance)
    return now + wait if now + wait <= first_attempt + GIVE_UP else None
