"""Resource and scope of spans as the labels of their series, named as in `model/attributes.py`.

Resource { repeated KeyValue attributes = 1; dropped_attributes_count = 2 }
InstrumentationScope { name = 1; version = 2; repeated KeyValue attributes = 3; dropped_attributes_count = 4 }
"""

from __future__ import annotations

import struct
from functools import lru_cache

from lgtm.model import attributes as names
from lgtm.model.attribute_text import any_text
from lgtm.model.attributes import AttributeName
from lgtm.model.labels import Labels, labels_of
from lgtm.wire.any_value import BOOL, DOUBLE, INT, STRING, VALUE, read_key_value
from lgtm.wire.protobuf import LENGTH_DELIMITED, VARINT, next_field, read_varint, tag
from lgtm.wire.text import decode

_ATTRIBUTES, _DROPPED = tag(1, LENGTH_DELIMITED), tag(2, VARINT)
_NAME, _VERSION, _SCOPE_ATTRIBUTES, _SCOPE_DROPPED = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED), tag(4, VARINT)


CACHED_BYTES_MAX = 4 * 1024
"""Of one resource with its scope; longer ones are read each time, which bounds what is remembered."""


def series_labels(resource: bytes, scope: bytes, resource_schema: bytes, scope_schema: bytes) -> Labels:
    """Of the messages Resource and InstrumentationScope and their schema URLs. Raises MalformedBody."""
    parts = (resource, scope, resource_schema, scope_schema)
    return _remembered(*parts) if sum(map(len, parts)) <= CACHED_BYTES_MAX else _read(*parts)


def _read(resource: bytes, scope: bytes, resource_schema: bytes, scope_schema: bytes) -> Labels:
    labels: dict[str, str] = {}
    labels[names.RESOURCE_SCHEMA_URL] = decode(resource_schema, lambda: "schema URL of a resource")
    labels[names.SCOPE_SCHEMA_URL] = decode(scope_schema, lambda: "schema URL of a scope")
    seen: set[tuple[str, str]] = set()
    for found, start, end in _fields(resource, 0, len(resource)):
        if found == _ATTRIBUTES:
            _add(labels, seen, names.RESOURCE, resource, start, end)
        elif found == _DROPPED:
            labels[names.RESOURCE_DROPPED] = _count(resource, start, end)
    for found, start, end in _fields(scope, 0, len(scope)):
        if found == _SCOPE_ATTRIBUTES:
            _add(labels, seen, names.SCOPE, scope, start, end)
        elif found == _NAME:
            labels[names.SCOPE_NAME] = decode(scope[start:end], lambda: "name of a scope")
        elif found == _VERSION:
            labels[names.SCOPE_VERSION] = decode(scope[start:end], lambda: "version of a scope")
        elif found == _SCOPE_DROPPED:
            labels[names.SCOPE_DROPPED] = _count(scope, start, end)
    return labels_of(labels)


_remembered = lru_cache(maxsize=4096)(_read)


def _fields(data: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    fields = []
    while start < end:
        found, content, start = next_field(data, start, end)
        fields.append((found, content, start))
    return fields


def _count(data: bytes, start: int, end: int) -> str:
    return str(read_varint(data, start, end)[0] & 0xFFFF_FFFF or "")


def _add(labels: dict[str, str], seen: set[tuple[str, str]], scope: str, data: bytes, start: int, end: int) -> None:
    """The first of a key counts."""
    key, _ = read_key_value(data, start, end)
    if (scope, key) in seen:
        return
    seen.add((scope, key))
    message = b""
    for found, at, to in _fields(data, start, end):
        if found == VALUE:
            message = data[at:to]
    kind, text = _typed(message)
    labels[str(AttributeName(scope, kind, key))] = text


def _typed(message: bytes) -> tuple[str, str]:
    last = _fields(message, 0, len(message))[-1:]
    for found, start, end in last:
        if found == STRING and end > start:
            return "", decode(message[start:end], lambda: "text of a value")
        if found == BOOL:
            return "bool", "true" if read_varint(message, start, end)[0] else "false"
        if found == INT:
            value = read_varint(message, start, end)[0] & 0xFFFF_FFFF_FFFF_FFFF
            return "int", str(value - (1 << 64) if value >> 63 else value)
        if found == DOUBLE:
            return "float", repr(float(struct.unpack_from("<d", message, start)[0]))
    return "any", any_text(message)
