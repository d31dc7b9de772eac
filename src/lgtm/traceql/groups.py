"""Which series each span belongs to, by the fields that a metric is grouped by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lgtm.model.labels import Labels
from lgtm.traceql.columns import I64, Columns
from lgtm.traceql.field_syntax import Field
from lgtm.traceql.fields import field_columns
from lgtm.traceql.grouping import combine_numbers, number_values, single_valued
from lgtm.traceql.series_labels import encode
from lgtm.traceql.shown import NIL_TEXT, display_all
from lgtm.traceql.span_table import SpanTable


def group_spans(table: SpanTable, by: Sequence[Field], rows: I64) -> tuple[I64, list[Labels]]:
    """The group of each row and the labels of the groups. A field that a group lacks is no label; if it lacks all, the first is nil."""
    if not by:
        return np.zeros(len(rows), dtype=np.int64), [()]
    columns = [single_valued(field_columns(table, field)) for field in by]
    codes, first = combine_numbers([number_values(each, rows) for each in columns])
    names = [str(field) for field in by]
    nothing: Labels = ((names[0], encode(NIL_TEXT)),)
    values = zip(*(label_values(each, rows[first]) for each in columns), strict=True)
    return codes, [tuple((name, value) for name, value in zip(names, each, strict=True) if value is not None) or nothing for each in values]


def label_values(columns: Columns, rows: I64) -> list[str | None]:
    """The value of each row as the text of a label; None where there is none. A list is told by its text, since labels hold single values."""
    found: list[str | None] = [None] * len(rows)
    for column in columns:
        held = np.flatnonzero(column.held[rows])
        for at, item in zip(held.tolist(), display_all(column.take(rows[held])), strict=True):
            found[at] = encode(str(item) if isinstance(item, list) else item)
    return found
