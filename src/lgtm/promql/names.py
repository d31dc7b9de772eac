"""Dropping the names of series whose values were changed, at the end of the query."""

from __future__ import annotations

from dataclasses import replace
from typing import overload

import numpy as np

from lgtm.promql.value import NAME, Ranges, Vector, merged
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import Bool

METADATA_LABELS = (NAME, "__type__", "__unit__")


def without_names(labels: LabelTable, rows: Bool) -> LabelTable:
    """Without the name, and what tells the type and unit of the metric, for these series."""
    for name in METADATA_LABELS:
        labels = labels.drop_where(name, rows)
    return labels


@overload
def drop_names(value: Vector) -> Vector: ...
@overload
def drop_names(value: Ranges) -> Ranges: ...
def drop_names(value: Vector | Ranges) -> Vector | Ranges:
    """Raises EvaluationError when series become equal that have samples at the same time."""
    if not value.unnamed.any():
        return value
    labels, named = without_names(value.labels, value.unnamed), np.zeros(len(value), dtype=bool)
    if isinstance(value, Vector):
        return merged(replace(value, labels=labels, unnamed=named))
    return replace(value, labels=labels, unnamed=named)
