"""Answers have the form that Loki gives them, to the character where clients care."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from api.loki.query_server import FakeStats, labels, log_result
from lgtm.api.loki.encode import encode_matrix, encode_scalar, encode_streams, encode_vector, number_table, sample_time
from lgtm.model.labels import Labels
from lgtm.vectors.matrix import Matrix

STATS = FakeStats()
A = labels({"app": "a"}, {"trace_id": "1"}, {"status": "200"})
B = labels({"app": "a"}, {"trace_id": "2"})
C = labels({"app": "a"})
ROWS = [(3, "three", A), (2, "two", C), (1, "one", B)]


def matrix(values: list[list[float | None]], sets: list[Labels], steps_s: list[float]) -> Matrix:
    present = np.array([[value is not None for value in row] for row in values], dtype=bool).reshape(len(sets), len(steps_s))
    numbers = np.array([[value or 0.0 for value in row] for row in values], dtype=np.float64).reshape(len(sets), len(steps_s))
    return Matrix(sets, np.array([int(step * 1e9) for step in steps_s], dtype=np.int64), numbers, present)


def test_without_flags_all_labels_name_the_stream() -> None:
    answer = json.loads(encode_streams(log_result(ROWS), STATS))
    assert answer["status"] == "success"
    assert list(answer["data"]) == ["resultType", "result", "stats"]
    assert answer["data"]["result"] == [
        {"stream": {"app": "a"}, "values": [["2", "two"]]},
        {"stream": {"app": "a", "status": "200", "trace_id": "1"}, "values": [["3", "three"]]},
        {"stream": {"app": "a", "trace_id": "2"}, "values": [["1", "one"]]},
    ]


def test_categorized_entries_have_a_third_element_and_the_flags_stand_before_the_result() -> None:
    text = encode_streams(log_result(ROWS), STATS, flags=("categorize-labels", "other"))
    assert text.index(b'"encodingFlags":["categorize-labels","other"]') < text.index(b'"result":')
    assert json.loads(text)["data"]["result"] == [
        {
            "stream": {"app": "a"},
            "values": [
                ["3", "three", {"structuredMetadata": {"trace_id": "1"}, "parsed": {"status": "200"}}],
                ["2", "two", {}],
                ["1", "one", {"structuredMetadata": {"trace_id": "2"}}],
            ],
        }
    ]


def test_an_unknown_flag_is_told_and_changes_nothing() -> None:
    data = json.loads(encode_streams(log_result(ROWS), STATS, flags=("Categorize-Labels",)))["data"]
    assert data["encodingFlags"] == ["Categorize-Labels"]
    assert len(data["result"]) == 3


def test_nothing_found_is_an_empty_list() -> None:
    assert json.loads(encode_streams(log_result([]), STATS))["data"]["result"] == []
    assert json.loads(encode_matrix(Matrix.empty(np.array([0])), STATS))["data"]["result"] == []
    assert json.loads(encode_vector(Matrix.empty(np.array([0])), STATS))["data"]["result"] == []


def test_a_matrix_has_pairs_of_seconds_and_text_where_a_series_has_values() -> None:
    found = matrix([[1.0, None, 2.5], [math.nan, math.inf, -math.inf]], [(("app", "a"),), ()], [10, 10.5, 11])
    assert json.loads(encode_matrix(found, STATS))["data"]["result"] == [
        {"metric": {"app": "a"}, "values": [[10, "1"], [11, "2.5"]]},
        {"metric": {}, "values": [[10, "NaN"], [10.5, "+Inf"], [11, "-Inf"]]},
    ]


def test_a_vector_has_one_pair_a_series() -> None:
    found = matrix([[3.0], [None]], [(("app", "a"),), ()], [10.25])
    assert json.loads(encode_vector(found, STATS))["data"]["result"] == [{"metric": {"app": "a"}, "value": [10.25, "3"]}]


def test_a_scalar_is_one_pair() -> None:
    data = json.loads(encode_scalar(1_795_170_600 * 10**9, 0.1 + 0.2, STATS))["data"]
    assert (data["resultType"], data["result"]) == ("scalar", [1_795_170_600, "0.30000000000000004"])


def test_warnings_stand_between_status_and_data_and_only_when_there_are_some() -> None:
    assert list(json.loads(encode_streams(log_result([]), STATS, warnings=("partial",)))) == ["status", "warnings", "data"]
    assert list(json.loads(encode_streams(log_result([]), STATS))) == ["status", "data"]


@pytest.mark.parametrize(
    ("ts_ns", "text"),
    [
        (1_795_170_600 * 10**9, "1795170600"),
        (1_795_170_600_500_000_000, "1795170600.5"),
        (1_795_170_600_123_456_789, "1795170600.123"),
        (1_795_170_599_999_999_999, "1795170599.999"),
        (-500_000_000, "-0.5"),
    ],
)
def test_sample_times_are_seconds_with_up_to_three_decimals(ts_ns: int, text: str) -> None:
    assert json.dumps(sample_time(ts_ns)) == text


@pytest.mark.parametrize(("value", "text"), [(1e20, "100000000000000000000"), (1e-6, "0.000001"), (-0.0, "-0"), (123456789.123, "123456789.123")])
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    assert number_table(np.array([[value]]), np.array([[True]])) == [[text]]


@given(arrays.arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(0, 6)), elements=st.floats()))
def test_each_value_is_written_so_that_it_reads_back(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    texts = number_table(values, np.ones(values.shape, dtype=bool))
    assert len(texts) == len(values)
    for row, written in zip(values.tolist(), texts, strict=True):
        assert [float(text) for text in written] == pytest.approx(row, abs=0, rel=0, nan_ok=True)
