"""Runs ``newsletter`` with short leases and small chunks, so that tests need not wait for a dead run's lease.

The constants are changed here and not by a setting: in production a short
lease would bury runs that are merely slow.  ``LEASE`` in the environment gives
its seconds, ``CHUNK`` the messages of a chunk.
"""

from __future__ import annotations

import os

from newsletter.cli import queues, working
from newsletter.cli.main import main
from newsletter.delivery import desk
from newsletter.store import database, ledger

if __name__ == "__main__":
    lease = float(os.environ["LEASE"])
    desk.LEASE = ledger.LEASE = lease  # type: ignore[attr-defined]
    database.LONGEST_SILENCE = int(lease * 1000)
    queues.CHUNK = working.CHUNK = int(os.environ["CHUNK"])  # type: ignore[attr-defined]
    desk.RENEWAL = lease / 6
    working.THOROUGH = lease / 2
    working.LOOK = lease / 6
    main()
