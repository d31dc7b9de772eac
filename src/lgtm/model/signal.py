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
    """The fixed columns of a row, `series` and `ts` first."""
    sort: tuple[str, ...]
    """Order of rows in a block; ties keep the order of arrival."""
    identity: tuple[str, ...]
    """Cheap columns in which equal records agree."""
    identity_includes_content: bool
    """Whether records that agree in `identity` must also agree in all other columns to be the same record."""

    def __str__(self) -> str:
        return self.name


LOGS = Signal(
    name="logs",
    columns=pa.schema([pa.field(SERIES, pa.uint32(), False), pa.field(TS, pa.int64(), False), pa.field(LINE, pa.string(), False)]),
    sort=(SERIES, TS),
    identity=(SERIES, TS),
    identity_includes_content=True,
)

SIGNALS = {signal.name: signal for signal in (LOGS,)}
