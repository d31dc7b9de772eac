"""Batches of log rows from plain Python values, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from lgtm.model.batch import Batch
from lgtm.model.labels import Labels, labels_of
from lgtm.model.series import Series
from lgtm.model.signal import LINE, LOGS, META, REST, REST_TYPE, SERIES, TS
from lgtm.model.tenant import DEFAULT_TENANT, Tenant


@dataclass(frozen=True)
class Entry:
    """One log entry. `rest` are pairs that travel in the rest column, named without the prefix, as in `metadata`."""

    labels: Labels
    ts: int
    line: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    rest: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[Labels, int, str, tuple[tuple[str, str], ...]]:
        return self.labels, self.ts, self.line, tuple(sorted({**self.metadata, **self.rest}.items()))


def entry(app: str, ts: int, line: str, rest: Mapping[str, str] | None = None, **metadata: str) -> Entry:
    return Entry(labels_of({"app": app}), ts, line, metadata, rest or {})


def batch_of(entries: Iterable[Entry], *, tenant: Tenant = DEFAULT_TENANT) -> Batch:
    """Rows in the order given, series numbered by first appearance."""
    rows = list(entries)
    numbers: dict[Labels, int] = {}
    series = pa.array([numbers.setdefault(e.labels, len(numbers)) for e in rows], pa.uint32())
    columns: dict[str, Any] = {SERIES: series, TS: pa.array([e.ts for e in rows], pa.int64()), LINE: pa.array([e.line for e in rows], pa.string())}
    for name in sorted({name for e in rows for name in e.metadata}):
        columns[META + name] = pa.array([e.metadata.get(name) for e in rows], pa.string())
    if any(e.rest for e in rows):
        columns[REST] = pa.array([[(META + n, v) for n, v in e.rest.items()] or None for e in rows], REST_TYPE)
    record_batch = pa.record_batch(list(columns.values()), names=list(columns))
    return Batch(LOGS, tenant, tuple(Series.of(labels) for labels in numbers), record_batch)


def entries_of(batches: Batch | Sequence[Batch]) -> list[Entry]:
    """What the rows say, metadata and rest together in `metadata`."""
    found = []
    for batch in [batches] if isinstance(batches, Batch) else batches:
        for row in batch.rows.to_pylist():
            labels = batch.series[row[SERIES]].labels
            assert labels is not None
            metadata = {name.removeprefix(META): value for name, value in row.items() if name.startswith(META) and value is not None}
            metadata.update((name.removeprefix(META), value) for name, value in row.get(REST) or ())
            found.append(Entry(labels, row[TS], row.get(LINE, ""), metadata))
    return found
