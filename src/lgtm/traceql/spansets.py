"""Spansets: groups of spans of one trace, as arrays of row numbers, and what can be done with all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.traceql.columns import I64, Bool, Columns
from lgtm.traceql.errors import ManySpansets
from lgtm.traceql.nested_set import NestedSet
from lgtm.traceql.relations import CONVERSE, Nodes, related
from lgtm.traceql.span_table import SpanTable


@dataclass(slots=True, frozen=True, eq=False)
class Spansets:
    """rows: of the first set, then of the second, …; offsets: where each begins, and the end of the last. No set is empty.

    traces: the trace of each set, ascending. attributes: what by() and aggregates found: a name and its values, one row a set.
    """

    rows: I64
    offsets: I64
    traces: I64
    attributes: tuple[tuple[str, Columns], ...] = ()

    def __len__(self) -> int:
        return len(self.traces)

    @property
    def set_of(self) -> I64:
        """The set of each element of `rows`."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def keep_spans(self, mask: Bool) -> Spansets:
        """mask: one truth an element of `rows`. Sets that become empty are dropped."""
        counts = np.add.reduceat(mask.astype(np.int64), self.offsets[:-1]) if len(self) else np.empty(0, dtype=np.int64)
        left = self.take(counts > 0)
        return Spansets(self.rows[mask], np.concatenate(([0], np.cumsum(counts[counts > 0]))), left.traces, left.attributes)

    def take(self, sets: Bool | I64) -> Spansets:
        """Some of the sets: a truth each, or their numbers."""
        chosen = np.flatnonzero(sets) if sets.dtype == np.bool_ else np.asarray(sets, dtype=np.int64)
        counts = np.diff(self.offsets)[chosen]
        offsets = np.concatenate(([0], np.cumsum(counts)))
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        rows = self.rows[np.repeat(self.offsets[chosen], counts) + within]
        attributes = tuple((name, tuple(column.take(chosen) for column in columns)) for name, columns in self.attributes)
        return Spansets(rows, offsets, self.traces[chosen], attributes)

    def with_attribute(self, name: str, columns: Columns) -> Spansets:
        return Spansets(self.rows, self.offsets, self.traces, (*self.attributes, (name, columns)))


def grouped(rows: I64, unit: I64) -> Spansets:
    """One set a unit. rows, unit: parallel, in any order; a row given twice counts once."""
    order = np.lexsort((rows, unit))
    rows, unit = rows[order], unit[order]
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (np.diff(rows) != 0) | (np.diff(unit) != 0)
    rows, unit = rows[fresh], unit[fresh]
    traces, starts = np.unique(unit, return_index=True)
    return Spansets(rows, np.append(starts, len(rows)), traces)


def whole_traces(table: SpanTable, traces: Bool | None = None) -> Spansets:
    """All spans of each trace, or of those chosen. The table's traces have spans each."""
    every = Spansets(np.arange(len(table)), table.offsets, np.arange(table.traces))
    return every if traces is None or traces.all() else every.take(traces)


def coalesce(sets: Spansets) -> Spansets:
    """One set a trace; what the groups were is forgotten."""
    return grouped(sets.rows, sets.traces[sets.set_of])


def combine(table: SpanTable, symbol: str, lefts: Spansets, rights: Spansets) -> Spansets:
    """One side and the other, trace by trace. Raises ManySpansets where a structural relation has a side with two sets of a trace."""
    left_unit, right_unit = lefts.traces[lefts.set_of], rights.traces[rights.set_of]
    if symbol in ("&&", "||"):
        rows, unit = np.concatenate((lefts.rows, rights.rows)), np.concatenate((left_unit, right_unit))
        if symbol == "&&":
            both = np.isin(unit, np.intersect1d(lefts.traces, rights.traces))
            rows, unit = rows[both], unit[both]
        return grouped(rows, unit)
    for side in (lefts, rights):
        if (np.diff(side.traces) == 0).any():
            raise ManySpansets
    # Spans are related within a trace: only those with spans on both sides have to be numbered.
    tree = table.tree_of(np.intersect1d(table.trace_of[lefts.rows], table.trace_of[rights.rows]))
    a, b = _nodes(tree, lefts.rows, left_unit), _nodes(tree, rights.rows, right_unit)
    relation = symbol.lstrip("!&")
    met = related(relation, a, b)
    if symbol[0] == "!":
        met = ~met
    rows, unit = rights.rows[met], right_unit[met]
    if symbol[0] == "&":
        also = related(CONVERSE[relation], b, a)
        rows, unit = np.concatenate((rows, lefts.rows[also])), np.concatenate((unit, left_unit[also]))
    return grouped(rows, unit)


def _nodes(tree: NestedSet, rows: I64, unit: I64) -> Nodes:
    return Nodes(unit, tree.left[rows], tree.right[rows], tree.parent[rows])
