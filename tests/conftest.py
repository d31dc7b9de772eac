"""What holds for all tests: a property has no deadline, for how long an example takes depends on what else the machine does; and what takes longest
begins first, so that two workers end together.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import WorkStealingScheduling  # type: ignore[import-untyped]

settings.register_profile("lgtm", deadline=None)
settings.load_profile("lgtm")

# Tests start some hundred interpreters. Where the environment forbids to keep bytecode each would compile all of lgtm, as much work again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

SLOWEST = Path(__file__).parent / "sim"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A worker that has nothing left takes from the other. By default chunks are handed out, and one of them had all seeds of the simulation."""
    return WorkStealingScheduling(config, log) if config.getvalue("dist") == "load" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: SLOWEST not in item.path.parents)
