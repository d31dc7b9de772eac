"""The batch behind a frame: columns of stored labels, made on demand."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.signal import LINE, META, REST, SERIES, TS

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

EXTRACTED = "_extracted"
"""Behind the name of a label that makes way for a stored one of that name."""


class FrameSource:
    """All rows of a batch. Metadata whose name the stream has as well is exposed as `<name>_extracted`, as Loki does."""

    def __init__(self, batch: Batch) -> None:
        self._rows = batch.rows
        self.ts_ns: I64 = batch.rows.column(TS).to_numpy()
        self.series: I64 = batch.rows.column(SERIES).to_numpy().astype(np.int64)
        self.stream_labels: tuple[Labels, ...] = tuple(labels or () for labels in batch.table.labels)
        self.stream_names = frozenset(name for labels in self.stream_labels for name, _ in labels)
        self._metadata: dict[str, Any | None] = {}

    def lines(self, rows: I64) -> Any:
        return self._taken(self._rows.column(LINE), rows)

    def stream_column(self, name: str, rows: I64) -> Any | None:
        if name not in self.stream_names:
            return None
        values = pa.array([dict(labels).get(name) for labels in self.stream_labels], pa.string())
        return values.take(pa.array(self.series[rows]))

    def metadata_column(self, name: str, rows: I64) -> Any | None:
        if name not in self.metadata_names:
            return None
        if name not in self._metadata:
            self._metadata[name] = self._exposed(name)
        column = self._metadata[name]
        return None if column is None else self._taken(column, rows)

    def stored(self, name: str, rows: I64) -> Bool:
        found = self._streams_with(name)[self.series[rows]]
        column = self.metadata_column(name, rows)
        return found if column is None else found | _as_bool(column.is_valid())

    def stored_names(self, rows: I64) -> list[frozenset[str]]:
        of_stream = [frozenset(name for name, _ in labels) for labels in self.stream_labels]
        found = [of_stream[i] for i in self.series[rows].tolist()]
        for name in self.metadata_names:
            column = self.metadata_column(name, rows)
            if column is not None and column.null_count < len(column):
                for i in np.flatnonzero(_as_bool(column.is_valid())).tolist():
                    found[i] = found[i] | {name}
        return found

    @cached_property
    def metadata_names(self) -> frozenset[str]:
        """As they are exposed; some may have no value in any row."""
        plain = frozenset(self._plain)
        return plain | {name + EXTRACTED for name in plain & self.stream_names}

    @cached_property
    def _plain(self) -> dict[str, Any]:
        """Stored metadata by its stored name."""
        names = self._rows.schema.names
        columns = {name.removeprefix(META): self._rows.column(i) for i, name in enumerate(names) if name.startswith(META)}
        if REST in names:
            for name, column in _spread(self._rows.column(REST)).items():
                columns[name] = pc.coalesce(columns[name], column) if name in columns else column
        return columns

    def _exposed(self, name: str) -> Any | None:
        direct = self._plain.get(name)
        if direct is not None and name in self.stream_names:
            direct = pc.if_else(pa.array(~self._streams_with(name)[self.series]), direct, pa.scalar(None, pa.string()))
        base = name.removesuffix(EXTRACTED)
        if base == name or base not in self._plain or base not in self.stream_names:
            return direct
        renamed = pc.if_else(pa.array(self._streams_with(base)[self.series]), self._plain[base], pa.scalar(None, pa.string()))
        return renamed if direct is None else pc.coalesce(direct, renamed)

    def _streams_with(self, name: str) -> Bool:
        return np.array([any(n == name for n, _ in labels) for labels in self.stream_labels], dtype=bool)

    def _taken(self, column: Any, rows: I64) -> Any:
        return column if len(rows) == len(column) else column.take(pa.array(rows))


def _spread(rest: Any) -> dict[str, Any]:
    """The map column of metadata beyond the cap, as one column a name."""
    offsets = rest.offsets.to_numpy()
    first, end = int(offsets[0]), int(offsets[-1])
    rows = np.repeat(np.arange(len(rest)), np.diff(offsets))
    keys, values = rest.keys.slice(first, end - first), rest.items.slice(first, end - first)
    encoded = keys.dictionary_encode()
    codes = encoded.indices.to_numpy()
    columns = {}
    for code, key in enumerate(encoded.dictionary.to_pylist()):
        if key.startswith(META):
            entries = np.flatnonzero(codes == code)
            positions = np.full(len(rest), -1, dtype=np.int64)
            positions[rows[entries]] = entries
            columns[key.removeprefix(META)] = values.take(pa.array(positions, mask=positions < 0))
    return columns


def _as_bool(column: Any) -> Bool:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)
