"""How much memory the process may have."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_OF_CGROUPS = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Of version 2 and 1. Without a limit the first says `max`, the second a number beyond all memory."""


def memory_bytes(root: Path = Path("/")) -> int:
    """What the machine has, or less where a container is limited to it."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for name in _OF_CGROUPS:
        with suppress(OSError, ValueError):
            found.append(int((root / name).read_text()))
    return min(found)
