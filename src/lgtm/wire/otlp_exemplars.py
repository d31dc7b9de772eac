"""Exemplars of OTLP points as rows of the signal EXEMPLARS.

Exemplar { fixed64 time_unix_nano = 2; oneof value { double as_double = 3; sfixed64 as_int = 6 }; bytes span_id = 4; bytes trace_id = 5;
           repeated KeyValue filtered_attributes = 7 }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.signal import EXEMPLARS
from lgtm.wire.any_value import KEY, VALUE, Values
from lgtm.wire.arrays import Flags
from lgtm.wire.bounds import MalformedBody, TooManyRows
from lgtm.wire.columns import MetadataColumns, Pairs
from lgtm.wire.decoded_samples import EXEMPLAR_RUNES_MAX
from lgtm.wire.fields import Bytes, Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, Buffer, tag
from lgtm.wire.sample_rows import Floats
from lgtm.wire.text import decode

_TIME, _AS_DOUBLE, _SPAN_ID, _TRACE_ID, _AS_INT = (
    tag(2, FIXED64),
    tag(3, FIXED64),
    tag(4, LENGTH_DELIMITED),
    tag(5, LENGTH_DELIMITED),
    tag(6, FIXED64),
)
_ATTRIBUTES = tag(7, LENGTH_DELIMITED)
_IDS = (("trace_id", _TRACE_ID, "TraceID", 16), ("span_id", _SPAN_ID, "SpanID", 8))
_NS_PER_MS = 1_000_000
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


class ExemplarColumns:
    """Exemplars at `places`: has_value says which of them are any."""

    def __init__(self, buffer: Buffer, places: Places) -> None:
        self.buffer = buffer
        self.columns = MessageColumns(buffer, places.start, places.end, _TIME, _TRACE_ID, _SPAN_ID)
        code, start, _ = self.columns.fields.last_of(_AS_DOUBLE, _AS_INT)
        bits = buffer.fixed(Places(start, start, start), "<u8")
        self.has_value: Flags = code != 0
        self.value: Floats = np.where(code == _AS_INT, bits.view(np.int64).astype(np.float64), bits.view(np.float64))
        self.ts: Ints = self.columns.times(_TIME)

    def __len__(self) -> int:
        return len(self.value)


@dataclass(slots=True)
class Exemplars:
    """rows_max: of a request; metadata_bytes_max: of all their labels."""

    rows_max: int
    metadata_bytes_max: int
    _found: list[tuple[ExemplarColumns, Ints, Ints]] = field(default_factory=list)
    _rows: int = 0

    def expect(self, rows: int) -> None:
        """To be called before so many more are read."""
        if self._rows + rows > self.rows_max:
            raise TooManyRows(self.rows_max)

    def add(self, columns: ExemplarColumns, series: Ints, ts: Ints) -> None:
        """series: of each, negative for those that are of none; ts: of its point, which holds for exemplars that have no time of their own."""
        self._rows += len(columns)
        self._found.append((columns, series, np.where(columns.ts != 0, columns.ts, ts) // _NS_PER_MS * _NS_PER_MS))

    def batch(self) -> pa.RecordBatch | None:
        """None when there are none. Raises MalformedBody for ids of a wrong length and texts that are no UTF-8."""
        labels = MetadataColumns(bytes_max=self.metadata_bytes_max)
        kept, rows = [], 0
        for columns, series, ts in self._found:
            good = ((series >= 0) & columns.has_value).nonzero()[0]
            row_of = np.full(len(columns), -1, np.int64)
            row_of[good] = np.arange(rows, rows + len(good))
            for pairs in _labels(columns):
                of_row = row_of[pairs.rows]
                at = of_row >= 0
                labels.add(Pairs(of_row[at], pairs.names[at], pairs.picks[at], pairs.keys, pairs.pool))
            rows += len(good)
            kept.append((series[good], ts[good], columns.value[good]))
        if not rows:
            return None
        series, ts, value = (np.concatenate(parts) for parts in zip(*kept, strict=True))
        fields, arrays = labels.finish(rows)
        fixed = [pa.array(series.astype(np.uint32)), pa.array(ts), pa.array(value)]
        return pa.RecordBatch.from_arrays([*fixed, *arrays], schema=pa.schema([*EXEMPLARS.columns, *fields]))


def _labels(exemplars: ExemplarColumns) -> Iterator[Pairs]:
    runes = np.zeros(len(exemplars), np.int64)
    ids = []
    for name, number, kind, width in _IDS:
        pairs = _id(exemplars.columns, name, number, kind, width)
        runes[pairs.rows] += len(name) + 2 * width
        ids.append(pairs)
    places = exemplars.columns.fields.places(_ATTRIBUTES)
    if len(places):
        yield _attributes(exemplars.buffer, places, runes)
    yield from ids  # the later pair counts: no attribute stands for an id


def _id(columns: MessageColumns, name: str, number: int, kind: str, width: int) -> Pairs:
    """Lower-case hex; an id of zeros is none."""
    sizes = columns.sizes(number)
    rows = sizes.nonzero()[0]
    if (sizes[rows] != width).any():
        raise MalformedBody(f"invalid length for {kind}")
    raw = columns.buffer.windows(columns.place(number)[0][rows], width)
    given = raw.any(axis=1)
    return Pairs(rows[given], np.zeros(int(given.sum()), np.int64), np.arange(int(given.sum())), (name,), _hex(raw[given]))


def _attributes(buffer: Buffer, places: Places, runes: Ints) -> Pairs:
    """runes: characters that the other labels of each exemplar have. With too many the attributes are left out, and its ids stay."""
    fields = buffer.fields(places.start, places.end, KEY, VALUE)
    encoded = buffer.binary(*fields[KEY].last(len(places))).dictionary_encode()
    keys = [decode(key, lambda: "key of an attribute") for key in encoded.dictionary.to_pylist()]
    names = encoded.indices.to_numpy().astype(np.int64)
    values = Values.read(buffer, *fields[VALUE].last(len(places))).texts(lambda index: f"attribute {keys[names[index]]} of an exemplar")
    lengths = np.array([len(key) for key in keys], np.int64)[names] + pc.utf8_length(values).to_numpy()
    total = runes.copy()
    np.add.at(total, places.row, lengths)
    kept = ((total[places.row] <= EXEMPLAR_RUNES_MAX) & np.array([bool(key) for key in keys])[names]).nonzero()[0]
    return Pairs(places.row[kept], names[kept], kept, keys, values)


def _hex(raw: Bytes) -> pa.Array:
    digits = np.empty((len(raw), 2 * raw.shape[1]), np.uint8)
    digits[:, 0::2], digits[:, 1::2] = _HEX[raw >> 4], _HEX[raw & 15]
    offsets = np.arange(len(raw) + 1, dtype=np.int32) * digits.shape[1]
    return pa.Array.from_buffers(pa.string(), len(raw), [None, pa.py_buffer(offsets), pa.py_buffer(digits)])
