"""Impossible settings of the push side are refused at start, by name."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.api.config import PushConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"in_flight_bytes_max": 2 * PushConfig().bounds.compressed_bytes_max - 1}, "push.in_flight_bytes_max must be at least twice"),
        ({"read_timeout_s": 0}, "push.read_timeout_s must be positive"),
        ({"decode_threads": 0}, "push.decode_threads must be at least 1"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PushConfig(**settings)
