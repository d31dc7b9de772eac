"""Rows of several requests as one batch: series and columns of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.blocks.merge import merge_rows
from lgtm.blocks.rest import conform
from lgtm.model.batch import Batch, WithRows
from lgtm.model.series import Series
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, LOGS, META, SERIES, Signal
from lgtm.model.tenant import Tenant


@dataclass(frozen=True)
class Accepted(WithRows):
    """What may be stored of a request. rows["series"] indexes `series` and, for logs, `levels`: what the labels of each say of its level."""

    series: Sequence[Series]
    levels: tuple[str, ...]
    rows: pa.RecordBatch


def merge(signal: Signal, tenant: Tenant, accepted: Sequence[Accepted]) -> Accepted:
    """Rows stay in the order of the requests. At least one request."""
    if len(accepted) == 1:
        return accepted[0]
    batch = merge_rows([Batch(signal, tenant, one.series, one.rows) for one in accepted])
    if signal is not LOGS:
        return Accepted(batch.series, (), batch.rows)
    levels = {series.fingerprint: level for one in accepted for series, level in zip(one.series, one.levels, strict=True)}
    return Accepted(batch.series, tuple(levels[series.fingerprint] for series in batch.series), batch.rows)


def with_series(rows: pa.RecordBatch, series: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> pa.RecordBatch:
    """The rows with other numbers of series."""
    at = rows.schema.get_field_index(SERIES)
    return rows.set_column(at, rows.schema.field(at), pa.array(series, pa.uint32()))


def cap_columns(rows: pa.RecordBatch, most: int = DYNAMIC_COLUMNS_MAX) -> pa.RecordBatch:
    """Leaves the `most` dynamic columns with the most values, ties by name, and moves the others to `rest`."""
    dynamic = [name for name in rows.schema.names if name.startswith(META)]
    if len(dynamic) <= most:
        return rows
    return with_columns(rows, sorted(dynamic, key=lambda name: (rows.column(name).null_count, name))[:most])


def with_columns(rows: pa.RecordBatch, dynamic: Sequence[str]) -> pa.RecordBatch:
    """The rows with these dynamic columns, as far as there are values for them, and everything else in `rest`."""
    formed = conform(rows, dynamic, LOGS.columns.names)
    fixed = {field.name: field for field in LOGS.columns}
    return pa.RecordBatch.from_arrays(formed.columns, schema=pa.schema([fixed.get(field.name, field) for field in formed.schema]))
