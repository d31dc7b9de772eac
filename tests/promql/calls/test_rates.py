"""rate, increase and delta against one window at a time, step by step as the documentation tells it."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.columns import Selected
from lgtm.promql.evaluate import evaluate
from lgtm.promql.features import Features
from lgtm.promql.parser import parse
from lgtm.promql.prepare import prepare
from lgtm.promql.times import Times
from lgtm.vectors.label_table import LabelTable
from promql.memory import Memory

RANGE_MS = 60_000
SERIES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50), st.integers(-30, 30)), max_size=15, unique_by=lambda sample: sample[0])
"""Time in seconds, value, and start relative to the time in seconds; 0: not known."""


def increase(samples: list[tuple[int, float, int]], start_ms: int, end_ms: int, *, is_counter: bool) -> float | None:
    held = [sample for sample in samples if start_ms < sample[0] <= end_ms]
    if not held:
        return None
    change = held[-1][1] - held[0][1]
    for before, now in pairwise(held):
        started = now[2] != 0 and now[2] < now[0]
        anew = started and (now[2] > before[0] or (now[2] == before[0] and before[2] != 0 and before[2] < before[0]))
        if is_counter and (now[1] < before[1] or anew):
            change += before[1]
    first, last = held[0], held[-1]
    inside = is_counter and first[2] != 0 and start_ms < first[2] < first[0]
    if len(held) < 2 and not inside:
        return None
    begin = first[2] if inside else first[0]
    if inside:
        change += first[1]
    sampled, apart = (last[0] - begin) / 1e3, (last[0] - first[0]) / 1e3 / max(len(held) - 1, 1)
    before_s, after_s = 0.0 if inside else (first[0] - start_ms) / 1e3, (end_ms - last[0]) / 1e3
    before_s = apart / 2 if before_s >= apart * 1.1 else before_s
    after_s = apart / 2 if after_s >= apart * 1.1 else after_s
    if is_counter and change > 0 and first[1] >= 0:
        before_s = min(before_s, sampled * first[1] / change)
    return change * (sampled + before_s + after_s) / sampled


@pytest.mark.parametrize("name", ["increase", "delta"])
@given(st.lists(SERIES, min_size=1, max_size=4))
def test_every_window_gives_what_it_gives_alone(name: str, drawn: list[list[tuple[int, int, int]]]) -> None:
    many = [[(1_000 * t, float(v), 1_000 * (t + s) if s and t + s > 0 else 0) for t, v, s in sorted(series)] for series in drawn]
    times = Times(10_000, 190_000, 20_000)
    prepared = prepare(parse(f"{name}(x[1m])"), times)
    result = evaluate(prepared, [_selected(many)])
    got = {dict(labels)["s"]: dict(zip(floats.ts_ms.tolist(), floats.values.tolist(), strict=True)) for labels, floats, _ in result.series()}
    for place, samples in enumerate(many):
        wanted = {ts: increase(samples, ts - RANGE_MS, ts, is_counter=name == "increase") for ts in times.steps_ms.tolist()}
        known = {ts: value for ts, value in wanted.items() if value is not None}
        assert got.get(str(place), {}) == pytest.approx(known, rel=1e-12, abs=1e-12)


def _selected(many: list[list[tuple[int, float, int]]]) -> Selected:
    samples = [sample for series in many for sample in series]
    offsets = np.concatenate([[0], np.cumsum([len(series) for series in many])]).astype(np.int64)
    return Selected(
        LabelTable.of([(("s", str(place)),) for place in range(len(many))]),
        offsets,
        np.array([sample[0] for sample in samples], dtype=np.int64),
        np.array([sample[1] for sample in samples], dtype=np.float64),
        start_ms=np.array([sample[2] for sample in samples], dtype=np.int64),
    )


def test_start_timestamps_are_not_heeded_when_they_are_off() -> None:
    series = [[(60_000, 5.0, 59_000), (120_000, 5.0, 60_000)]]
    prepared = prepare(parse("increase(x[2m])"), Times(120_000, 120_000))
    on = evaluate(prepared, [_selected(series)]).vector
    off = evaluate(prepared, [_selected(series)], features=Features(start_timestamps=False)).vector
    assert on is not None
    assert off is not None
    assert (on.values[0, 0], off.values[0, 0]) == (10.0, 0.0)


@pytest.mark.parametrize(
    ("query", "value"),
    [("irate(x[5m])", 2 / 60), ("idelta(x[5m])", -3.0), ("irate(x[1m])", None), ("rate(x[2m])", 2 / 60)],
)
def test_instant_rates_look_at_the_last_two_samples(query: str, value: float | None) -> None:
    result = Memory.of("x 1 5 2").query(query, Times(120_000, 120_000))
    assert [floats.values.tolist() for _, floats, _ in result.series()] == ([] if value is None else [[pytest.approx(value)]])


def test_names_that_are_no_counters_are_noted_once_each() -> None:
    memory = Memory.of('a{x="1"} 1 2\na{x="2"} 1 2\nb_total{x="3"} 1 2\nc{x="4"} 1 2')
    result = memory.query('rate({__name__=~"a|b_total|c"}[5m])', Times(60_000, 60_000))
    assert result.infos == [
        f'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "{name}" (1:6)' for name in ("a", "c")
    ]


def test_types_tell_counters_where_they_are_kept() -> None:
    memory = Memory.of('a{__type__="counter"} 1 2\nb{__type__="gauge"} 1 2')
    typed = Features(type_and_unit_labels=True)
    assert memory.query("rate(a[5m])", Times(60_000, 60_000), typed).infos == []
    assert 'is not set to "counter" or "histogram"' in memory.query("rate(b[5m])", Times(60_000, 60_000), typed).infos[0]


def test_a_counter_at_nan_stays_nan() -> None:
    result = Memory.of("x_total 1 NaN 3").query("rate(x_total[5m])", Times(120_000, 120_000))
    assert result.vector is not None
    assert not math.isinf(result.vector.values[0, 0])
