"""Attributes of spans, events and links as typed columns, and `rest` for those beyond the cap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from lgtm.model.attribute_text import as_text
from lgtm.model.attributes import EVENT, LINK, SPAN, TYPES, AttributeName
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, REST, REST_TYPE
from lgtm.wire.any_value import ARRAY, BOOL, DOUBLE, INT, KEY, MAP, STRING, VALUE, Values
from lgtm.wire.arrays import Lists, Pool, Run, Slice, dense
from lgtm.wire.bounds import MetadataTooLarge
from lgtm.wire.columns import CELLS_MAX
from lgtm.wire.fields import Bytes, Ints, Places
from lgtm.wire.protobuf import Buffer
from lgtm.wire.text import decode

_TYPES = tuple(TYPES)
_STRING, _INT, _FLOAT, _BOOL, _ANY = range(len(_TYPES))
_OF_KIND = {STRING: _STRING, INT: _INT, DOUBLE: _FLOAT, BOOL: _BOOL}
_TYPE_OF_KIND = bytes(_OF_KIND.get(kind, _ANY) for kind in range(256))
_PREFIXES = {scope: [str(AttributeName(scope, kind, "")) for kind in _TYPES] for scope in (SPAN, EVENT, LINK)}
_SPARSE = 16
"""Cells a value from which on sorting the values is cheaper than laying out all cells of keys and elements."""


@dataclass(slots=True, frozen=True)
class Elements:
    """What has attributes: spans, or all events or links of a request in order. places: of the messages KeyValue; their row is the element.

    lists: how events or links are divided among spans; None for spans.
    """

    scope: str
    count: int
    places: Places
    lists: Lists | None = None


@dataclass(slots=True, frozen=True)
class Columns:
    """Attributes of one scope: the elements at[bounds[i]:bounds[i + 1]], in order, have under names[i] the values of that range.

    runs: the values, by type. count, lists: as in Elements.
    """

    names: list[str]
    bounds: Ints
    at: Ints
    runs: list[Run]
    count: int
    lists: Lists | None = None

    def arrays(self) -> Iterator[pa.Array]:
        """A whole column of the batch for each name."""
        columns = dense(self.runs, self.at, self.bounds, self.count)
        return columns if self.lists is None else map(self.lists.of, columns)

    def single(self) -> Iterator[Columns]:
        """Each column by itself."""
        column = 0
        for run in self.runs:
            base = int(self.bounds[column])
            for name in self.names[column : column + run.columns]:
                first, end = self.bounds[column : column + 2].tolist()
                one = run.piece(first - base, end - base, 1)
                yield Columns([name], np.array([0, end - first]), self.at[first:end], [one], self.count, self.lists)
                column += 1


class AttributeReader:
    """Reads the attributes of all spans, events and links of a request together; their texts are to be read with those of others.

    Raises MalformedBody.
    """

    def __init__(self, buffer: Buffer, texts: Pool, binary: Pool) -> None:
        self._buffer, self._texts, self._binary = buffer, texts, binary

    def read(self, parts: Sequence[Elements]) -> list[Columns]:
        """The first of a key in one element counts. Their arrays can be made when both pools are read."""
        parts = [part for part in parts if len(part.places)]
        if not parts:
            return []
        places = [part.places for part in parts]
        fields = self._buffer.scan(np.concatenate([p.start for p in places]), np.concatenate([p.end for p in places]))
        (key_start, start), (key_end, end) = fields.last(KEY, VALUE)
        encoded = self._buffer.binary(key_start, key_end).dictionary_encode()
        self._keys = [decode(key, lambda: "key of an attribute") for key in encoded.dictionary.to_pylist()]
        self._key, self._start, self._end = encoded.indices.to_numpy(), start, end
        self._values = Values.read(self._buffer, start, end)
        self._types = self._read_types()
        firsts = [0, *accumulate(map(len, places))]
        return [self._columns(part, first) for part, first in zip(parts, firsts, strict=False)]

    def _read_types(self) -> Bytes:
        """Index into TYPES of each value; refuses what nests too deep or is not UTF-8."""
        values = self._values
        codes = values.kind.tobytes()
        found = np.frombuffer(bytearray(codes.translate(_TYPE_OF_KIND)), np.uint8)
        found[(values.start == values.end) & (found == _STRING)] = _ANY
        if ARRAY in codes or MAP in codes:
            for index in ((values.kind == ARRAY) | (values.kind == MAP)).nonzero()[0].tolist():
                values.nested(index)
        return found

    def _columns(self, part: Elements, first: int) -> Columns:
        """Of the messages from `first` on, as many as the part has: by type, then key."""
        here, keys = slice(first, first + len(part.places)), len(self._keys)
        key = self._key[here].astype(np.int64)
        at = _first_of_each(part.places.row, key, part.count, keys)
        column = self._types[here][at] * np.int64(keys) + key[at]
        if b"\1" in (column[1:] < column[:-1]).tobytes():
            order = column.argsort(kind="stable")
            at, column = at[order], column[order]
        counts = np.bincount(column)
        present = counts.nonzero()[0]
        bounds = np.zeros(len(present) + 1, np.int64)
        counts[present].cumsum(out=bounds[1:])
        of_type, of_key = np.divmod(present, keys)
        names = [_PREFIXES[part.scope][t] + self._keys[k] for t, k in zip(of_type.tolist(), of_key.tolist(), strict=True)]
        runs = list(self._runs(names, of_type, bounds, at + first))
        return Columns(names, bounds, part.places.row[at], runs, part.count, part.lists)

    def _runs(self, names: list[str], of_type: Ints, bounds: Ints, at: Ints) -> Iterator[Run]:
        """of_type: of each column, ascending. at: of each value, in order of the columns."""
        for number, kind in enumerate(TYPES.values()):
            first, end = of_type.searchsorted((number, number + 1)).tolist()
            if first < end:
                these, of_run = at[bounds[first] : bounds[end]], bounds[first : end + 1] - bounds[first]
                yield Run(kind, end - first, self._of_type(number, these, names[first:end], of_run))

    def _of_type(self, number: int, at: Ints, names: list[str], bounds: Ints) -> npt.NDArray[Any] | Slice:
        def what(index: int) -> str:
            return f"attribute {names[int(bounds.searchsorted(index, side='right')) - 1]}"

        if number == _ANY:
            return self._binary.add(self._start[at], self._end[at], what)
        places = Places(at, self._values.start[at], self._values.end[at])
        if number == _STRING:
            return self._texts.add(places.start, places.end, what)
        if number == _FLOAT:
            return self._buffer.fixed(places, "<f8")
        values = self._buffer.varints(places)
        return values != 0 if number == _BOOL else values.view(np.int64)


def _first_of_each(row: Ints, key: Ints, rows: int, keys: int) -> Ints:
    """Of each key in each row the first place, by key, then row."""
    cell: Ints = key * rows + row
    if rows * keys > _SPARSE * len(row):
        at: Ints = np.unique(cell, return_index=True)[1]
        return at
    first: Ints = np.full(rows * keys, -1, np.int64)
    first[cell[::-1]] = np.arange(len(row) - 1, -1, -1)
    return first[first >= 0]


def finish(columns: Sequence[Columns], rows: int, bytes_max: int) -> tuple[list[pa.Field], list[pa.Array]]:
    """Dynamic columns by name, then `rest` if there is need. Raises MetadataTooLarge when `rest` would need more than bytes_max."""
    cells = max([rows, *(each.count for each in columns)])
    kept, beyond = _divide(columns, min(DYNAMIC_COLUMNS_MAX, max(1, CELLS_MAX // max(1, cells))))
    made = [pair for each in kept for pair in zip(each.names, each.arrays(), strict=True)]
    made.sort(key=lambda pair: pair[0])
    fields, arrays = [pa.field(name, array.type) for name, array in made], [array for _, array in made]
    if beyond:
        fields.append(pa.field(REST, REST_TYPE))
        arrays.append(_rest(beyond, rows, bytes_max))
    return fields, arrays


def _divide(columns: Sequence[Columns], most: int) -> tuple[Sequence[Columns], list[Columns]]:
    """Those that become columns of the batch, and the others, one by one, by name: the most frequent are kept, and ties go by name."""
    if sum(len(each.names) for each in columns) <= most:
        return columns, []
    ranked = sorted((one for each in columns for one in each.single()), key=lambda one: (-len(one.at), one.names[0]))
    return ranked[:most], sorted(ranked[most:], key=lambda one: one.names[0])


def _rest(columns: list[Columns], rows: int, bytes_max: int) -> pa.Array:
    """columns: single ones. The texts are those of `as_text`, so that a copy that came by another way is seen to be equal."""
    maps: list[list[tuple[str, str]] | None] = [None] * rows
    cells = 0
    for column in columns:
        texts = as_text(column.runs[0].array()).to_pylist()
        spans = column.at
        if column.lists is not None:
            lengths = column.lists.lengths
            ends = lengths.cumsum()
            spans = ends.searchsorted(column.at, side="right")
            cells += int(lengths[np.unique(spans)].sum())
            if cells * 8 > bytes_max:
                raise MetadataTooLarge(bytes_max)
            of_span: dict[int, list[str | None]] = {}
            for span, at, text in zip(spans.tolist(), column.at.tolist(), texts, strict=True):
                length = int(lengths[span])
                of_span.setdefault(span, [None] * length)[at - int(ends[span]) + length] = text
            spans, texts = np.array(list(of_span), np.int64), [orjson.dumps(items).decode() for items in of_span.values()]
        for span, text in zip(spans.tolist(), texts, strict=True):
            pairs = maps[span]
            if pairs is None:
                pairs = maps[span] = []
            pairs.append((column.names[0], text))
    return pa.array(maps, REST_TYPE)
