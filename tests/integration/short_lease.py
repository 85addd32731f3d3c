"""Runs ``newsletter`` with short leases, short waits and small chunks, so that tests wait for nobody's lease.

The constants are changed here and not by a setting: in production a short
lease would bury runs that are merely slow, and short waits would be impolite.  ``LEASE`` in the environment gives
its seconds, ``CHUNK`` the messages of a chunk.
"""

from __future__ import annotations

import os

from newsletter.cli import metrics, queues, working
from newsletter.cli.commands import worker
from newsletter.cli.main import main
from newsletter.delivery import deliver, desk
from newsletter.store import database, ledger

if __name__ == "__main__":
    lease = float(os.environ["LEASE"])
    desk.LEASE = ledger.LEASE = lease  # type: ignore[attr-defined]
    database.LONGEST_SILENCE = int(lease * 1000)
    queues.CHUNK = working.CHUNK = int(os.environ["CHUNK"])  # type: ignore[attr-defined]
    desk.RENEWAL = lease / 6
    working.THOROUGH = lease / 2
    working.LOOK = working.FIRST_PAUSE = worker.AGAIN = metrics.PACE = lease / 6
    deliver.BACKOFF = desk.RETRY = lease / 60
    main()
