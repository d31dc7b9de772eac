"""What is known of the ring outlives the process."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from lgtm.ring.memory import RingMemory


def test_what_was_saved_last_is_loaded(tmp_path: Path) -> None:
    memory = RingMemory(tmp_path / "ring.bin")
    assert memory.load() == b""
    memory.save(b"one")
    memory.save(b"two")
    assert RingMemory(tmp_path / "ring.bin").load() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["ring.bin"]


def test_a_disk_that_takes_nothing_is_reported_and_no_reason_to_stop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        RingMemory(tmp_path / "no such directory" / "ring.bin").save(b"one")
    assert "cannot be remembered" in caplog.text
