"""Trees of spans as nested sets: every span has a left and a right number, and its descendants' lie between them (Celko 1994).

Numbers run depth first from each root, from 1, on through all roots of a trace in the order of their rows; so do children. What no root
reaches (orphans, cycles, traces without a root) has only zeros and takes part in no structural relation.

The numbers come from an Euler tour: each span is entered and left, each step of the tour knows the next, and pointer doubling counts how many
steps remain (Wyllie 1979). That is a few passes over whole arrays, however deep or wide the trees are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lgtm.traceql.columns import I64, Bool

U64 = npt.NDArray[np.uint64]

SERVER, CLIENT = 2, 3
SHARED_MAX = 2
"""Spans with one id that make sense: the two halves of a call, as Zipkin's clients and servers share it. More, and the trace has no tree."""
_ROOT, _ORPHAN = -1, -2


@dataclass(slots=True, frozen=True, eq=False)
class NestedSet:
    """left, right, parent: the numbers, per row; parent is -1 for roots. parent_row: -1 for roots, -2 where it is not there."""

    left: I64
    right: I64
    parent: I64
    parent_row: I64

    def spread(self, rows: I64, count: int) -> NestedSet:
        """The same of a table of `count` rows, of which these are `rows`; the others hang in no tree."""
        left, right, parent = (np.zeros(count, dtype=np.int64) for _ in range(3))
        left[rows], right[rows], parent[rows] = self.left, self.right, self.parent
        parent_row = np.full(count, _ORPHAN)
        if len(rows):
            parent_row[rows] = np.where(self.parent_row >= 0, rows[np.maximum(self.parent_row, 0)], self.parent_row)
        return NestedSet(left, right, parent, parent_row)


def nested_set(trace: I64, span_id: U64, parent_id: U64, kind: I64) -> NestedSet:
    """trace: the number of each row's trace, ascending. parent_id: 0 for roots. kind: OTLP's."""
    count = len(trace)
    parent_row, broken = _parents(trace, span_id, parent_id, kind)
    reached = _reached(parent_row) & ~np.isin(trace, broken)
    left, right = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    rows = np.flatnonzero(reached)
    if len(rows):
        left[rows], right[rows] = _tour(trace[rows], _renumber(parent_row, rows))
    above = np.where(parent_row >= 0, left[np.maximum(parent_row, 0)], -1)
    return NestedSet(left, right, np.where(reached, above, 0), parent_row)


def _parents(trace: I64, span_id: U64, parent_id: U64, kind: I64) -> tuple[I64, I64]:
    """The row of each row's parent, and the traces in which an id occurs too often."""
    count = len(trace)
    number = _number_pairs(np.concatenate((trace, trace)), np.concatenate((span_id, parent_id)))
    own, wanted = number[:count], number[count:]
    numbers = int(number.max(initial=-1)) + 1
    # Of two spans with one id the server's is the child's place, except for a child that is a server itself: it answers the client.
    servers, clients = np.full(numbers, _ORPHAN), np.full(numbers, _ORPHAN)
    rows = np.arange(count)
    for table, preferred in ((servers, kind == SERVER), (clients, kind == CLIENT)):
        for group in (~preferred, preferred):
            table[own[group][::-1]] = rows[group][::-1]
    parent_row = np.where(kind == SERVER, clients[wanted], servers[wanted])
    parent_row[parent_id == 0] = _ROOT
    often = np.bincount(own, minlength=numbers) > SHARED_MAX
    return parent_row, np.unique(trace[often[own]])


def crowded_traces(trace: I64, span_id: U64) -> I64:
    """The traces in which an id occurs too often for a tree."""
    mixed = np.sort(_mixed(trace, span_id))
    if not (mixed[SHARED_MAX:] == mixed[:-SHARED_MAX]).any():
        return np.empty(0, dtype=np.int64)
    number = _number_pairs(trace, span_id)
    return np.unique(trace[(np.bincount(number) > SHARED_MAX)[number]])


def _mixed(trace: I64, span_id: U64) -> U64:
    """One number for (trace, id). Different pairs may share one, though ids are random enough that they hardly ever do."""
    return span_id + trace.astype(np.uint64) * _ODD


_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: multiples of it are far apart (Knuth, vol. 3, 6.4)."""


def _number_pairs(trace: I64, span_id: U64) -> I64:
    """Equal numbers for equal (trace, id), from 0."""
    mixed = _mixed(trace, span_id)
    order = np.argsort(mixed, kind="stable")
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = mixed[order][1:] != mixed[order][:-1]
    if (trace[order][1:][~fresh[1:]] != trace[order][:-1][~fresh[1:]]).any():
        # Two pairs share a mixed number: sort by both.
        order = np.lexsort((span_id, trace))
        fresh[1:] = (np.diff(trace[order]) != 0) | (span_id[order][1:] != span_id[order][:-1])
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(fresh) - 1
    return number


def _reached(parent_row: I64) -> Bool:
    """Which rows have a root above them, by jumping twice as far upwards each time."""
    above = np.where(parent_row >= 0, parent_row, np.arange(len(parent_row)))
    for _ in range(max(len(parent_row), 1).bit_length()):
        further = above[above]
        if np.array_equal(further, above):
            break
        above = further
    return np.asarray(parent_row[above] == _ROOT)


def _renumber(parent_row: I64, rows: I64) -> I64:
    """Parents as indices into `rows`; -1 for roots."""
    place = np.full(len(parent_row), _ROOT)
    place[rows] = np.arange(len(rows))
    parents = parent_row[rows]
    return np.asarray(np.where(parents >= 0, place[np.maximum(parents, 0)], _ROOT), dtype=np.int64)


def _tour(trace: I64, parent: I64) -> tuple[I64, I64]:
    """Left and right numbers of spans that all hang below roots. Step 2i enters span i, step 2i+1 leaves it."""
    count = len(parent)
    index = np.arange(count)
    # Siblings next to each other: children by their parent, roots by their trace.
    family = np.where(parent >= 0, parent, count + trace)
    order = np.argsort(family, kind="stable")
    last = np.ones(count, dtype=bool)
    last[:-1] = np.diff(family[order]) != 0
    following = np.full(count, -1)
    following[order[:-1]] = np.where(last[:-1], -1, order[1:])
    first_child = np.full(count, -1)
    children = order[parent[order] >= 0]
    first_child[parent[children][::-1]] = children[::-1]
    after = np.empty(2 * count, dtype=np.int64)
    after[0::2] = np.where(first_child >= 0, 2 * first_child, 2 * index + 1)
    upwards = np.where(parent >= 0, 2 * parent + 1, 2 * index + 1)
    after[1::2] = np.where(following >= 0, 2 * following, upwards)
    remaining = _steps_to_end(after)
    # The tour of a trace has two steps a span, and the last one stands.
    spans = np.bincount(trace)[trace]
    number = 2 * np.repeat(spans, 2) - remaining
    return np.asarray(number[0::2]), np.asarray(number[1::2])


def _steps_to_end(after: I64) -> I64:
    """How many steps each step is away from the one that is followed by itself."""
    steps: I64 = (after != np.arange(len(after))).astype(np.int64)
    while steps.any():
        further = steps[after]
        if not further.any():
            break
        steps = steps + further
        after = after[after]
    return steps
