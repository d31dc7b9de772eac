"""Impossible settings name their path."""

from __future__ import annotations

import pytest

from lgtm.ring.config import RingConfig


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"join": ("a",)}, "without ring.cluster"),
        ({"cluster": "x" * 256}, "ring.cluster"),
        ({"port": -1}, "ring.port"),
        ({"probe_timeout_ms": 1_000}, "ring.probe_timeout_ms"),
        ({"heartbeat_timeout_s": 1}, "ring.heartbeat_timeout_s"),
        ({"suspicion_multiplier": 2}, "ring.suspicion_multiplier"),
    ],
)
def test_impossible_settings_name_their_path(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        RingConfig(**settings)  # type: ignore[arg-type]


def test_without_a_name_there_is_no_cluster() -> None:
    assert not RingConfig().enabled
    assert RingConfig(cluster="mine", join=("a", "b:7946")).enabled
