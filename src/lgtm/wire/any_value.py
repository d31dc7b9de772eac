"""OTLP's AnyValue: columns of them as text, and the rare ones that nest, one by one.

    AnyValue { oneof value { string_value = 1; bool_value = 2; int_value = 3; double_value = 4; array_value = 5; kvlist_value = 6; bytes_value = 7 } }

Texts are those of `pcommon.Value.AsString` in the OpenTelemetry Collector: strings as they are, bytes in base64, arrays and maps as JSON.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.fields import Bytes, Ints, Places
from lgtm.wire.go_text import float_text
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, Buffer, next_field, read_varint, tag
from lgtm.wire.text import decode, utf8

DEPTH_MAX = 64
"""Levels of arrays and maps in one value; deeper ones are refused."""

STRING, BOOL, INT, DOUBLE = tag(1, LENGTH_DELIMITED), tag(2, VARINT), tag(3, VARINT), tag(4, FIXED64)
ARRAY, MAP, BYTES = tag(5, LENGTH_DELIMITED), tag(6, LENGTH_DELIMITED), tag(7, LENGTH_DELIMITED)
_KINDS = (STRING, BOOL, INT, DOUBLE, ARRAY, MAP, BYTES)
KEY, VALUE = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED)
_ITEM = tag(1, LENGTH_DELIMITED)

Value = None | str | bool | int | float | bytes | list["Value"] | dict[str, "Value"]


@dataclass(slots=True, frozen=True)
class Values:
    """Values of one column, by the kind that counts for each: kind 0 is an empty value. Content is buffer[start:end]."""

    buffer: Buffer
    kind: Bytes
    start: Ints
    end: Ints

    @classmethod
    def read(cls, buffer: Buffer, starts: Ints, ends: Ints) -> Values:
        """The messages AnyValue at [starts[i], ends[i]); of a oneof the last field counts."""
        return cls(buffer, *buffer.scan(starts, ends).last_of(*_KINDS))

    def of_kind(self, kind: int) -> Ints:
        return np.flatnonzero(self.kind == kind)

    def without(self, kind: int) -> Values:
        """The same with values of one kind taken as empty."""
        return Values(self.buffer, np.where(self.kind == kind, 0, self.kind), self.start, self.end)

    def nested(self, index: int) -> Value:
        """Value `index` as Python objects."""
        return _content(self.buffer.data, int(self.kind[index]), int(self.start[index]), int(self.end[index]), 0)

    def texts(self, what: Callable[[int], str]) -> pa.Array:
        """All values as strings; "" for empty ones. what: names value i in errors."""
        pools: list[pa.Array] = []
        picks = np.zeros(len(self.kind), np.int64)
        strings = self.kind == STRING
        pools.append(utf8(self.buffer.binary(np.where(strings, self.start, 0), np.where(strings, self.end, 0)), what))
        if strings.all():
            return pools[0]
        picks[:] = np.arange(len(picks))
        pooled = len(picks)
        for kind in (BOOL, INT, DOUBLE, ARRAY, MAP, BYTES):
            at = self.of_kind(kind)
            if len(at):
                pools.append(self._texts_of(kind, at))
                picks[at] = np.arange(pooled, pooled + len(at))
                pooled += len(at)
        return pa.concat_arrays(pools).take(pa.array(picks)) if len(pools) > 1 else pools[0]

    def _texts_of(self, kind: int, at: Ints) -> pa.Array:
        places = Places(at, self.start[at], self.end[at])
        if kind == BOOL:
            return pa.array(np.where(self.buffer.varints(places) != 0, "true", "false").tolist(), pa.string())
        if kind == INT:
            return pa.array(self.buffer.varints(places).view(np.int64)).cast(pa.string())
        if kind == DOUBLE:
            return pa.array([float_text(value) for value in self.buffer.fixed(places, "<f8").tolist()], pa.string())
        return pa.array([text_of(self.nested(index)) for index in at.tolist()], pa.string())


def text_of(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bytes():
            return base64.b64encode(value).decode()
        case float():
            return float_text(value)
        case _:
            return json_text(value)


def json_text(value: Value) -> str:
    """JSON without spaces, keys in order, NaN and infinities as strings."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value) if value - value == 0 else f'"{float_text(value)}"'
        case int():
            return str(value)
        case dict():
            return "{" + ",".join(f"{json_text(key)}:{json_text(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + ",".join(json_text(item) for item in value) + "]"
        case None:
            return "null"
        case bytes():
            return f'"{text_of(value)}"'
    return orjson.dumps(value).decode()


def flatten(key: str, value: Value) -> Iterator[tuple[str, str]]:
    """(key, text) of a value, or of each leaf of a map with the keys on the way joined by `_`."""
    if not isinstance(value, dict):
        yield key, text_of(value)
        return
    for name, item in value.items():
        yield from flatten(f"{key}_{name}", item)


def read_key_value(data: bytes, start: int, end: int, depth: int = 0) -> tuple[str, Value]:
    """The message KeyValue at [start, end), for attributes that are few: of a resource or scope."""
    key, value = "", None
    while start < end:
        found, content, start = next_field(data, start, end)
        if found == KEY:
            key = decode(data[content:start], lambda: "key of an attribute")
        elif found == VALUE:
            value = _read(data, content, start, depth)
    return key, value


def read_any_value(message: bytes) -> Value:
    """One message AnyValue. Raises MalformedBody."""
    return _read(message, 0, len(message), 0)


def _read(data: bytes, start: int, end: int, depth: int) -> Value:
    value: Value = None
    while start < end:
        found, content, start = next_field(data, start, end)
        if found in _KINDS:
            value = _content(data, found, content, start, depth)
    return value


def _content(data: bytes, kind: int, start: int, end: int, depth: int) -> Value:
    if depth > DEPTH_MAX:
        raise MalformedBody(f"value is nested deeper than {DEPTH_MAX} levels")
    if kind == STRING:
        return decode(data[start:end], lambda: "text of a value")
    if kind == BOOL:
        return read_varint(data, start, end)[0] != 0
    if kind == INT:
        value = read_varint(data, start, end)[0] & 0xFFFF_FFFF_FFFF_FFFF
        return value - (1 << 64) if value >> 63 else value
    if kind == DOUBLE:
        return float(struct.unpack_from("<d", data, start)[0])
    if kind == BYTES:
        return data[start:end]
    items = _items(data, start, end)
    if kind == ARRAY:
        return [_read(data, at, to, depth + 1) for at, to in items]
    return dict(read_key_value(data, at, to, depth + 1) for at, to in items) if kind == MAP else None


def _items(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Places of the repeated field 1, which is what arrays and maps are made of."""
    items = []
    while start < end:
        found, content, start = next_field(data, start, end)
        if found == _ITEM:
            items.append((content, start))
    return items
