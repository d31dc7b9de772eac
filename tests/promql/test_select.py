"""Lookups in columns against a walk over each series."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.columns import STALE, Selected, is_stale, offsets_of
from lgtm.promql.histogram import ResetHint
from lgtm.promql.parser import parse
from lgtm.promql.prepare import prepare
from lgtm.promql.runs import samples_of
from lgtm.promql.select import instant_vector, newest, ranges_of_samples, ranges_of_selected
from lgtm.promql.times import Times
from lgtm.vectors.label_table import LabelTable
from promql.memory import Memory
from promql.notation import histogram

SERIES = st.lists(st.dictionaries(st.integers(0, 40), st.sampled_from([1.0, 2.0, STALE, np.nan])), max_size=4)


def selected(many: list[dict[int, float]]) -> Selected:
    samples = [(ts, one[ts]) for one in many for ts in sorted(one)]
    return Selected(
        LabelTable.of([(("s", str(place)),) for place in range(len(many))]),
        offsets_of([len(one) for one in many]),
        np.array([ts for ts, _ in samples], dtype=np.int64),
        np.array([value for _, value in samples], dtype=np.float64),
    )


@given(SERIES, st.integers(1, 15), st.integers(1, 9))
def test_the_newest_sample_counts_unless_it_is_old_or_a_stale_marker(many: list[dict[int, float]], lookback: int, step: int) -> None:
    times = Times(0, 40, step).steps_ms
    columns = selected(many)
    last, counts = newest(columns, times, lookback)
    for row, one in enumerate(many):
        for column, time in enumerate(times.tolist()):
            held = [ts for ts in one if time - lookback < ts <= time]
            fresh = bool(held) and not is_stale(np.array([one[max(held)]]))[0]
            assert counts[row, column] == fresh
            if fresh:
                assert columns.ts_ms[last[row, column]] == max(held)


@given(SERIES, st.integers(1, 50), st.integers(1, 9) | st.just(41))
def test_windows_hold_all_samples_but_stale_markers(many: list[dict[int, float]], length: int, step: int) -> None:
    ends = Times(0, 40, step).steps_ms if step < 41 else np.array([40])
    ranges = ranges_of_selected(selected(many), ends, length)
    for row, one in enumerate(many):
        for column, end in enumerate(ends.tolist()):
            window = slice(ranges.float_bounds.lo[row, column], ranges.float_bounds.hi[row, column])
            held = [ts for ts in sorted(one) if end - length < ts <= end and not is_stale(np.array([one[ts]]))[0]]
            assert ranges.floats.ts_ms[window].tolist() == held


@given(SERIES, st.integers(-2, 42), st.integers(-2, 42))
def test_samples_between_two_times_are_those_of_the_same_series(many: list[dict[int, float]], start_ms: int, end_ms: int) -> None:
    found = selected(many).between(start_ms, end_ms)
    assert len(found.labels) == len(many)
    for row, one in enumerate(many):
        held = slice(found.offsets[row], found.offsets[row + 1])
        assert found.ts_ms[held].tolist() == [ts for ts in sorted(one) if start_ms < ts <= end_ms]
        assert list(map(repr, found.values[held])) == [repr(np.float64(one[ts])) for ts in sorted(one) if start_ms < ts <= end_ms]


def test_ordinary_nan_is_no_stale_marker() -> None:
    assert is_stale(np.array([np.nan, STALE, 1.0])).tolist() == [False, True, False]


def test_nothing_selected_gives_nothing() -> None:
    empty = Selected.empty()
    assert len(instant_vector(empty, np.array([0]), 300)) == 0
    assert len(ranges_of_selected(empty, np.array([0]), 300)) == 0


def test_subqueries_forget_resets_but_not_gauges() -> None:
    memory = Memory.of("a {{count:1 counter_reset_hint:reset buckets:[1]}}\nb {{count:1 counter_reset_hint:gauge buckets:[1]}}")
    vector = memory.query('{__name__=~"a|b"}', Times(0, 0)).vector
    assert vector is not None
    ranges = ranges_of_samples(samples_of(vector, np.array([0])), np.array([0]), 1_000)
    assert ranges.histograms is not None
    assert [held.hint for held in ranges.histograms.histograms] == [ResetHint.UNKNOWN, ResetHint.GAUGE]


def test_hints_are_told_from_predecessors_where_only_counts_matter() -> None:
    memory = Memory.of("h {{count:2 buckets:[2]}} {{count:3 buckets:[3]}} {{count:1 buckets:[1]}}")
    prepared = prepare(parse("histogram_count(h)"), Times(0, 120_000, 60_000))
    vector = instant_vector(memory.select(prepared.selections[0]), prepared.times.steps_ms, 300_000, detects_resets=True)
    assert vector.histograms is not None
    assert [held.hint for held in vector.histograms[0]] == [ResetHint.UNKNOWN, ResetHint.NOT_RESET, ResetHint.RESET]


def test_histograms_come_out_of_their_columns_as_they_went_in() -> None:
    texts = ["schema:1 count:3 sum:4 z_bucket:1 z_bucket_w:0.5 buckets:[0 2] n_buckets:[1]", "schema:-53 count:1 custom_values:[1 2] buckets:[1]"]
    memory = Memory.of("\n".join(f'h{{i="{place}"}} {{{{{text}}}}}' for place, text in enumerate(texts)))
    result = memory.query("h", Times(0, 0))
    held = [histograms.values[0] for _, _, histograms in result.series()]
    assert all(got.equals(histogram(text)) for got, text in zip(held, texts, strict=True))
