"""The metadata column `detected_level`: for each row the level that the entry, its stream or its text tells. Rules are Loki's:

1  `detected_level` that came with the entry, normalised
2  a level label of the stream, then a level name among the metadata, in the order of the tenant's names; unknown values stay as they are
3  `severity_number`, as OTLP counts
4  the line (`level_lines.py`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.blocks.rest import pairs_of
from lgtm.distributor.level_lines import line_levels
from lgtm.distributor.levels import LEVELS, LevelFields, normalise, severity_number_level
from lgtm.distributor.merge import with_columns
from lgtm.distributor.sizes import DETECTED_LEVEL, Ints
from lgtm.model.signal import LINE, META, REST, SERIES

SEVERITY_NUMBER = META + "severity_number"

_OPEN = -1
"""Nothing has decided the row yet."""


def with_detected_level(rows: pa.RecordBatch, stream_levels: Sequence[str], fields: LevelFields) -> pa.RecordBatch:
    """Adds or normalises the column. stream_levels: of each series what its labels say, "" where they say nothing."""
    rows = _level_out_of_rest(rows)
    levels = _Levels(rows.num_rows)
    metadata = _Metadata(rows)
    levels.decide_by(metadata, DETECTED_LEVEL, normalise)
    levels.decide_by_series(rows.column(SERIES).to_numpy(), stream_levels)
    for name in fields.names:
        levels.decide_by(metadata, META + name, normalise)
    levels.decide_by(metadata, SEVERITY_NUMBER, severity_number_level)
    levels.decide_by_lines(rows.column(LINE), fields)
    return _with_column(rows, levels.column())


class _Metadata:
    """Values by name, wherever they sit."""

    def __init__(self, rows: pa.RecordBatch) -> None:
        self._rows = rows
        self._names = set(rows.schema.names)
        self._rest = pairs_of(rows.column(REST)) if REST in self._names else None

    def values(self, name: str) -> Iterator[tuple[Ints | None, pa.Array]]:
        """Of some rows (None: of all) the values, which may be null."""
        if name in self._names:
            yield None, self._rows.column(name)
        if self._rest is not None and len(found := np.flatnonzero(pc.equal(self._rest.names, name))):
            yield self._rest.rows[found], self._rest.values.take(pa.array(found))


class _Levels:
    def __init__(self, length: int) -> None:
        self._codes = np.full(length, _OPEN, np.int32)
        self._values = list(LEVELS)
        self._code_of = {value: code for code, value in enumerate(LEVELS)}

    def decide_by(self, metadata: _Metadata, name: str, read: Callable[[str], str]) -> None:
        for at, values in metadata.values(name):
            encoded = values.dictionary_encode()
            codes = self._codes_of([value and read(value) for value in encoded.dictionary.to_pylist()])
            found = codes[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
            if at is None:
                np.copyto(self._codes, found, where=self._codes == _OPEN)
            else:
                self._codes[at] = np.where(self._codes[at] == _OPEN, found, self._codes[at])

    def decide_by_series(self, series: np.ndarray[tuple[int], np.dtype[np.uint32]], stream_levels: Sequence[str]) -> None:
        if any(stream_levels):
            np.copyto(self._codes, self._codes_of(stream_levels)[series], where=self._codes == _OPEN)

    def decide_by_lines(self, lines: pa.Array, fields: LevelFields) -> None:
        is_open = self._codes == _OPEN
        if is_open.all():
            self._codes = line_levels(lines, fields).astype(np.int32)
        elif is_open.any():
            self._codes[is_open] = line_levels(lines.filter(pa.array(is_open)), fields)

    def column(self) -> pa.Array:
        return pa.array(self._values, pa.string()).take(pa.array(self._codes))

    def _codes_of(self, values: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """One code more than values, at the end (and so at -1): open, as for empty values."""
        codes = [self._code_of.setdefault(value, len(self._code_of)) if value else _OPEN for value in values]
        self._values = list(self._code_of)
        return np.array([*codes, _OPEN], np.int32)


def _level_out_of_rest(rows: pa.RecordBatch) -> pa.RecordBatch:
    """A name sits either in a column or in `rest`: one that is about to be a column may not stay there."""
    if REST not in rows.schema.names or not pc.any(pc.equal(pairs_of(rows.column(REST)).names, DETECTED_LEVEL)).as_py():
        return rows
    return with_columns(rows, [DETECTED_LEVEL, *(name for name in rows.schema.names if name.startswith(META))])


def _with_column(rows: pa.RecordBatch, column: pa.Array) -> pa.RecordBatch:
    """In its place if it was there, else behind the other metadata."""
    at = rows.schema.get_field_index(DETECTED_LEVEL)
    field = pa.field(DETECTED_LEVEL, pa.string())
    if at >= 0:
        return rows.set_column(at, field, column)
    at = rows.schema.get_field_index(REST)
    return rows.add_column(at if at >= 0 else rows.num_columns, field, column)
