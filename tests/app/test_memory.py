"""A container's limit counts where it is less than the machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgtm.app.memory import memory_bytes


@pytest.mark.parametrize(
    ("file", "text", "limited"),
    [
        ("sys/fs/cgroup/memory.max", "1048576\n", True),
        ("sys/fs/cgroup/memory.max", "max\n", False),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n", True),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n", False),
        ("sys/elsewhere", "", False),
    ],
)
def test_the_least_limit_counts(tmp_path: Path, file: str, text: str, limited: bool) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    assert (memory_bytes(tmp_path) == 1_048_576) == limited
    assert memory_bytes(tmp_path) > 0
