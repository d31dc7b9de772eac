"""Attributes that are no plain scalar, as far as a query can ask for them: empty strings, and arrays of scalars of one type."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from lgtm.wire.any_value import Value, read_any_value

_ARROW: dict[type, pa.DataType] = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


def any_columns(values: pa.Array) -> list[pa.Array]:
    """values: messages AnyValue, or null. One array a type, as long as `values`; maps, bytes, nothing, mixed and empty arrays are in none."""
    encoded = values.dictionary_encode()
    distinct = [read_any_value(message) for message in encoded.dictionary.to_pylist()]
    types = [_arrow_type(value) for value in distinct]
    found = []
    for kind in dict.fromkeys(one for one in types if one is not None):
        of_kind: list[Any] = [value if one == kind else None for value, one in zip(distinct, types, strict=True)]
        found.append(pa.array(of_kind, kind).take(encoded.indices))
    return found


def _arrow_type(value: Value) -> pa.DataType | None:
    if not isinstance(value, list):
        return _ARROW.get(type(value))
    members = {type(member) for member in value}
    member = members.pop() if len(members) == 1 else None
    return None if member is None or member not in _ARROW else pa.list_(_ARROW[member])
