"""What series are made of, most first."""

from __future__ import annotations

import pytest

from api.prometheus.prometheus_server import NOW_MS, PrometheusServer
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.prometheus.cardinality import head_stats, read_list_limit, top_lists
from lgtm.model.labels import labels_of

SERIES = [
    labels_of({"__name__": "up", "job": "a", "pod": "1"}),
    labels_of({"__name__": "up", "job": "a", "pod": "2"}),
    labels_of({"__name__": "seats", "job": "b"}),
]


def test_series_are_counted_by_name_and_by_pair_and_values_by_label() -> None:
    assert top_lists(SERIES, 2) == {
        "seriesCountByMetricName": [{"name": "up", "value": 2}, {"name": "seats", "value": 1}],
        "labelValueCountByLabelName": [{"name": "__name__", "value": 2}, {"name": "job", "value": 2}],
        "memoryInBytesByLabelName": [{"name": "__name__", "value": 23}, {"name": "job", "value": 8}],
        "seriesCountByLabelValuePair": [{"name": "__name__=up", "value": 2}, {"name": "job=a", "value": 2}],
    }


def test_each_pair_counts_once() -> None:
    assert head_stats(SERIES, 1, 2) == {"numSeries": 3, "numLabelPairs": 6, "chunkCount": 3, "minTime": 1, "maxTime": 2}


async def test_series_of_the_last_hours_are_counted(recorded: PrometheusServer) -> None:
    told = await recorded.data("/api/v1/status/tsdb", {"limit": "1"})
    assert told["headStats"]["numSeries"] == 96
    assert told["seriesCountByMetricName"] == [{"name": "shard_load", "value": 30}]
    assert (recorded.engine.asked["start_ms"], recorded.engine.asked["end_ms"]) == (NOW_MS - 3 * 3_600_000, NOW_MS)


@pytest.mark.parametrize(("text", "limit"), [("", 10), ("1", 1), ("10000", 10_000)])
def test_lists_have_ten_entries_unless_asked(text: str, limit: int) -> None:
    assert read_list_limit(text) == limit


@pytest.mark.parametrize("text", ["0", "-1", "x", "10001"])
def test_other_limits_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="limit must "):
        read_list_limit(text)
