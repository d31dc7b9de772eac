"""The `rest` column: pairs of dynamic columns beyond the cap, as a map of column name → value, so that the cap loses nothing.

In one batch a name is either a column or in `rest`, never both; rest pairs are sorted by name. Then equal records look equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.attribute_text import as_text, dynamic_type, from_text
from lgtm.model.signal import REST, REST_TYPE

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(slots=True, frozen=True)
class Pairs:
    """Pairs of many rows in long form: row number, name and value, side by side."""

    rows: Ints
    names: Any
    values: Any


def pairs_of(rest: Any) -> Pairs:
    """The pairs of a map array, slices and nulls included."""
    offsets = np.asarray(rest.offsets, np.int64)
    counts = np.diff(offsets)
    if rest.null_count:
        counts = np.where(np.asarray(rest.is_valid()), counts, 0)
    rows = np.repeat(np.arange(len(rest), dtype=np.int64), counts)
    starts = np.cumsum(counts) - counts
    positions = pa.array(np.arange(len(rows)) - np.repeat(starts, counts) + np.repeat(offsets[:-1], counts))
    return Pairs(rows, rest.keys.take(positions), rest.items.take(positions))


def count_names(rest: Any) -> Counter[str]:
    """How many rows of a map array carry each name."""
    counted = pc.value_counts(pairs_of(rest).names)
    return Counter(dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True)))


def conform(rows: Any, columns: Sequence[str], fixed: Collection[str]) -> Any:
    """The record batch with exactly the dynamic columns named, where it has values for them, and every other pair in `rest`.

    fixed: columns of the signal, which stay as they are.
    """
    wanted = set(columns)
    pairs = _all_rest_pairs(rows, [n for n in rows.schema.names if n not in wanted and n not in fixed and n != REST])
    kept = {name: rows.column(name) for name in rows.schema.names if name in fixed or name in wanted}
    if len(pairs.rows):
        is_column = np.asarray(pc.is_in(pairs.names, pa.array(sorted(wanted), pa.string())), bool)
        _lift(kept, pairs, is_column, rows.num_rows)
        kept[REST] = _rest_array(_filter(pairs, ~is_column), rows.num_rows)
    return pa.record_batch(list(kept.values()), names=list(kept))


def _all_rest_pairs(rows: Any, surplus: Sequence[str]) -> Pairs:
    """Pairs of `rest` and of the surplus columns, together."""
    found = [Pairs(np.empty(0, np.int64), pa.array([], pa.string()), pa.array([], pa.string()))]
    if REST in rows.schema.names:
        found.append(pairs_of(rows.column(REST)))
    for name in surplus:
        values = rows.column(name)
        present = np.flatnonzero(np.asarray(values.is_valid())).astype(np.int64)
        found.append(Pairs(present, pa.repeat(pa.scalar(name), len(present)), as_text(values.take(pa.array(present)))))
    return Pairs(
        np.concatenate([p.rows for p in found]),
        pa.concat_arrays([p.names for p in found]),
        pa.concat_arrays([p.values for p in found]),
    )


def _lift(kept: dict[str, Any], pairs: Pairs, is_column: Any, row_count: int) -> None:
    """Puts pairs whose name has become a column into it."""
    lifted = _filter(pairs, is_column)
    encoded = lifted.names.dictionary_encode()
    codes = np.asarray(encoded.indices, np.int64)
    for code, name in enumerate(encoded.dictionary.to_pylist()):
        of_name = np.flatnonzero(codes == code)
        positions = np.full(row_count, -1, np.int64)
        positions[lifted.rows[of_name]] = of_name
        column = from_text(lifted.values.take(pa.array(positions, mask=positions < 0)), dynamic_type(name))
        kept[name] = pc.coalesce(kept[name], column) if name in kept else column


def _rest_array(pairs: Pairs, row_count: int) -> Any:
    """Null where a row has no pair; pairs sorted by name."""
    order = pc.sort_indices(pa.table({"row": pairs.rows, "name": pairs.names}), sort_keys=[("row", "ascending"), ("name", "ascending")])
    counts = np.bincount(pairs.rows, minlength=row_count)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    has_none = np.append(counts == 0, False)
    if has_none[:-1].all():
        return pa.nulls(row_count, REST_TYPE)
    return pa.MapArray.from_arrays(pa.array(offsets, mask=has_none), pairs.names.take(order), pairs.values.take(order), type=REST_TYPE)


def _filter(pairs: Pairs, mask: Any) -> Pairs:
    chosen = pa.array(mask)
    return Pairs(pairs.rows[mask], pairs.names.filter(chosen), pairs.values.filter(chosen))
