"""What holds for every test: the commands that tests start find their modules compiled.

Some machines and images say that Python shall keep no bytecode.  Then each of
the hundreds of processes here would compile all libraries anew, which takes
longer than most of what they are started for.
"""

from __future__ import annotations

import os
import sys

import pytest

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes first: begun last, it would keep one process busy when all others are done."""
    items.sort(key=lambda item: item.path.name != "test_units.py")
