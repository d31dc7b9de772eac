"""A signal is a description that the one write path and the one storage format are parameterised with, not a code path of its own.

Rows of every signal live in an Arrow record batch whose first column `series` (uint32) points into the batch's series table, and which has a
column `ts` (int64, ns since the epoch). Dynamic columns are named `<scope>.<key>`; what exceeds the cap on them sits in `rest`, a map column.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SERIES = "series"
TS = "ts"
LINE = "line"
TRACE_ID = "trace_id"
"""A fixed column of this name, 16 bytes a row, makes a signal one whose rows are looked up by trace: its blocks have an index of the ids."""
META = "meta."
"""Prefix of the columns that hold structured metadata: `meta.trace_id`. Null means that the entry has no such name."""

REST = "rest"
REST_TYPE = pa.map_(pa.string(), pa.string())
"""Names with their scope prefix → value, for the dynamic columns beyond the cap; null where a row has none."""

DYNAMIC_COLUMNS_MAX = 1_000
"""Dynamic columns in a batch or block. More would make sparse columns dearer than the map (4 bytes a row each once dense)."""


@dataclass(slots=True, frozen=True)
class Signal:
    name: str
    """In paths, headers and metrics."""
    columns: pa.Schema
    """The fixed columns of a row, `series` and `ts` first. Nullable ones may be missing, which is the same as nulls."""
    sort: tuple[str, ...]
    """Order of rows in a block; ties keep the order of arrival."""
    identity: tuple[str, ...]
    """Cheap columns in which equal records agree."""
    identity_includes_content: bool
    """Whether records that agree in `identity` must also agree in all other columns to be the same record."""

    @property
    def has_traces(self) -> bool:
        """Whether rows have a trace id."""
        return TRACE_ID in self.columns.names

    def __str__(self) -> str:
        return self.name


LOGS = Signal(
    name="logs",
    columns=pa.schema([pa.field(SERIES, pa.uint32(), False), pa.field(TS, pa.int64(), False), pa.field(LINE, pa.string(), False)]),
    sort=(SERIES, TS),
    identity=(SERIES, TS),
    identity_includes_content=True,
)

_TRACE_ID, _SPAN_ID = pa.binary(16), pa.binary(8)

SPANS = Signal(
    name="traces",
    columns=pa.schema(
        [
            pa.field(SERIES, pa.uint32(), False),
            pa.field(TS, pa.int64(), False),
            pa.field(TRACE_ID, _TRACE_ID, False),
            pa.field("span_id", _SPAN_ID, False),
            pa.field("parent_id", _SPAN_ID),
            pa.field("duration_ns", pa.int64(), False),
            pa.field("name", pa.string(), False),
            pa.field("kind", pa.int8(), False),
            pa.field("status", pa.int8(), False),
            pa.field("status_message", pa.string()),
            pa.field("trace_state", pa.string()),
            pa.field("flags", pa.uint32()),
            pa.field("dropped_attributes", pa.uint32()),
            pa.field("dropped_events", pa.uint32()),
            pa.field("dropped_links", pa.uint32()),
            pa.field("event_time_ns", pa.list_(pa.int64())),
            pa.field("event_name", pa.list_(pa.string())),
            pa.field("event_dropped_attributes", pa.list_(pa.uint32())),
            pa.field("link_trace_id", pa.list_(_TRACE_ID)),
            pa.field("link_span_id", pa.list_(_SPAN_ID)),
            pa.field("link_trace_state", pa.list_(pa.string())),
            pa.field("link_flags", pa.list_(pa.uint32())),
            pa.field("link_dropped_attributes", pa.list_(pa.uint32())),
        ]
    ),
    sort=(SERIES, TS),
    identity=(SERIES, TS),
    identity_includes_content=True,
)
"""`ts` is the start, and a span that ends before it has a negative duration; the series is the resource and scope. Attributes are dynamic columns,
see `model/attributes.py`. Columns of events (and those of links) hold one list a span, all equally long, or null for a span without any."""

VALUE, HISTOGRAM, START = "value", "histogram", "start_ns"

SAMPLES = Signal(
    name="metrics",
    columns=pa.schema(
        [
            pa.field(SERIES, pa.uint32(), False),
            pa.field(TS, pa.int64(), False),
            pa.field(VALUE, pa.float64(), False),
            pa.field(HISTOGRAM, pa.binary()),
            pa.field(START, pa.int64()),
        ]
    ),
    sort=(SERIES, TS),
    identity=(SERIES, TS),
    identity_includes_content=False,
)
"""histogram: a native histogram as remote write 2.0 encodes it (`io.prometheus.write.v2.Histogram` without timestamps); value is its sum then.
start_ns: since when the counter counts, null where nobody said. Times are whole milliseconds. Of samples at one time the first counts."""

EXEMPLARS = Signal(
    name="exemplars",
    columns=pa.schema([pa.field(SERIES, pa.uint32(), False), pa.field(TS, pa.int64(), False), pa.field(VALUE, pa.float64(), False)]),
    sort=(SERIES, TS),
    identity=(SERIES, TS),
    identity_includes_content=True,
)
"""Labels of an exemplar are dynamic columns `meta.<name>`."""

METADATA = Signal(
    name="metadata",
    columns=pa.schema([pa.field(SERIES, pa.uint32(), False), pa.field(TS, pa.int64(), False)]),
    sort=(SERIES, TS),
    identity=(SERIES, TS),
    identity_includes_content=False,
)
"""What is said of metric families: each saying is a series with the labels `family`, `type`, `help` and `unit`; its rows are when it was said."""

DELETIONS = Signal("deletions", METADATA.columns, METADATA.sort, METADATA.identity, METADATA.identity_includes_content)
"""Which samples are to be hidden: each is a series (`query/deletions.py`), its rows are when it was asked for."""

SIGNALS = {signal.name: signal for signal in (LOGS, SPANS, SAMPLES, EXEMPLARS, METADATA, DELETIONS)}
