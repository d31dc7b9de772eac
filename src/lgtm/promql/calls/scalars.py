"""Functions that answer scalars, and `vector`, which takes one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lgtm.promql.frame import Frame, Value, vector_of_scalar
from lgtm.promql.syntax import Call


def _scalar(call: Call, frame: Frame) -> Value:
    """The only float of the vector; NaN when there is none or several."""
    vector = frame.vector(call.args[0])
    counts = np.count_nonzero(vector.floats, axis=0)
    values = np.where(vector.floats, vector.values, 0.0)
    with np.errstate(invalid="ignore"):
        return np.where(counts == 1, values.sum(axis=0), np.nan)


def _vector(call: Call, frame: Frame) -> Value:
    return vector_of_scalar(frame.scalar(call.args[0]))


def _max_of(call: Call, frame: Frame) -> Value:
    return np.maximum(frame.scalar(call.args[0]), frame.scalar(call.args[1]))


def _min_of(call: Call, frame: Frame) -> Value:
    return np.minimum(frame.scalar(call.args[0]), frame.scalar(call.args[1]))


def _of_query(number: Callable[[Frame], float]) -> Callable[[Call, Frame], Value]:
    return lambda _call, frame: np.full(frame.steps, number(frame))


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {
    "scalar": _scalar,
    "vector": _vector,
    "max_of": _max_of,
    "min_of": _min_of,
    "pi": _of_query(lambda _frame: math.pi),
    "time": lambda _call, frame: frame.steps_ms / 1_000,
    "start": _of_query(lambda frame: frame.query.times.start_ms / 1_000),
    "end": _of_query(lambda frame: frame.query.times.end_ms / 1_000),
    "step": _of_query(lambda frame: frame.query.times.step_ms / 1_000),
    "range": _of_query(lambda frame: (frame.query.times.end_ms - frame.query.times.start_ms) / 1_000),
}
