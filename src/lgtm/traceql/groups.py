"""Which series each span belongs to, by the fields that a metric is grouped by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lgtm.model.labels import Labels
from lgtm.traceql.columns import I64, Column, Columns
from lgtm.traceql.field_syntax import Field
from lgtm.traceql.fields import field_columns
from lgtm.traceql.grouping import combine_numbers, number_values, single_valued
from lgtm.traceql.series_labels import encode
from lgtm.traceql.shown import NIL_TEXT, display
from lgtm.traceql.span_table import SpanTable


def group_spans(table: SpanTable, by: Sequence[Field], rows: I64) -> tuple[I64, list[Labels]]:
    """The group of each row and the labels of the groups. A field that a group lacks is no label; if it lacks all, the first is nil."""
    if not by:
        return np.zeros(len(rows), dtype=np.int64), [()]
    columns = [single_valued(field_columns(table, field)) for field in by]
    codes, first = combine_numbers([number_values(each, rows) for each in columns])
    return codes, [_labels(by, columns, int(row)) for row in rows[first]]


def _labels(by: Sequence[Field], columns: list[Columns], row: int) -> Labels:
    found = [(str(field), label_value(column, row)) for field, each in zip(by, columns, strict=True) for column in each if column.held[row]]
    return tuple(found) or ((str(by[0]), encode(NIL_TEXT)),)


def label_value(column: Column, row: int) -> str:
    """A list is told by its text, since labels hold single values."""
    item = display(column, row)
    return encode(str(item) if isinstance(item, list) else item)
