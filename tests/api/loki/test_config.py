"""Settings that cannot work are refused at the start."""

from __future__ import annotations

import pytest

from lgtm.api.loki.config import QueryApiConfig


@pytest.mark.parametrize("name", ["form_bytes_max", "encode_threads", "pattern_lines_max", "tail_buffered_entries_max"])
def test_sizes_and_counts_are_at_least_one(name: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        QueryApiConfig(**{name: 0})


@pytest.mark.parametrize("name", ["form_timeout_s", "tail_duration_max_s"])
def test_times_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        QueryApiConfig(**{name: 0})
