"""What a log cannot be read from is kept."""

from __future__ import annotations

from pathlib import Path

from lgtm.app.recovered import set_aside


def test_what_is_set_aside_is_kept_under_one_name_however_often(tmp_path: Path) -> None:
    places = {set_aside(tmp_path / "unreadable", 7, memoryview(b"record")) for _ in range(2)}
    (place,) = places
    assert Path(place).read_bytes() == b"record"
