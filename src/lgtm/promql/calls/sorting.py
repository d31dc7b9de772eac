"""Functions that order the answer of an instant query. Those of range queries are always in the order of their labels."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from lgtm.promql.annotations import SORT_IN_RANGE
from lgtm.promql.frame import Frame, Value
from lgtm.promql.syntax import Call

_CHUNKS = re.compile(r"([0-9]+)")


def _by_value(*, descending: bool) -> Callable[[Call, Frame], Value]:
    def handler(call: Call, frame: Frame) -> Value:
        vector = frame.vector(call.args[0])
        vector = vector.with_floats(vector.values).without_empty_series()
        if _is_ineffective(call, frame):
            return vector
        values = vector.values[:, 0]
        return vector.take(np.lexsort((-values if descending else values, np.isnan(values))))

    return handler


def _by_label(*, descending: bool) -> Callable[[Call, Frame], Value]:
    """Natural order (numbers inside of texts by their size) of these labels, then of the whole label set."""

    def handler(call: Call, frame: Frame) -> Value:
        vector = frame.vector(call.args[0])
        names = [frame.string(arg) for arg in call.args[1:]]
        if _is_ineffective(call, frame):
            return vector
        columns = [vector.labels.strings(name).tolist() for name in names]
        keys = list(zip(*[[natural(value) for value in column] for column in columns], strict=True)) if columns else [()] * len(vector)
        by_labels = vector.labels.order().tolist()
        if descending:
            by_labels.reverse()
        return vector.take(np.array(sorted(by_labels, key=keys.__getitem__, reverse=descending), dtype=np.int64))

    return handler


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts a2 before a10."""
    return tuple((0, int(chunk), "") if chunk.isdigit() else (1, 0, chunk) for chunk in _CHUNKS.split(text) if chunk)


def _is_ineffective(call: Call, frame: Frame) -> bool:
    if frame.is_range_query:
        frame.annotations.warn(SORT_IN_RANGE, call.position)
    return frame.is_range_query or frame.steps != 1


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {
    "sort": _by_value(descending=False),
    "sort_desc": _by_value(descending=True),
    "sort_by_label": _by_label(descending=False),
    "sort_by_label_desc": _by_label(descending=True),
}
