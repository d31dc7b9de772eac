"""Settings that cannot work are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lgtm.api.prometheus.config import PrometheusApiConfig


@pytest.mark.parametrize(
    "build",
    [
        lambda: PrometheusApiConfig(lookback_ms=0),
        lambda: PrometheusApiConfig(points_max=0),
        lambda: PrometheusApiConfig(head_ms=0),
    ],
)
def test_sizes_and_times_are_positive(build: Callable[[], PrometheusApiConfig]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        build()


def test_the_size_of_a_query_may_be_unbounded_and_not_negative() -> None:
    assert PrometheusApiConfig(query_bytes_max=0).query_bytes_max == 0
    with pytest.raises(ValueError, match="query_bytes_max"):
        PrometheusApiConfig(query_bytes_max=-1)
