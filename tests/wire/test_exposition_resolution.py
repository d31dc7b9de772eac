"""Buckets are joined two by two; which schema is kept follows from a limit or from a factor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.exposition_resolution import SCHEMA_MAX, SCHEMA_MIN, Resolution, Side, fitted, schema_of_factor

NOTHING = Side([], [])
SIDES = st.lists(st.tuples(st.integers(-1_000, 1_000), st.integers(0, 9)), unique_by=lambda one: one[0]).map(
    lambda pairs: Side([at for at, _ in sorted(pairs)], [count for _, count in sorted(pairs)])
)


def test_spans_say_where_buckets_are() -> None:
    side = Side.of([(-2, 2), (3, 1), (0, 1)], [1, 2, 3, 4])
    assert (list(side.index), side.spans(), side.deltas()) == ([-2, -1, 3, 4], [(-2, 2), (3, 2)], [1, 1, 1, 1])


def test_two_buckets_become_one() -> None:
    # The upper bound of bucket i is 2^(i * 2^-schema): buckets 1 and 2 of one schema are bucket 1 of the next.
    assert Side([-1, 0, 1, 2, 3], [1, 2, 3, 4, 5]).coarser(1) == Side([0, 1, 2], [3, 7, 5])


@given(SIDES, st.integers(0, 5), st.integers(0, 5))
def test_steps_may_be_taken_one_by_one(side: Side, first: int, second: int) -> None:
    assert side.coarser(first).coarser(second) == side.coarser(first + second)


@given(SIDES)
def test_spans_and_buckets_are_the_same(side: Side) -> None:
    assert Side.of(side.spans(), side.counts) == side


@given(SIDES, SIDES, st.integers(1, 30), st.integers(SCHEMA_MIN, SCHEMA_MAX))
def test_no_more_is_joined_than_has_to_be(negative: Side, positive: Side, buckets_max: int, schema: int) -> None:
    resolution = Resolution(buckets_max=buckets_max)
    kept, sides = fitted(schema, (negative, positive), resolution)
    assert sides == (negative.coarser(schema - kept), positive.coarser(schema - kept))
    assert kept == SCHEMA_MIN or sum(len(side.index) for side in sides) <= buckets_max
    if kept < schema:
        finer = schema - kept - 1
        assert sum(len(side.coarser(finer).index) for side in (negative, positive)) > buckets_max


@pytest.mark.parametrize(
    ("factor", "schema"),
    [(0, 8), (1, 8), (1.0001, 8), (1.00271, 8), (1.003, 7), (1.1, 2), (1.5, 0), (2, 0), (2.1, -1), (4, -1), (65536, -4), (1e300, -4)],
)
def test_a_schema_has_at_least_the_factor(factor: float, schema: int) -> None:
    assert schema_of_factor(factor) == schema
    if SCHEMA_MIN < schema < SCHEMA_MAX:
        assert 2 ** (2**-schema) >= factor > 2 ** (2 ** -(schema + 1))


def test_nothing_is_made_coarser_without_need() -> None:
    assert fitted(3, (NOTHING, Side([1], [2])), Resolution(schema_max=5, buckets_max=1)) == (3, (NOTHING, Side([1], [2])))
