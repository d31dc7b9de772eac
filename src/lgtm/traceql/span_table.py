"""Spans of whole traces as columns: what a query is evaluated over, wherever the spans were stored.

One row a span, the rows of a trace next to each other. Events and links are tables of their own whose rows name the span they belong to.
Attributes are there as far as the query needs them (`plan.columns_needed`); those that no span has may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.traceql.columns import I64, Bool, Column, Columns
from lgtm.traceql.nested_set import U64, NestedSet, crowded_traces, nested_set
from lgtm.traceql.types import Type

AttributeColumns = Mapping[tuple[str, str], Columns]
"""By scope (span, resource, instrumentation) and key."""

NO_ROOT = "<root span not yet received>"
"""Service of the root of a trace whose root is not there; it has no name then."""


@dataclass(frozen=True, eq=False)
class Children:
    """Events or links. rows_of: the span of each, ascending. attributes: by key. fixed: columns of their own, such as an event's `name`."""

    rows_of: I64 = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    attributes: Mapping[str, Columns] = field(default_factory=dict)
    fixed: Mapping[str, Column] = field(default_factory=dict)

    def take(self, rows: I64) -> Children:
        """Those of some spans, which are numbered anew. rows: ascending."""
        begins, ends = np.searchsorted(self.rows_of, rows), np.searchsorted(self.rows_of, rows, side="right")
        counts = ends - begins
        chosen = np.arange(counts.sum()) + np.repeat(ends - np.cumsum(counts), counts)
        return Children(
            np.repeat(np.arange(len(rows)), counts),
            {key: tuple(column.take(chosen) for column in columns) for key, columns in self.attributes.items()},
            {name: column.take(chosen) for name, column in self.fixed.items()},
        )


@dataclass(frozen=True, eq=False)
class SpanTable:
    """trace_id: traces × 16 bytes. offsets: where the rows of each trace begin, and the end of the last. parent_id: 0 for a root.

    Columns of one value a row: name, kind, status (OTLP's numbers), status_message, service_name (empty where the resource has none),
    scope_name, scope_version. events.fixed: `name`, `time_ns` (int64). links.fixed: `trace_id`, `span_id` (hex strings).
    child_of_link: spans that a link declares the child of another, as OpenTracing does; such a span is no root.
    """

    trace_id: npt.NDArray[np.uint8]
    offsets: I64
    span_id: U64
    parent_id: U64
    start_ns: I64
    duration_ns: I64
    name: Column
    kind: I64
    status: I64
    status_message: Column
    service_name: Column
    scope_name: Column
    scope_version: Column
    attributes: AttributeColumns = field(default_factory=dict)
    events: Children = field(default_factory=Children)
    links: Children = field(default_factory=Children)
    child_of_link: Bool | None = None

    def __len__(self) -> int:
        """How many spans."""
        return len(self.span_id)

    @property
    def traces(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def trace_of(self) -> I64:
        """The number of each row's trace."""
        return np.repeat(np.arange(self.traces), np.diff(self.offsets))

    @cached_property
    def tree(self) -> NestedSet:
        return nested_set(self.trace_of, self.span_id, self.parent_id, self.kind)

    def tree_of(self, traces: I64) -> NestedSet:
        """As `tree`, with numbers for the spans of some traces and zeros for the others, which is quicker where they are few."""
        if "tree" in self.__dict__ or 2 * len(traces) > self.traces:
            return self.tree
        rows = self.rows_of(traces)
        numbered = nested_set(self.trace_of[rows], self.span_id[rows], self.parent_id[rows], self.kind[rows])
        return numbered.spread(rows, len(self))

    @cached_property
    def is_root(self) -> Bool:
        """Which spans have the tree's -1 for a parent; answered without building the tree."""
        roots: Bool = self.parent_id == 0
        crowded = crowded_traces(self.trace_of, self.span_id)
        return roots & ~np.isin(self.trace_of, crowded) if len(crowded) else roots

    @cached_property
    def child_count(self) -> I64:
        parents = self.tree.parent_row
        return np.bincount(parents[parents >= 0], minlength=len(self))

    @cached_property
    def trace_start_ns(self) -> I64:
        return np.minimum.reduceat(self.start_ns, self.offsets[:-1]) if self.traces else np.empty(0, dtype=np.int64)

    @cached_property
    def trace_end_ns(self) -> I64:
        return np.maximum.reduceat(self.start_ns + self.duration_ns, self.offsets[:-1]) if self.traces else np.empty(0, dtype=np.int64)

    @cached_property
    def root_row(self) -> I64:
        """The row of each trace's root; -1 where there is none. Of several roots the last row names the trace."""
        roots = self.parent_id == 0
        if self.child_of_link is not None:
            roots &= ~self.child_of_link
        found = np.full(self.traces, -1)
        rows = np.flatnonzero(roots)
        found[self.trace_of[rows]] = rows
        return found

    @cached_property
    def root_name(self) -> Column:
        """One value a trace; empty where there is no root."""
        return self._of_root(self.name)

    @cached_property
    def root_service_name(self) -> Column:
        return self._of_root(self.service_name)

    def _of_root(self, column: Column) -> Column:
        assert column.words is not None
        words = pa.concat_arrays([column.words.cast(pa.string()), pa.array([""])])
        rows = self.root_row
        codes = np.where(rows >= 0, column.values[np.maximum(rows, 0)], len(column.words)) if len(self) else rows
        return Column(Type.STRING, codes, words=words)

    def rows_of(self, traces: I64) -> I64:
        """The rows of some traces, one trace behind the other."""
        counts: I64 = np.diff(self.offsets)[traces]
        ends = np.cumsum(counts)
        return np.arange(counts.sum()) + np.repeat(self.offsets[traces] - ends + counts, counts)

    def take(self, traces: I64) -> SpanTable:
        """A table of some of the traces. traces: ascending."""
        rows = self.rows_of(traces)
        return SpanTable(
            trace_id=self.trace_id[traces],
            offsets=np.concatenate(([0], np.cumsum(np.diff(self.offsets)[traces]))),
            span_id=self.span_id[rows],
            parent_id=self.parent_id[rows],
            start_ns=self.start_ns[rows],
            duration_ns=self.duration_ns[rows],
            name=self.name.take(rows),
            kind=self.kind[rows],
            status=self.status[rows],
            status_message=self.status_message.take(rows),
            service_name=self.service_name.take(rows),
            scope_name=self.scope_name.take(rows),
            scope_version=self.scope_version.take(rows),
            attributes={key: tuple(column.take(rows) for column in columns) for key, columns in self.attributes.items()},
            events=self.events.take(rows),
            links=self.links.take(rows),
            child_of_link=None if self.child_of_link is None else self.child_of_link[rows],
        )

    def overlapping(self, start_ns: int, end_ns: int) -> Bool:
        """Which traces have a moment within [start_ns, end_ns], both ends included."""
        return (self.trace_start_ns <= end_ns) & (self.trace_end_ns >= start_ns)

    def service_stats(self, trace: int) -> dict[str, tuple[int, int]]:
        """Spans and errors of each service in a trace."""
        rows = slice(self.offsets[trace], self.offsets[trace + 1])
        codes, inverse = np.unique(self.service_name.values[rows], return_inverse=True)
        spans = np.bincount(inverse, minlength=len(codes))
        errors = np.bincount(inverse[self.status[rows] == _ERROR], minlength=len(codes))
        words = self.service_name.words
        assert words is not None
        names = words.take(pa.array(codes)).to_pylist()
        return dict(zip(names, zip(spans.tolist(), errors.tolist(), strict=True), strict=True))


_ERROR = 2
