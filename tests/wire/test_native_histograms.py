"""Buckets become spans and deltas that say the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.native_histograms import COUNT_MAX, CUSTOM_BUCKETS, HINT_GAUGE, Buckets, Histograms, coarser
from lgtm.wire.packed import Lists
from wire.metric_messages import NativeHistogram, buckets_of

Side = tuple[int, list[int]]
"""Index of the first bucket, counts."""
sides = st.tuples(st.integers(-(2**20), 2**20), st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 300, 2**40]), max_size=20))


def buckets(*of_histograms: Side) -> Buckets:
    counts = [count for _, side in of_histograms for count in side]
    lengths = [len(side) for _, side in of_histograms]
    return Buckets(np.array([first for first, _ in of_histograms], np.int64), Lists(np.array(counts, np.uint64), np.array(lengths, np.int64)))


def histograms(positive: Sequence[Side], negative: Sequence[Side], custom: Sequence[Sequence[float]] | None = None) -> Histograms:
    size = len(positive)
    bounds = None
    if custom is not None:
        flat = np.array([bound for of_one in custom for bound in of_one], np.float64)
        bounds = Lists(flat.view(np.uint64), np.array([len(of_one) for of_one in custom], np.int64))
    return Histograms(
        schema=np.full(size, CUSTOM_BUCKETS if custom is not None else -4),
        count=np.full(size, 7, np.uint64),
        sum=np.full(size, -2.5),
        zero_threshold=np.full(size, 0.25),
        zero_count=np.full(size, 3, np.uint64),
        positive=buckets(*positive),
        negative=buckets(*negative),
        hint=np.full(size, HINT_GAUGE),
        custom=bounds,
    )


@given(st.lists(st.tuples(sides, sides), max_size=5))
def test_each_bucket_comes_back(pairs: list[tuple[Side, Side]]) -> None:
    encoded = histograms([positive for positive, _ in pairs], [negative for _, negative in pairs]).encoded()
    assert len(encoded) == len(pairs)
    for message, (positive, negative) in zip(encoded, pairs, strict=True):
        found = NativeHistogram.FromString(message)
        assert found.SerializeToString(deterministic=True) == message
        assert (found.count_int, found.sum, found.schema, found.zero_threshold, found.zero_count_int, found.reset_hint) == (7, -2.5, -4, 0.25, 3, 3)
        for side, spans, deltas in (
            (positive, found.positive_spans, found.positive_deltas),
            (negative, found.negative_spans, found.negative_deltas),
        ):
            given_buckets = {side[0] + at: count for at, count in enumerate(side[1]) if count}
            assert {index: count for index, count in buckets_of(spans, deltas).items() if count} == given_buckets


@pytest.mark.parametrize(
    ("counts", "spans", "deltas"),
    [
        ([1, 2, 3], [(5, 3)], [1, 1, 1]),
        ([0, 2, 0], [(6, 1)], [2]),
        ([4, 0, 0, 1], [(5, 4)], [4, -4, 0, 1]),
        ([4, 0, 0, 0, 1], [(5, 1), (3, 1)], [4, -3]),
        ([0, 0], [], []),
    ],
)
def test_small_gaps_are_empty_buckets_and_large_ones_new_spans(counts: list[int], spans: list[tuple[int, int]], deltas: list[int]) -> None:
    found = NativeHistogram.FromString(histograms([(5, counts)], [(0, [])]).encoded()[0])
    assert [(span.offset, span.length) for span in found.positive_spans] == spans
    assert list(found.positive_deltas) == deltas


def test_custom_bounds_are_kept() -> None:
    encoded = histograms([(0, [1, 2]), (0, [5])], [(0, []), (0, [])], [[0.5], []]).encoded()
    assert [list(NativeHistogram.FromString(message).custom_values) for message in encoded] == [[0.5], []]


@given(sides, st.integers(0, 12))
def test_coarser_buckets_hold_what_the_finer_ones_held(side: Side, steps: int) -> None:
    found = coarser(*buckets(side), np.array([steps]))
    expected: dict[int, int] = {}
    for at, count in enumerate(side[1]):
        index = math.ceil((side[0] + at) / 2**steps)
        expected[index] = expected.get(index, 0) + count
    first = int(found.first[0])
    assert {first + at: count for at, count in enumerate(found.counts.values.tolist())} == expected


@pytest.mark.parametrize(
    ("first", "counts", "sane"),
    [
        (0, [1], True),
        (2**31 - 2, [1], True),
        (2**31 - 1, [1], False),
        (-(2**31) - 1, [1], False),
        (0, [COUNT_MAX, COUNT_MAX], False),
    ],
)
def test_what_the_message_cannot_hold_is_not_sane(first: int, counts: list[int], sane: bool) -> None:
    assert buckets((first, counts)).sane().tolist() == [sane]
