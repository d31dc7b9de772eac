"""Aggregations against plain Python over one group and step at a time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import Labels, labels_of
from lgtm.promql.errors import EvaluationError
from lgtm.promql.times import Times
from promql.memory import Memory
from promql.notation import Sample

STEPS = Times(0, 120_000, 60_000)
SERIES = st.dictionaries(
    st.tuples(st.sampled_from("12"), st.sampled_from("123")).map(lambda values: labels_of([("__name__", "x"), ("a", values[0]), ("b", values[1])])),
    st.lists(st.floats(min_value=-1e3, max_value=1e3), min_size=3, max_size=3),
    max_size=6,
)


def loaded(series: dict[Labels, list[float]]) -> Memory:
    memory = Memory()
    memory.add({labels: [Sample(ts, value) for ts, value in zip(STEPS.steps_ms.tolist(), held, strict=True)] for labels, held in series.items()})
    return memory


def _quantile(held: list[float]) -> float:
    ordered, rank = sorted(held), 0.3 * (len(held) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(held) - 1)
    return ordered[low] * (1 - (rank - low)) + ordered[high] * (rank - low)


@pytest.mark.parametrize(
    ("op", "alone"),
    [
        ("sum", math.fsum),
        ("avg", lambda held: math.fsum(held) / len(held)),
        ("min", min),
        ("max", max),
        ("count", len),
        ("group", lambda _held: 1),
        ("stddev", statistics.pstdev),
        ("stdvar", statistics.pvariance),
        ("quantile", _quantile),
    ],
)
@given(SERIES)
def test_every_group_gives_what_it_gives_alone(op: str, alone: Callable[[list[float]], float], series: dict[Labels, list[float]]) -> None:
    groups: dict[str, list[list[float]]] = {}
    for labels, held in series.items():
        groups.setdefault(dict(labels)["a"], []).append(held)
    wanted = {group: [alone([held[step] for held in members]) for step in range(3)] for group, members in groups.items()}
    args = "0.3, x" if op == "quantile" else "x"
    for grouping in ("by (a)", "without (b)"):
        result = loaded(series).query(f"{op} {grouping} ({args})", STEPS)
        got = {dict(labels)["a"]: floats.values.tolist() for labels, floats, _ in result.series()}
        assert got.keys() == wanted.keys()
        for group, values in wanted.items():
            assert got[group] == pytest.approx(values, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("op", ["topk", "bottomk"])
@given(SERIES, st.integers(0, 4))
def test_the_k_most_of_every_group_and_step_are_chosen(op: str, series: dict[Labels, list[float]], k: int) -> None:
    result = loaded(series).query(f"{op} by (a) ({k}, x)", STEPS)
    got: dict[tuple[str, int], list[float]] = {}
    for labels, floats, _ in result.series():
        for ts, value in zip(floats.ts_ms.tolist(), floats.values.tolist(), strict=True):
            assert value == series[labels][ts // 60_000]
            got.setdefault((dict(labels)["a"], ts), []).append(value)
    for group in {dict(labels)["a"] for labels in series}:
        for step, ts in enumerate(STEPS.steps_ms.tolist()):
            held = sorted((values[step] for labels, values in series.items() if dict(labels)["a"] == group), reverse=op == "topk")
            assert sorted(got.get((group, ts), []), reverse=op == "topk") == held[:k]


@given(SERIES, st.floats(min_value=0, max_value=1))
def test_a_ratio_and_its_complement_part_the_series(series: dict[Labels, list[float]], ratio: float) -> None:
    chosen = loaded(series).query(f"limit_ratio({ratio}, x)", STEPS).labels.rows()
    others = loaded(series).query(f"limit_ratio({ratio - 1}, x)", STEPS).labels.rows()
    assert sorted([*chosen, *others]) == sorted(series)


@given(SERIES)
def test_values_are_counted_as_often_as_they_occur(series: dict[Labels, list[float]]) -> None:
    rounded = {labels: [float(round(value) % 3) for value in held] for labels, held in series.items()}
    result = loaded(rounded).query('count_values by (a) ("v", x)', STEPS)
    got = {(dict(labels)["a"], dict(labels)["v"], ts): value for labels, floats, _ in result.series() for ts, value in _points(floats)}
    wanted: dict[tuple[str, str, int], float] = {}
    for labels, held in rounded.items():
        for ts, value in zip(STEPS.steps_ms.tolist(), held, strict=True):
            key = dict(labels)["a"], f"{value:.0f}", ts
            wanted[key] = wanted.get(key, 0.0) + 1.0
    assert got == wanted


def _points(floats: object) -> list[tuple[int, float]]:
    return list(zip(floats.ts_ms.tolist(), floats.values.tolist(), strict=True))  # type: ignore[attr-defined]


def test_an_instant_topk_is_in_order() -> None:
    result = Memory.of('x{a="1"} 1\nx{a="2"} 3\nx{a="3"} NaN\nx{a="4"} 2').query("topk(4, x)", Times(0, 0))
    assert [dict(labels)["a"] for labels in result.labels.rows()] == ["2", "4", "1", "3"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("topk(NaN, x)", "Parameter value is NaN"),
        ("topk(1e30, x)", "Scalar value 1e+30 overflows int64"),
        ("bottomk(-1e30, x)", "Scalar value -1e+30 underflows int64"),
        ("limit_ratio(NaN, x)", "Ratio value is NaN"),
        ('count_values("\\xff", x)', 'invalid label name "\\xff"'),
    ],
)
def test_parameters_that_make_no_sense_are_refused(query: str, error: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        Memory.of("x 1").query(query, Times(0, 0))
    assert str(caught.value) == error


def test_groups_of_floats_and_histograms_have_no_sum() -> None:
    result = Memory.of('x{a="1"} 1\nx{a="2"} {{count:1 sum:1 buckets:[1]}}').query("sum(x)", Times(0, 0))
    assert result.series() == []
    assert result.warnings == ["PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)"]
