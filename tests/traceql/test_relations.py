"""Structural relations: the answer by numbers is the one that a walk from span to span finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.columns import Bool
from lgtm.traceql.relations import CONVERSE, Nodes, related
from traceql.trees import FORESTS, ROOT, Span, Walk, numbered


def nodes(spans: list[Span]) -> Nodes:
    tree = numbered(spans)
    return Nodes(np.array([span.trace for span in spans], np.int64), tree.left, tree.right, tree.parent)


def chosen(spans: list[Span], bits: int) -> Bool:
    return np.array([bool(bits >> row & 1) for row in range(len(spans))], dtype=bool)


@given(FORESTS, st.integers(0, 2**18 - 1), st.integers(0, 2**18 - 1), st.sampled_from(sorted(CONVERSE)))
def test_relations_are_those_of_a_walk(spans: list[Span], lefts: int, rights: int, symbol: str) -> None:
    walk, every = Walk(spans), nodes(spans)
    left, right = chosen(spans, lefts), chosen(spans, rights)
    found = related(symbol, every.take(left), every.take(right))
    expected = [any(walk.related(symbol, a, b) for a in np.flatnonzero(left).tolist()) for b in np.flatnonzero(right).tolist()]
    assert found.tolist() == expected


@given(FORESTS, st.sampled_from(sorted(CONVERSE)))
def test_the_converse_is_met_by_the_other_side(spans: list[Span], symbol: str) -> None:
    every = nodes(spans)
    one = [every.take(np.arange(len(spans)) == row) for row in range(len(spans))]
    for a in one:
        for b in one:
            assert related(symbol, a, b).tolist() == related(CONVERSE[symbol], b, a).tolist()


FAMILY = [Span(0, 1, ROOT), Span(0, 2, 1), Span(0, 3, 1), Span(0, 4, 2), Span(0, 9, 8)]
"""1 above 2 and 3, 4 below 2; 9 is an orphan."""


@pytest.mark.parametrize(
    ("symbol", "of", "found"),
    [
        (">", 1, [2, 3]),
        (">>", 1, [2, 3, 4]),
        ("<", 4, [2]),
        ("<<", 4, [1, 2]),
        ("~", 2, [3]),
        ("~", 1, []),
        ("~", 9, []),
        (">>", 9, []),
        ("<", 1, []),
    ],
)
def test_what_each_relation_means(symbol: str, of: int, found: list[int]) -> None:
    every, ids = nodes(FAMILY), np.array([span.id for span in FAMILY])
    assert ids[related(symbol, every.take(ids == of), every)].tolist() == found
