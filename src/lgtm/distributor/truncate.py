"""Attributes of spans are cut where they are longer than a tenant may send: their texts, and their keys.

Values that are no text stay whole, as do those beyond the cap on columns (`rest`); the bounds of a request hold for them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lgtm.model.attributes import AttributeName
from lgtm.model.labels import Labels, labels_of
from lgtm.model.signal import REST, SPANS


def truncate_labels(labels: Labels, bytes_max: int) -> Labels:
    """Of a resource and scope. 0 is no bound. A key that another one is cut to stays long."""
    if bytes_max <= 0 or all(4 * len(name) <= bytes_max and 4 * len(value) <= bytes_max for name, value in labels):
        return labels
    names = {name for name, _ in labels}
    return labels_of({_shorter_name(name, names, bytes_max): _shorter_value(name, value, bytes_max) for name, value in labels})


def truncate_attributes(rows: pa.RecordBatch, bytes_max: int) -> pa.RecordBatch:
    """Of spans, events and links. 0 is no bound."""
    if bytes_max <= 0:
        return rows
    names = set(rows.schema.names)
    columns, fields, changed = [], [], False
    for field, column in zip(rows.schema, rows.columns, strict=True):
        cut, name = column, field.name
        if name not in SPANS.columns.names and name != REST:
            cut, name = _cut(column, bytes_max), _shorter_name(name, names, bytes_max)
        changed |= cut is not column or name != field.name
        columns.append(cut)
        fields.append(field.with_name(name))
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields)) if changed else rows


def _cut(column: pa.Array, bytes_max: int) -> pa.Array:
    if pa.types.is_list(column.type):
        values = _cut(column.values, bytes_max)
        if values is column.values or values.equals(column.values):
            return column
        mask = pa.array(~np.asarray(column.is_valid())) if column.null_count else None
        return pa.ListArray.from_arrays(column.offsets, values, mask=mask)
    if not pa.types.is_string(column.type) or not _is_long(column, bytes_max):
        return column
    return pa.array([text if text is None else _shorter(text, bytes_max) for text in column.to_pylist()], pa.string())


def _is_long(texts: pa.Array, bytes_max: int) -> bool:
    """Whether any text is longer, by the offsets alone: a kernel would cost more than this for each of many columns of a small request."""
    if not len(texts):
        return False
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, 4 * texts.offset)
    return bool(offsets[-1] - offsets[0] > bytes_max and np.diff(offsets).max() > bytes_max)


def _shorter_name(name: str, names: set[str], bytes_max: int) -> str:
    attribute = AttributeName.parse(name) if 4 * len(name) > bytes_max else None
    if attribute is None or len(attribute.key.encode()) <= bytes_max:
        return name
    cut = str(AttributeName(attribute.scope, attribute.type, _shorter(attribute.key, bytes_max)))
    if cut in names:
        return name
    names.add(cut)
    return cut


def _shorter_value(name: str, value: str, bytes_max: int) -> str:
    attribute = AttributeName.parse(name)
    return _shorter(value, bytes_max) if attribute is None or not attribute.type else value


def _shorter(text: str, bytes_max: int) -> str:
    """At most that many bytes, no character cut in two."""
    return text.encode()[:bytes_max].decode(errors="ignore")
