"""Values of dynamic columns as text and back: what the `rest` column and labels hold. Layout: `model/attributes.py`."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.attributes import AttributeName

_VALUE_TAG = b"\x12"
"""Field 2, length-delimited: the value of a `KeyValue`."""


class NoAttribute(ValueError):
    """The text is none that `as_text` writes for a column of that name."""


def dynamic_type(name: str) -> pa.DataType:
    """Of the column with this name: structured metadata of logs and all else that names no type is a string."""
    attribute = AttributeName.parse(name)
    return pa.string() if attribute is None else attribute.arrow_type


def as_text(values: pa.Array) -> pa.Array:
    """Strings for the values of a dynamic column, null where it is null."""
    kind = values.type
    if pa.types.is_string(kind):
        return values
    if pa.types.is_binary(kind):
        return pa.array([None if value is None else any_text(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_list(kind):
        elements = as_text(values.flatten()).to_pylist()
        lengths = pc.fill_null(pc.list_value_length(values), 0).to_pylist()
        texts, first = [], 0
        for length, valid in zip(lengths, values.is_valid().to_pylist(), strict=True):
            texts.append(orjson.dumps(elements[first : first + length]).decode() if valid else None)
            first += length
        return pa.array(texts, pa.string())
    return values.cast(pa.string())


def from_text(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """The inverse of `as_text`. Raises NoAttribute."""
    try:
        return _from_text(texts, kind)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise NoAttribute(str(error)) from error


def _from_text(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return texts
    if pa.types.is_binary(kind):
        return pa.array([None if text is None else any_value(text) for text in texts.to_pylist()], kind)
    if pa.types.is_list(kind):
        lists = [None if text is None else orjson.loads(text) for text in texts.to_pylist()]
        elements = from_text(pa.array([element for one in lists for element in one or ()], pa.string()), kind.value_type).to_pylist()
        found: list[list[Any] | None] = []
        first = 0
        for one in lists:
            found.append(None if one is None else elements[first : first + len(one)])
            first += len(one or ())
        return pa.array(found, kind)
    return texts.cast(kind)


def any_text(value: bytes) -> str:
    """value: an `AnyValue` message."""
    return base64.b64encode(_VALUE_TAG + _varint(len(value)) + value).decode("ascii")


def any_value(text: str) -> bytes:
    """Raises ValueError for what `any_text` does not write."""
    data = base64.b64decode(text, validate=True)
    behind_length = next((at + 1 for at in range(1, len(data)) if data[at] < 0x80), len(data))
    value = data[behind_length:]
    if any_text(value) != text:
        raise ValueError("no value of an attribute")
    return value


def _varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
