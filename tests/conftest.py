"""What holds for every test: the commands that tests start find their modules compiled.

Some machines and images say that Python shall keep no bytecode.  Then each of
the hundreds of processes here would compile all libraries anew, which takes
longer than most of what they are started for.
"""

from __future__ import annotations

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
