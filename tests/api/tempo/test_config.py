from __future__ import annotations

import pytest

from lgtm.api.tempo.config import TempoApiConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"search_range_s_max": -1},
        {"metrics_range_s_max": -1},
        {"tag_values_bytes_max": -1},
        {"recent_s": 0},
        {"series_max": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="tempo_query"):
        TempoApiConfig(**wrong)
