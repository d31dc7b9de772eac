from __future__ import annotations

import pytest

from lgtm.errors import BadRequest
from lgtm.promql.columns import Selected
from lgtm.promql.errors import TooManySamples
from lgtm.promql.evaluate import evaluate
from lgtm.promql.parser import parse
from lgtm.promql.prepare import prepare
from lgtm.promql.times import Times
from promql.memory import Memory

INSTANT = Times(120_000, 120_000)


def test_each_kind_of_value_has_its_place() -> None:
    memory = Memory.of("x 1 2 3")
    assert memory.query("1 + 1", INSTANT).scalar == [2.0]
    assert memory.query('"text"', INSTANT).string == "text"
    vector = memory.query("x", INSTANT)
    assert (str(vector.kind), vector.vector is not None, vector.ranges is None) == ("vector", True, True)
    matrix = memory.query("x[2m]", INSTANT)
    assert str(matrix.kind) == "matrix"
    assert [(floats.ts_ms.tolist(), floats.values.tolist()) for _, floats, _ in matrix.series()] == [([60_000, 120_000], [2.0, 3.0])]


def test_floats_and_histograms_of_a_series_are_apart() -> None:
    result = Memory.of("x 1 {{count:1 buckets:[1]}} 3").query("x", Times(0, 120_000, 60_000))
    [(labels, floats, histograms)] = result.series()
    assert labels == (("__name__", "x"),)
    assert (floats.ts_ms.tolist(), histograms.ts_ms.tolist()) == ([0, 120_000], [60_000])
    result = Memory.of("x 1 {{count:1 buckets:[1]}} 3").query("x[5m]", INSTANT)
    [(_, floats, histograms)] = result.series()
    assert (floats.ts_ms.tolist(), histograms.ts_ms.tolist()) == ([0, 120_000], [60_000])


def test_range_queries_are_sorted_by_labels_and_a_missing_label_comes_first() -> None:
    memory = Memory.of('x{b="1"} 1\nx{a="2"} 1\nx 1\nx{a="1",b="1"} 1\nx{a="1"} 1')
    rows = memory.query("x", Times(0, 0, 1_000)).labels.rows()
    assert rows == sorted(rows)
    assert len(rows) == 5


def test_a_query_may_hold_so_many_samples_and_no_more() -> None:
    prepared = prepare(parse("x + x"), Times(0, 120_000, 60_000))
    columns = [Memory.of("x 1 2 3").select(selection) for selection in prepared.selections]
    assert evaluate(prepared, columns, samples_max=3).series()
    with pytest.raises(TooManySamples, match="too many samples"):
        evaluate(prepared, columns, samples_max=2)
    wide = prepare(parse("vector(1)"), Times(0, 120_000, 60_000))
    with pytest.raises(TooManySamples):
        evaluate(wide, [], samples_max=2)


def test_a_query_can_be_stopped_between_operators() -> None:
    prepared = prepare(parse("x + x * 2"), INSTANT)
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        evaluate(prepared, [Selected.empty() for _ in prepared.selections], check=check)
    assert asked == 3


def test_nothing_is_an_answer_too() -> None:
    result = Memory.of("x 1").query("y", INSTANT)
    assert result.series() == []
    assert len(Memory.of("x 1").query("1", INSTANT).labels) == 0


@pytest.mark.parametrize(
    "query", [r'"\xff"', r'label_replace(x, "a", "\xff", "", "")', r'label_join(label_replace(x, "a", "1", "", ""), "b", "\xff", "a", "a")']
)
def test_answers_are_always_utf8(query: str) -> None:
    result = Memory.of("x 1").query(query, Times(0, 0))
    text = result.string if result.string is not None else str(result.labels.rows())
    assert "\ufffd" in text
    assert text.encode()


@pytest.mark.parametrize(
    "query", [r'x{a=~"\xff"}', r'label_replace(x, "\xff", "", "", "")', r'histogram_quantiles(x, "\xff", 0.5)', r'label_join(x, "a", "", "\xff")']
)
def test_bytes_that_are_no_utf8_are_refused_where_they_would_be_names_or_patterns(query: str) -> None:
    with pytest.raises(BadRequest):
        Memory.of("x 1").query(query, Times(0, 0))
