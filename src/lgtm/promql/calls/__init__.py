"""The functions, one file for each kind. A handler takes the call and its frame and answers the call's value."""

from __future__ import annotations

from collections.abc import Callable

from lgtm.promql.calls import (
    dates,
    elementwise,
    histograms,
    info,
    label_functions,
    over_time,
    presence,
    rates,
    regression,
    resets,
    scalars,
    sorting,
    timestamps,
)
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame, Value
from lgtm.promql.syntax import Call, MatrixSelector, VectorSelector, unwrapped

Handler = Callable[[Call, Frame], Value]

HANDLERS: dict[str, Handler] = {
    **dates.HANDLERS,
    **elementwise.HANDLERS,
    **histograms.HANDLERS,
    **info.HANDLERS,
    **label_functions.HANDLERS,
    **over_time.HANDLERS,
    **presence.HANDLERS,
    **rates.HANDLERS,
    **regression.HANDLERS,
    **resets.HANDLERS,
    **scalars.HANDLERS,
    **sorting.HANDLERS,
    **timestamps.HANDLERS,
}


ANCHORED = ("changes", "delta", "increase", "rate", "resets")
SMOOTHED = ("delta", "increase", "rate")


def call(expr: Call, frame: Frame) -> Value:
    """Raises EvaluationError."""
    for arg in expr.args:
        inner = unwrapped(arg)
        if isinstance(inner, MatrixSelector):
            _check_modifiers(expr.function.name, inner.selector)
    return HANDLERS[expr.function.name](expr, frame)


def _check_modifiers(name: str, selector: VectorSelector) -> None:
    for used, word, allowed in ((selector.anchored, "anchored", ANCHORED), (selector.smoothed, "smoothed", SMOOTHED)):
        if used and name not in allowed:
            raise EvaluationError(f"{word} modifier can only be used with: {', '.join(allowed)} - not with {name}")
