"""Functions of single numbers. Histograms have no such value and are left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lgtm.promql.frame import Frame, Value
from lgtm.promql.syntax import Call
from lgtm.promql.value import Vector
from lgtm.vectors.matrix import F64

Function = Callable[[F64], F64]


def _apply(function: Function) -> Callable[[Call, Frame], Value]:
    def handler(call: Call, frame: Frame) -> Value:
        return applied(function, frame.vector(call.args[0]))

    return handler


def applied(function: Function, vector: Vector) -> Vector:
    with np.errstate(all="ignore"):
        values = function(vector.values)
    return vector.with_floats(values).nameless().without_empty_series()


def _round(call: Call, frame: Frame) -> Value:
    nearest = frame.scalar(call.args[1]) if len(call.args) > 1 else np.ones(frame.steps)
    with np.errstate(all="ignore"):
        # Through the inverse, so that rounding to 0.1 gives what dividing by ten does.
        inverse = 1.0 / nearest
        return applied(lambda values: np.floor(values * inverse + 0.5) / inverse, frame.vector(call.args[0]))


def _clamp(call: Call, frame: Frame) -> Value:
    lowest, highest = frame.scalar(call.args[1]), frame.scalar(call.args[2])
    vector = applied(lambda values: np.maximum(lowest, np.minimum(highest, values)), frame.vector(call.args[0]))
    return vector.only(np.broadcast_to(~(highest < lowest), vector.values.shape)).without_empty_series()


def _clamp_min(call: Call, frame: Frame) -> Value:
    lowest = frame.scalar(call.args[1])
    return applied(lambda values: np.maximum(lowest, values), frame.vector(call.args[0]))


def _clamp_max(call: Call, frame: Frame) -> Value:
    highest = frame.scalar(call.args[1])
    return applied(lambda values: np.minimum(highest, values), frame.vector(call.args[0]))


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {
    "abs": _apply(np.abs),
    "acos": _apply(np.arccos),
    "acosh": _apply(np.arccosh),
    "asin": _apply(np.arcsin),
    "asinh": _apply(np.arcsinh),
    "atan": _apply(np.arctan),
    "atanh": _apply(np.arctanh),
    "ceil": _apply(np.ceil),
    "cos": _apply(np.cos),
    "cosh": _apply(np.cosh),
    "deg": _apply(np.degrees),
    "exp": _apply(np.exp),
    "floor": _apply(np.floor),
    "ln": _apply(np.log),
    "log10": _apply(np.log10),
    "log2": _apply(np.log2),
    "rad": _apply(np.radians),
    "sgn": _apply(np.sign),
    "sin": _apply(np.sin),
    "sinh": _apply(np.sinh),
    "sqrt": _apply(np.sqrt),
    "tan": _apply(np.tan),
    "tanh": _apply(np.tanh),
    "round": _round,
    "clamp": _clamp,
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
}
