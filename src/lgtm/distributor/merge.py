"""Rows of several requests as one batch: series and columns of all of them, dynamic columns beyond the cap folded into `rest`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.distributor.rest import column_pairs, rest_column, rest_pairs
from lgtm.model.batch import Series
from lgtm.model.labels import Fingerprint
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, LOGS, META, REST, REST_TYPE, SERIES

_REST_FIELD = pa.field(REST, REST_TYPE)


@dataclass(slots=True, frozen=True)
class Accepted:
    """What may be stored of a request. levels: of each series what its labels say of its level; rows["series"] indexes both."""

    series: tuple[Series, ...]
    levels: tuple[str, ...]
    rows: pa.RecordBatch


def merge(accepted: Sequence[Accepted]) -> Accepted:
    """Rows stay in the order of the requests. At least one request."""
    if len(accepted) == 1:
        return accepted[0]
    numbers: dict[Fingerprint, int] = {}
    series: list[Series] = []
    levels: list[str] = []
    batches: list[pa.RecordBatch] = []
    for one in accepted:
        renumbered = np.empty(len(one.series), np.uint32)
        for at, (item, level) in enumerate(zip(one.series, one.levels, strict=True)):
            number = numbers.setdefault(item.fingerprint, len(numbers))
            if number == len(series):
                series.append(item)
                levels.append(level)
            renumbered[at] = number
        batches.append(with_series(one.rows, renumbered[one.rows.column(SERIES).to_numpy()]))
    return Accepted(tuple(series), tuple(levels), cap_columns(_concat(batches)))


def with_series(rows: pa.RecordBatch, series: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> pa.RecordBatch:
    at = rows.schema.get_field_index(SERIES)
    return rows.set_column(at, rows.schema.field(at), pa.array(series, pa.uint32()))


def cap_columns(rows: pa.RecordBatch, most: int = DYNAMIC_COLUMNS_MAX) -> pa.RecordBatch:
    """Leaves the `most` dynamic columns with the most values, ties by name, and moves the others to `rest`."""
    dynamic = [name for name in rows.schema.names if name.startswith(META)]
    if len(dynamic) <= most:
        return rows
    ranked = sorted(dynamic, key=lambda name: (rows.column(name).null_count, name))
    pairs = [column_pairs(name, rows.column(name)) for name in ranked[most:]]
    if REST in rows.schema.names:
        pairs.append(rest_pairs(rows.column(REST)))
    beyond = {*ranked[most:], REST}
    kept = rows.select([name for name in rows.schema.names if name not in beyond])
    return kept.append_column(_REST_FIELD, rest_column(pairs, rows.num_rows))


def _concat(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """A name that is a column of one batch and in another's `rest` is a column of the result, and in its `rest` for the other's rows."""
    if all(batch.schema.equals(batches[0].schema) for batch in batches):
        return pa.concat_batches(batches)
    names = sorted({name for batch in batches for name in batch.schema.names if name.startswith(META)})
    fields = [*LOGS.columns, *(pa.field(name, pa.string()) for name in names)]
    if any(REST in batch.schema.names for batch in batches):
        fields.append(_REST_FIELD)
    schema = pa.schema(fields)
    return pa.concat_batches([_aligned(batch, schema) for batch in batches])


def _aligned(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    present = set(batch.schema.names)
    columns = [batch.column(f.name) if f.name in present else pa.nulls(batch.num_rows, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
