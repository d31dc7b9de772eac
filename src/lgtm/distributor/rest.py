"""The `rest` column as flat arrays: for each pair its row, its name (with scope prefix) and its value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.signal import REST_TYPE

Ints = npt.NDArray[np.int64]


@dataclass(slots=True, frozen=True)
class RestPairs:
    """rows: ascending. All three are of one length."""

    rows: Ints
    names: pa.Array
    values: pa.Array


def rest_pairs(rest: pa.Array) -> RestPairs:
    present = rest.drop_null()
    if not len(present):
        return RestPairs(np.empty(0, np.int64), pa.array([], pa.string()), pa.array([], pa.string()))
    offsets = present.offsets.to_numpy().astype(np.int64)
    rows = np.repeat(np.flatnonzero(rest.is_valid().to_numpy(zero_copy_only=False)), np.diff(offsets))
    first, count = int(offsets[0]), int(offsets[-1] - offsets[0])
    return RestPairs(rows, present.keys.slice(first, count), present.items.slice(first, count))


def rest_column(pairs: list[RestPairs], length: int) -> pa.Array:
    """A `rest` column of `length` rows; rows without pairs are null. No row may have a name twice."""
    rows = np.concatenate([p.rows for p in pairs])
    order = np.argsort(rows, kind="stable")
    names = pa.concat_arrays([p.names for p in pairs]).take(pa.array(order))
    values = pa.concat_arrays([p.values for p in pairs]).take(pa.array(order))
    counts = np.bincount(rows, minlength=length)
    offsets = pa.array(np.concatenate(([0], np.cumsum(counts))), pa.int32(), mask=np.append(counts == 0, False))
    return pa.MapArray.from_arrays(offsets, names, values).cast(REST_TYPE)


def column_pairs(name: str, column: pa.Array) -> RestPairs:
    """What a dynamic column of that name holds."""
    values = column.drop_null()
    rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False)) if column.null_count else np.arange(len(column))
    return RestPairs(rows.astype(np.int64), pc.fill_null(pa.nulls(len(values), pa.string()), name), values)
