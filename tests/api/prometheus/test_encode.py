"""Answers have the form that Prometheus gives them, and lose nothing of the result."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgtm.api.prometheus.encode import NO_REMARKS, Remarks, encode_result, envelope, sample_count, success, truncated
from lgtm.promql.histogram import Histogram
from lgtm.promql.result import Result
from lgtm.promql.times import Times
from promql.memory import Memory
from promql.script import Clear, Eval, Load, parse_script

SCRIPTS = Path(__file__).parents[2] / "promql" / "testdata"
SAMPLES = """
up{job="a"} 1 0 _ 1.5
up{job="b"} _ 1e-7 NaN stale
load{job="a"} {{schema:0 count:3 sum:5 buckets:[1 2]}}x3
"""
RANGE = Times(0, 180_000, 60_000)


def result(text: str, times: Times = RANGE) -> Result:
    return Memory.of(SAMPLES).query(text, times)


def told(found: Result, *, is_range: bool = True, limit: int = 0) -> Any:
    return json.loads(encode_result(found, is_range=is_range, limit=limit, stats=None))


def test_a_range_is_a_matrix_sorted_by_labels() -> None:
    assert told(result('{__name__=~"up|load"}')) == {
        "resultType": "matrix",
        "result": [
            {
                "metric": {"__name__": "load", "job": "a"},
                "histograms": [[60 * step, {"count": "3", "sum": "5", "buckets": [[0, "0.5", "1", "1"], [0, "1", "2", "2"]]}] for step in range(4)],
            },
            {"metric": {"__name__": "up", "job": "a"}, "values": [[0, "1"], [60, "0"], [120, "0"], [180, "1.5"]]},
            {"metric": {"__name__": "up", "job": "b"}, "values": [[60, "1e-07"], [120, "NaN"]]},
        ],
    }


def test_one_time_is_a_vector() -> None:
    found = told(result('{job="a"}', Times(500, 500)), is_range=False)
    assert found["resultType"] == "vector"
    assert {one["metric"]["__name__"]: one.get("value", one.get("histogram"))[0] for one in found["result"]} == {"up": 0.5, "load": 0.5}
    assert [sorted(one) for one in found["result"] if one["metric"]["__name__"] == "load"] == [["histogram", "metric"]]


def test_the_samples_of_a_range_vector_keep_their_times() -> None:
    found = told(result('{__name__=~"up|load"}[5m]', Times(200_000, 200_000)), is_range=False)
    assert found["resultType"] == "matrix"
    assert [len(one.get("values", one.get("histograms"))) for one in found["result"]] == [4, 3, 2]
    assert found["result"][1]["values"] == [[0, "1"], [60, "0"], [180, "1.5"]]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("1e21", {"resultType": "scalar", "result": [1.5, "1000000000000000000000"]}),
        ("-1/0", {"resultType": "scalar", "result": [1.5, "-Inf"]}),
        ('"a\\"b"', {"resultType": "string", "result": [1.5, 'a"b']}),
        ("nothing", {"resultType": "vector", "result": []}),
        ("nothing[5m]", {"resultType": "matrix", "result": []}),
    ],
)
def test_other_values_at_one_time(query: str, answer: object) -> None:
    assert told(result(query, Times(1_500, 1_500)), is_range=False) == answer


def test_a_scalar_in_a_range_is_a_series_without_labels() -> None:
    assert told(result("1e21", Times(0, 500, 500))) == {
        "resultType": "matrix",
        "result": [{"metric": {}, "values": [[0, "1e+21"], [0.5, "1e+21"]]}],
    }


@pytest.mark.parametrize(("query", "times", "count"), [("up", RANGE, 2), ("up", Times(60_000, 60_000), 2), ("up[5m]", Times(60_000, 60_000), 2)])
def test_a_limit_leaves_out_series(query: str, times: Times, count: int) -> None:
    found, is_range = result(query, times), times is RANGE
    assert [len(told(found, is_range=is_range, limit=limit)["result"]) for limit in (0, 1, 2, 3)] == [count, 1, 2, 2]
    assert [truncated(found, limit) for limit in (0, 1, 2, 3)] == [False, True, False, False]


def test_a_scalar_has_no_series_to_leave_out() -> None:
    assert not truncated(result("1"), 1)
    assert len(told(result("1"), limit=1)["result"]) == 1


def test_how_much_there_is_to_write_is_known_before() -> None:
    assert [sample_count(result(query)) for query in ("up", "1")] == [8, 4]
    assert sample_count(result('{job="a"}[5m]', Times(180_000, 180_000))) == 7


def test_labels_may_hold_bytes_that_are_no_utf8() -> None:
    found = result('label_replace(up{job="a"}, "x", "\\xff", "", "")', Times(0, 0))
    assert told(found, is_range=False)["result"][0]["metric"]["x"] == "\ufffd"


def test_remarks_stand_beside_the_data_once_each_and_are_left_out_when_there_are_none() -> None:
    assert envelope(b"[]", Remarks(["a", "b", "a"], ["c"])) == b'{"status":"success","data":[],"warnings":["a","b"],"infos":["c"]}'
    assert success({"a": None}, NO_REMARKS) == b'{"status":"success","data":{"a":null}}'


@pytest.mark.parametrize("name", ["native_histograms", "histograms", "literals", "range_queries", "staleness"])
def test_the_answers_of_evaluation_scripts_read_back(name: str) -> None:
    memory = Memory()
    for command in parse_script((SCRIPTS / f"{name}.test").read_text(encoding="utf-8")):
        if isinstance(command, Clear):
            memory = Memory()
        elif isinstance(command, Load):
            memory.add(command.series)
        elif isinstance(command, Eval) and not command.expects("fail"):
            _require_same(memory.query(command.query, command.times), is_range=not command.is_instant)


def _require_same(found: Result, *, is_range: bool) -> None:
    if found.scalar is not None or found.string is not None:
        return
    answer = told(found, is_range=is_range)["result"]
    assert len(answer) == len(found.labels)
    for one, (labels, floats, histograms) in zip(answer, found.series(), strict=True):
        assert one["metric"] == dict(labels)
        values = one.get("values", [one["value"]] if "value" in one else [])
        assert [round(time * 1_000) for time, _ in values] == floats.ts_ms.tolist()
        np.testing.assert_array_equal([float(text) for _, text in values], floats.values)
        objects = one.get("histograms", [one["histogram"]] if "histogram" in one else [])
        assert [round(time * 1_000) for time, _ in objects] == histograms.ts_ms.tolist()
        for (_, written), histogram in zip(objects, histograms.values, strict=True):
            _require_same_histogram(written, histogram)


def _require_same_histogram(written: dict[str, Any], histogram: Histogram) -> None:
    assert float(written["count"]) == histogram.count or math.isnan(histogram.count)
    rows = [(float(lower), float(upper), float(count)) for _, lower, upper, count in written.get("buckets", [])]
    np.testing.assert_array_equal(np.array(rows), np.array([(lower, upper, count) for lower, upper, count, _ in histogram.rows()]))
