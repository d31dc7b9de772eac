"""Thrift's binary protocol for tests: Python values, with their types, to bytes."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lgtm.wire.thrift import BOOL, DOUBLE, I32, I64, LIST, STRING, STRUCT


@dataclass(frozen=True)
class I32Value:
    """An integer of four bytes; plain ones take eight."""

    number: int


def kind_of(value: Any) -> int:
    kinds = {bool: BOOL, float: DOUBLE, int: I64, I32Value: I32, str: STRING, bytes: STRING, dict: STRUCT, list: LIST}
    return kinds[type(value)]


def value_bytes(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack(">?", value)
        case float():
            return struct.pack(">d", value)
        case int():
            return struct.pack(">q", value)
        case I32Value():
            return struct.pack(">i", value.number)
        case str():
            return value_bytes(value.encode())
        case bytes():
            return struct.pack(">i", len(value)) + value
        case dict():
            return struct_bytes(value)
    return list_bytes(value)


def struct_bytes(fields: Mapping[int, Any]) -> bytes:
    return b"".join(struct.pack(">bh", kind_of(value), field) + value_bytes(value) for field, value in fields.items()) + b"\0"


def list_bytes(items: Sequence[Any]) -> bytes:
    return struct.pack(">bi", kind_of(items[0]) if items else 0, len(items)) + b"".join(map(value_bytes, items))
