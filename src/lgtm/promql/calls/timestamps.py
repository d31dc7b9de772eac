"""When samples were taken, and since when their counters count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lgtm.promql.calls.elementwise import applied
from lgtm.promql.columns import Selected
from lgtm.promql.frame import Frame, Value
from lgtm.promql.select import newest
from lgtm.promql.syntax import Call, VectorSelector, unwrapped
from lgtm.promql.value import Vector
from lgtm.vectors.matrix import F64, I64


def _timestamp(call: Call, frame: Frame) -> Value:
    """Of a selector: when its samples were taken; of anything else: the evaluation time."""
    selector = unwrapped(call.args[0])
    if isinstance(selector, VectorSelector) and not selector.smoothed:
        return _of_samples(selector, frame, lambda selected: selected.ts_ms)
    vector = frame.vector(call.args[0])
    times = np.broadcast_to(frame.steps_ms / 1_000, vector.values.shape)
    return Vector.of_floats(vector.labels, times, vector.present, np.ones(len(vector), dtype=bool)).without_empty_series()


def _start_timestamp(call: Call, frame: Frame) -> Value:
    """Of a selector only: an expression has lost it."""
    selector = unwrapped(call.args[0])
    if not isinstance(selector, VectorSelector):
        return Vector.empty(frame.steps)

    def starts(selected: Selected) -> I64:
        return np.zeros(len(selected.ts_ms), dtype=np.int64) if selected.start_ms is None else selected.start_ms

    return _of_samples(selector, frame, starts)


def _of_samples(selector: VectorSelector, frame: Frame, column: Callable[[Selected], I64]) -> Vector:
    selected = frame.selected[selector.selection]
    at_ms, offset_ms = selector.modifiers.at_ms, selector.modifiers.offset_ms
    times = frame.steps_ms if at_ms is None else np.array([at_ms], dtype=np.int64)
    last, counts = newest(selected, times - offset_ms, frame.query.lookback_ms)
    seconds: F64 = column(selected)[last] / 1_000 if len(selected.ts_ms) else np.zeros(last.shape)
    vector = Vector.of_floats(selected.labels, seconds, counts)
    return applied(lambda values: values, vector).repeated(frame.steps)


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {"timestamp": _timestamp, "start_timestamp": _start_timestamp}
