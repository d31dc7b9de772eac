"""Sets of spans as arrays, against lists of Python sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.columns import constant
from lgtm.traceql.errors import ManySpansets
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.spansets import Spansets, coalesce, combine, grouped, whole_traces
from lgtm.traceql.types import Type
from traceql.tables import span, table
from traceql.trees import FORESTS, ROOT, Span, Walk

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=12)
"""Rows and what they are grouped by."""

Sets = list[tuple[int, list[int]]]
"""Trace and rows."""


def listed(sets: Spansets) -> Sets:
    return [(int(trace), sets.rows[a:b].tolist()) for trace, a, b in zip(sets.traces, sets.offsets, sets.offsets[1:], strict=False)]


def of_pairs(pairs: list[tuple[int, int]]) -> Spansets:
    return grouped(np.array([row for row, _ in pairs], np.int64), np.array([unit for _, unit in pairs], np.int64))


def expected_of(pairs: list[tuple[int, int]]) -> Sets:
    return [(unit, sorted({row for row, other in pairs if other == unit})) for unit in sorted({unit for _, unit in pairs})]


@given(PAIRS)
def test_grouped_makes_a_set_of_each_unit(pairs: list[tuple[int, int]]) -> None:
    assert listed(of_pairs(pairs)) == expected_of(pairs)


@given(PAIRS, st.data())
def test_sets_that_keep_no_span_are_dropped(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    sets = of_pairs(pairs)
    mask = data.draw(st.lists(st.booleans(), min_size=len(sets.rows), max_size=len(sets.rows)))
    kept = iter(mask)
    expected = [(trace, [row for row in rows if next(kept)]) for trace, rows in listed(sets)]
    assert listed(sets.keep_spans(np.array(mask, bool))) == [(trace, rows) for trace, rows in expected if rows]


@given(PAIRS, st.data())
def test_sets_are_taken_by_number_or_by_truth(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    sets = of_pairs(pairs)
    mask = data.draw(st.lists(st.booleans(), min_size=len(sets), max_size=len(sets)))
    expected = [each for each, chosen in zip(listed(sets), mask, strict=True) if chosen]
    assert listed(sets.take(np.array(mask, bool))) == expected
    assert listed(sets.take(np.flatnonzero(mask))) == expected


@given(PAIRS)
def test_coalesced_sets_are_one_a_trace(pairs: list[tuple[int, int]]) -> None:
    groups = of_pairs(pairs)
    halves = Spansets(groups.rows, groups.offsets, groups.traces // 2)
    assert listed(coalesce(halves)) == expected_of([(row, unit // 2) for row, unit in pairs])


def test_attributes_go_with_their_sets() -> None:
    sets = of_pairs([(0, 0), (1, 1), (2, 2)]).with_attribute("a", (constant(Type.INT, 7, 3),))
    taken = sets.keep_spans(np.array([True, False, True]))
    ((name, (column,)),) = taken.attributes
    assert (name, column.items()) == ("a", [7, 7])


def test_whole_traces_are_all_spans_of_those_chosen() -> None:
    spans = table([span(1), span(2, 1)], [span(3)], [span(4), span(5, 4)])
    assert listed(whole_traces(spans)) == [(0, [0, 1]), (1, [2]), (2, [3, 4])]
    assert listed(whole_traces(spans, np.array([True, False, True]))) == [(0, [0, 1]), (2, [3, 4])]


@dataclass(frozen=True)
class Sides:
    """Spans of a forest, and those that either side chose, one set a trace."""

    spans: list[Span]
    left: list[int]
    right: list[int]

    def table(self) -> SpanTable:
        traces = sorted({each.trace for each in self.spans})
        return table(*([span(each.id, each.parent, kind=each.kind) for each in self.spans if each.trace == trace] for trace in traces))

    def sets(self, rows: list[int]) -> Spansets:
        traces = sorted({each.trace for each in self.spans})
        return of_pairs([(row, traces.index(self.spans[row].trace)) for row in rows])

    def rows(self, symbol: str) -> list[int]:
        """What the operator finds, by walking."""
        walk, relation = Walk(self.spans), symbol.lstrip("!&")
        found = {b for b in self.right if any(walk.related(relation, a, b) for a in self.left)}
        if symbol[0] == "!":
            return sorted(set(self.right) - found)
        return sorted(found | ({a for a in self.left if any(walk.related(relation, a, b) for b in self.right)} if symbol[0] == "&" else set()))


def _sides(spans: list[Span]) -> st.SearchStrategy[Sides]:
    rows = st.sets(st.sampled_from(range(len(spans)))).map(sorted) if spans else st.just([])
    return st.builds(Sides, st.just(spans), rows, rows)


SIDES = FORESTS.flatmap(_sides)
STRUCTURAL = [f"{how}{relation}" for how in ("", "!", "&") for relation in (">", "<", ">>", "<<", "~")]


@given(SIDES, st.sampled_from(STRUCTURAL))
def test_structural_operators_find_what_a_walk_finds(sides: Sides, symbol: str) -> None:
    found = combine(sides.table(), symbol, sides.sets(sides.left), sides.sets(sides.right))
    assert listed(found) == listed(sides.sets(sides.rows(symbol)))


@given(SIDES)
def test_both_sides_are_there_or_either(sides: Sides) -> None:
    spans, left, right = sides.table(), sides.sets(sides.left), sides.sets(sides.right)
    assert listed(combine(spans, "||", left, right)) == listed(sides.sets(sides.left + sides.right))
    traces = [{sides.spans[row].trace for row in rows} for rows in (sides.left, sides.right)]
    both = [row for row in sides.left + sides.right if sides.spans[row].trace in traces[0] & traces[1]]
    assert listed(combine(spans, "&&", left, right)) == listed(sides.sets(both))


def test_groups_are_not_related() -> None:
    spans = table([span(1, ROOT), span(2, 1)])
    groups = Spansets(np.array([0, 1]), np.array([0, 1, 2]), np.array([0, 0]))
    with pytest.raises(ManySpansets, match="consider using coalesce"):
        combine(spans, ">", groups, whole_traces(spans))
    assert listed(combine(spans, "||", groups, whole_traces(spans))) == [(0, [0, 1])]
