"""Attributes of spans, events and links as typed columns, and `rest` for those beyond the cap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from lgtm.model.attribute_text import as_text
from lgtm.model.attributes import TYPES, AttributeName
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, REST, REST_TYPE
from lgtm.wire.any_value import ARRAY, BOOL, DOUBLE, INT, KEY, MAP, STRING, VALUE, Values
from lgtm.wire.bounds import MetadataTooLarge
from lgtm.wire.columns import CELLS_MAX
from lgtm.wire.protobuf import Buffer, Ints, Places
from lgtm.wire.text import decode, utf8

_TYPES = tuple(TYPES)
_ANY = _TYPES.index("any")


@dataclass(slots=True, frozen=True)
class Sparse:
    """One attribute: element at[i] (of spans, or of all events or links of the request) has values[i]. lengths: events of each span, or None."""

    name: AttributeName
    at: Ints
    values: pa.Array
    lengths: Ints | None


def read_attributes(buffer: Buffer, places: Places, scope: str, lengths: Ints | None = None) -> list[Sparse]:
    """places: the messages KeyValue, rows ascending or not. The first of a key in one element counts. Raises MalformedBody."""
    if not len(places):
        return []
    fields = buffer.fields(places.start, places.end, KEY, VALUE)
    encoded = buffer.binary(*fields[KEY].last(len(places))).dictionary_encode()
    keys = [decode(key, lambda: "key of an attribute") for key in encoded.dictionary.to_pylist()]
    key = encoded.indices.to_numpy().astype(np.int64)
    start, end = fields[VALUE].last(len(places))
    values = Values.read(buffer, start, end)
    for index in np.flatnonzero((values.kind == ARRAY) | (values.kind == MAP)).tolist():
        values.nested(index)  # refuses what nests too deep or is not UTF-8
    kind = np.full(len(places), _ANY, np.int64)
    kind[(values.kind == STRING) & (values.end > values.start)] = 0
    for number, wire in ((1, INT), (2, DOUBLE), (3, BOOL)):
        kind[values.kind == wire] = number
    _, first = np.unique(places.row * len(keys) + key, return_index=True)
    column = (key * len(_TYPES) + kind)[first]
    order = np.argsort(column, kind="stable")
    first, column = first[order], column[order]
    found = []
    for at in np.split(first, np.flatnonzero(np.diff(column)) + 1):
        of_type = int(kind[at[0]])
        name = AttributeName(scope, _TYPES[of_type], keys[key[at[0]]])
        where = (start[at], end[at]) if of_type == _ANY else (values.start[at], values.end[at])
        found.append(Sparse(name, places.row[at], _array(buffer, of_type, at, *where, str(name)), lengths))
    return found


def finish(columns: list[Sparse], rows: int, bytes_max: int) -> tuple[list[pa.Field], list[pa.Array]]:
    """Dynamic columns by name, then `rest` if there is need. Raises MetadataTooLarge when `rest` would need more than bytes_max."""
    cells = max([rows, *(int(c.lengths.sum()) for c in columns if c.lengths is not None)])
    most = min(DYNAMIC_COLUMNS_MAX, max(1, CELLS_MAX // max(1, cells)))
    ranked = sorted(columns, key=lambda c: (-len(c.at), str(c.name)))
    fields, arrays = [], []
    for each in sorted(ranked[:most], key=lambda c: str(c.name)):
        fields.append(pa.field(str(each.name), each.name.arrow_type))
        arrays.append(_dense(each, rows) if each.lengths is None else lists(_dense(each, int(each.lengths.sum())), each.lengths))
    if ranked[most:]:
        fields.append(pa.field(REST, REST_TYPE))
        arrays.append(_rest(sorted(ranked[most:], key=lambda c: str(c.name)), rows, bytes_max))
    return fields, arrays


def lists(values: pa.Array, lengths: Ints) -> pa.Array:
    """One list a span of that many of the values; null where that is none."""
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32(), mask=np.append(lengths == 0, False)), values)


def _array(buffer: Buffer, of_type: int, at: Ints, start: Ints, end: Ints, name: str) -> pa.Array:
    places = Places(at, start, end)
    if of_type == 1:
        return pa.array(buffer.varints(places).view(np.int64))
    if of_type == 2:
        return pa.array(buffer.fixed(places, "<f8"))
    if of_type == 3:
        return pa.array(buffer.varints(places) != 0)
    raw = buffer.binary(start, end)
    return raw if of_type == _ANY else utf8(raw, lambda _: f"attribute {name}")


def _dense(column: Sparse, count: int) -> pa.Array:
    picks = np.full(count, -1, np.int64)
    picks[column.at] = np.arange(len(column.at))
    absent: npt.NDArray[np.bool_] = picks < 0
    return column.values.take(pa.array(picks, mask=absent))


def _rest(columns: list[Sparse], rows: int, bytes_max: int) -> pa.Array:
    """columns: by name. The texts are those of `as_text`, so that a copy that came by another way is seen to be equal."""
    maps: list[list[tuple[str, str]] | None] = [None] * rows
    cells = 0
    for column in columns:
        texts = as_text(column.values).to_pylist()
        spans = column.at
        if column.lengths is not None:
            ends = np.cumsum(column.lengths)
            spans = np.searchsorted(ends, column.at, side="right")
            cells += int(column.lengths[np.unique(spans)].sum())
            if cells * 8 > bytes_max:
                raise MetadataTooLarge(bytes_max)
            of_span: dict[int, list[str | None]] = {}
            for span, at, text in zip(spans.tolist(), column.at.tolist(), texts, strict=True):
                length = int(column.lengths[span])
                of_span.setdefault(span, [None] * length)[at - int(ends[span]) + length] = text
            spans, texts = np.array(list(of_span), np.int64), [orjson.dumps(items).decode() for items in of_span.values()]
        for span, text in zip(spans.tolist(), texts, strict=True):
            pairs = maps[span]
            if pairs is None:
                pairs = maps[span] = []
            pairs.append((str(column.name), text))
    return pa.array(maps, REST_TYPE)
