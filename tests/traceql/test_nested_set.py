"""Nested sets: the numbers are those of a walk that goes from each root downwards, whatever is wrong with the trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.nested_set import CLIENT, SERVER, crowded_traces
from traceql.trees import FORESTS, ROOT, Span, Walk, numbered


@given(FORESTS)
def test_numbers_are_those_of_a_walk(spans: list[Span]) -> None:
    walk, tree = Walk(spans), numbered(spans)
    expected = walk.numbers()
    for row in walk.rows():
        assert (tree.left[row], tree.right[row]) == expected.get(row, (0, 0))


@given(FORESTS)
def test_the_parent_is_the_left_number_of_the_span_above(spans: list[Span]) -> None:
    walk, tree = Walk(spans), numbered(spans)
    for row in walk.rows():
        above = walk.parents[row]
        expected = 0 if not walk.reached[row] else -1 if above is None else int(tree.left[above])
        assert tree.parent[row] == expected


@given(FORESTS)
def test_the_row_of_the_parent_is_told_of_all_spans(spans: list[Span]) -> None:
    walk, tree = Walk(spans), numbered(spans)
    for row in walk.rows():
        above = walk.parents[row]
        assert tree.parent_row[row] == (above if above is not None else -1 if spans[row].parent == ROOT else -2)


@given(FORESTS)
def test_crowded_traces_are_those_with_three_spans_of_one_id(spans: list[Span]) -> None:
    walk = Walk(spans)
    found = crowded_traces(np.array([span.trace for span in spans], np.int64), np.array([span.id for span in spans], np.uint64))
    assert found.tolist() == sorted({span.trace for span in spans if walk.is_crowded(span.trace)})


@pytest.mark.parametrize(
    ("name", "spans", "lefts", "rights"),
    [
        ("one span", [(1, ROOT)], [1], [2]),
        ("a chain", [(1, ROOT), (2, 1), (3, 2)], [1, 2, 3], [6, 5, 4]),
        ("siblings in the order of rows", [(3, 1), (1, ROOT), (2, 1)], [2, 1, 4], [3, 6, 5]),
        ("two roots", [(1, ROOT), (2, ROOT), (3, 1)], [1, 5, 2], [4, 6, 3]),
        ("an orphan and its child", [(1, ROOT), (2, 9), (3, 2)], [1, 0, 0], [2, 0, 0]),
        ("a cycle", [(1, 2), (2, 1)], [0, 0], [0, 0]),
        ("its own parent", [(1, 1)], [0], [0]),
        ("three of one id", [(1, ROOT), (2, 1), (2, 1), (2, 1)], [0, 0, 0, 0], [0, 0, 0, 0]),
    ],
)
def test_shapes_of_traces(name: str, spans: list[tuple[int, int]], lefts: list[int], rights: list[int]) -> None:
    tree = numbered([Span(0, own, parent) for own, parent in spans])
    assert (tree.left.tolist(), tree.right.tolist()) == (lefts, rights)


def test_of_two_halves_of_a_call_the_server_is_below_the_client_and_above_what_it_calls() -> None:
    spans = [Span(0, 1, ROOT), Span(0, 2, 1, CLIENT), Span(0, 2, 2, SERVER), Span(0, 3, 2)]
    assert numbered(spans).parent_row.tolist() == [-1, 0, 1, 2]


@given(st.lists(st.integers(1, 2**64 - 1), min_size=1, max_size=100, unique=True))
def test_a_chain_of_any_ids_is_numbered_downwards(ids: list[int]) -> None:
    tree = numbered([Span(0, own, parent) for own, parent in zip(ids, [ROOT, *ids], strict=False)])
    assert tree.left.tolist() == list(range(1, len(ids) + 1))
    assert tree.right.tolist() == list(range(2 * len(ids), len(ids), -1))


GOLDEN = 0x9E3779B97F4A7C15
"""What the number of a trace is multiplied with when it is mixed with an id."""


def test_pairs_that_mix_to_one_number_stay_apart() -> None:
    tops = [(0, GOLDEN + 5), (1, 5), (2, 2**64 - GOLDEN + 5)]
    spans = [span for trace, top in tops for span in (Span(trace, top, ROOT), Span(trace, 7, top))]
    assert numbered(spans).parent_row.tolist() == [-1, 0, -1, 2, -1, 4]
    assert crowded_traces(np.array([trace for trace, _ in tops]), np.array([top for _, top in tops], np.uint64)).tolist() == []


@given(FORESTS, st.integers(0, 5))
def test_spread_leaves_the_other_rows_in_no_tree(spans: list[Span], before: int) -> None:
    tree = numbered(spans)
    rows = np.arange(len(spans)) + before
    wide = tree.spread(rows, len(spans) + before + 1)
    others = np.setdiff1d(np.arange(len(spans) + before + 1), rows)
    assert wide.left[rows].tolist() == tree.left.tolist()
    assert wide.parent_row[rows].tolist() == [row + before if row >= 0 else row for row in tree.parent_row.tolist()]
    assert not wide.left[others].any()
    assert (wide.parent_row[others] == -2).all()
