"""Requests as a decoder returns them, from plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from lgtm.model.labels import Labels, format_labels
from lgtm.model.limits import Limits
from lgtm.model.signal import LOGS, META, REST, REST_TYPE
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded import DecodedLogs, DecodedStream

TENANT = Tenant("fake")
NOW_NS = 1_795_172_400_000_000_000
"""2026-11-20T11:00:00Z"""
MINUTE_AGO_NS = NOW_NS - 60_000_000_000

Entry = tuple[int, str] | tuple[int, str, Mapping[str, str]]
Sent = tuple[Sequence[tuple[str, str]], Sequence[Entry]]


def rows_of(entries: Sequence[tuple[int, Entry]], rest_names: Sequence[str] = ()) -> pa.RecordBatch:
    """entries: (series, entry). rest_names: metadata that is to sit in `rest`."""
    metadata = [entry[2] if len(entry) == 3 else {} for _, entry in entries]
    names = sorted({name for one in metadata for name in one if name not in rest_names})
    fields = [*LOGS.columns, *(pa.field(META + name, pa.string()) for name in names)]
    columns = [
        pa.array([series for series, _ in entries], pa.uint32()),
        pa.array([entry[0] for _, entry in entries], pa.int64()),
        pa.array([entry[1] for _, entry in entries], pa.string()),
        *(pa.array([one.get(name) for one in metadata], pa.string()) for name in names),
    ]
    if rest_names:
        fields.append(pa.field(REST, REST_TYPE))
        pairs = [[(META + name, one[name]) for name in rest_names if name in one] or None for one in metadata]
        columns.append(pa.array(pairs, REST_TYPE))
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def push_of(*streams: Sent) -> DecodedLogs:
    sent = tuple(DecodedStream(format_labels(labels), tuple(labels)) for labels, _ in streams)
    return DecodedLogs(sent, rows_of([(number, entry) for number, (_, entries) in enumerate(streams) for entry in entries]), "loki")


def lines(*texts: str, at_ns: int = MINUTE_AGO_NS) -> list[Entry]:
    return [(at_ns + number, text) for number, text in enumerate(texts)]


def metadata_of(rows: pa.RecordBatch) -> list[dict[str, str]]:
    """Of each row, its metadata wherever it sits."""
    found = []
    for row in rows.to_pylist():
        pairs = [(name, value) for name, value in row.items() if name.startswith(META) and value is not None]
        in_rest = list(row.get(REST) or ())
        assert not {name for name, _ in pairs} & {name for name, _ in in_rest}, "a name sits in two places"
        found.append({name.removeprefix(META): value for name, value in (*pairs, *in_rest)})
    return found


StoredEntry = tuple[Labels, int, str, tuple[tuple[str, str], ...]]


def entries_of(series: Sequence[Labels], rows: pa.RecordBatch) -> list[StoredEntry]:
    columns = zip(rows.column("series").to_pylist(), rows.column("ts").to_pylist(), rows.column("line").to_pylist(), metadata_of(rows), strict=True)
    return [(series[number], ts, line, tuple(sorted(metadata.items()))) for number, ts, line, metadata in columns]


OPEN_LIMITS = Limits(
    ingestion_rate_bytes=0, max_global_streams_per_user=0, discover_log_levels=False, creation_grace_period_ns=0, discover_service_name=()
)
"""Only sizes and counts are limited."""
