"""What OTLP says once for many records: resource and scope, as sanitised names and texts.

    Resource { repeated KeyValue attributes = 1 }
    InstrumentationScope { name = 1; version = 2; repeated KeyValue attributes = 3; dropped_attributes_count = 4 }

Pods and libraries say the same in every request, so what was read is kept for the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lgtm.wire.any_value import Value, flatten, read_key_value
from lgtm.wire.bounds import MetadataTooLarge
from lgtm.wire.metadata_names import sanitize
from lgtm.wire.protobuf import LENGTH_DELIMITED, VARINT, next_field, read_varint, tag
from lgtm.wire.text import decode

PAIRS_BYTES_MAX = 4 * 1024 * 1024
"""Names and values of one resource or scope, or of the maps among the attributes of a record, after flattening."""
_CACHED_BYTES_MAX = 2048
_RESOURCE_ATTRIBUTES = tag(1, LENGTH_DELIMITED)
_NAME, _VERSION, _SCOPE_ATTRIBUTES, _DROPPED = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED), tag(4, VARINT)

Pairs = tuple[tuple[str, str], ...]


@dataclass(slots=True, frozen=True)
class Resource:
    """labels: of the stream, one of each name; metadata: of each record. Without empty values."""

    labels: Pairs
    metadata: Pairs


def read_resource(data: bytes, index_attributes: frozenset[str]) -> Resource:
    """The message Resource; attributes whose key is in index_attributes become labels. Raises InvalidMetadataName, MalformedBody."""
    return (_resource_cached if len(data) <= _CACHED_BYTES_MAX else _resource)(data, index_attributes)


def read_scope(data: bytes) -> Pairs:
    """The message InstrumentationScope as metadata; its own fields beat its attributes."""
    return (_scope_cached if len(data) <= _CACHED_BYTES_MAX else _scope)(data)


def sanitized(attributes: Iterable[tuple[str, Value]]) -> list[tuple[str, str]]:
    """Flattened, names sanitised, empty values left out."""
    pairs = []
    size = 0
    for key, value in attributes:
        for name, text in flatten(key, value):
            size += len(name) + len(text)
            if size > PAIRS_BYTES_MAX:
                raise MetadataTooLarge(PAIRS_BYTES_MAX)
            clean = sanitize(name)
            if text:
                pairs.append((clean, text))
    return pairs


def _resource(data: bytes, index_attributes: frozenset[str]) -> Resource:
    attributes = []
    position = 0
    while position < len(data):
        found, content, position = next_field(data, position, len(data))
        if found == _RESOURCE_ATTRIBUTES:
            attributes.append(read_key_value(data, content, position))
    labels = sanitized((key, value) for key, value in attributes if key in index_attributes)
    metadata = sanitized((key, value) for key, value in attributes if key not in index_attributes)
    return Resource(tuple(dict(labels).items()), tuple(metadata))


def _scope(data: bytes) -> Pairs:
    attributes: list[tuple[str, Value]] = []
    own = {}
    position = 0
    while position < len(data):
        found, content, position = next_field(data, position, len(data))
        if found == _SCOPE_ATTRIBUTES:
            attributes.append(read_key_value(data, content, position))
        elif found == _NAME:
            own["scope_name"] = decode(data[content:position], lambda: "name of a scope")
        elif found == _VERSION:
            own["scope_version"] = decode(data[content:position], lambda: "version of a scope")
        elif found == _DROPPED:
            dropped = read_varint(data, content, position)[0] & 0xFFFF_FFFF
            own["scope_dropped_attributes_count"] = str(dropped or "")
    return tuple(sanitized(attributes) + [pair for pair in own.items() if pair[1]])


_resource_cached = lru_cache(maxsize=4096)(_resource)
_scope_cached = lru_cache(maxsize=1024)(_scope)
