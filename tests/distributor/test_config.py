from __future__ import annotations

import pytest

from lgtm.distributor.config import DistributorConfig


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"copies": -1}, "distributor.copies must not be below 0"),
        ({"hedge_ms": 0}, "distributor.hedge_ms must be above 0"),
        ({"in_flight_bytes_max": 10}, "distributor.in_flight_bytes_max must be at least distributor.batch_bytes_target"),
    ],
)
def test_impossible_settings_name_their_path(settings: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        DistributorConfig(**settings)
