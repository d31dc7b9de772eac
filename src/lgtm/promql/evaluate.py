"""The value of a prepared query from the samples it selects: a walk over the tree, every node at all steps at once. Pure: nothing here waits.

prepared = prepare(parse(text), Times(start_ms, end_ms, step_ms))
selected = [await read(selection) for selection in prepared.selections]
result = evaluate(prepared, selected)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lgtm.promql import calls
from lgtm.promql.aggregate import aggregate
from lgtm.promql.annotations import Annotations
from lgtm.promql.binary import binary
from lgtm.promql.columns import Selected
from lgtm.promql.errors import TooManySamples
from lgtm.promql.extended import smoothed_vector
from lgtm.promql.features import Features
from lgtm.promql.frame import Frame, Value
from lgtm.promql.names import drop_names
from lgtm.promql.prepare import Prepared, subquery_window
from lgtm.promql.result import Result, result_of
from lgtm.promql.select import instant_vector, ranges_of_selected, ranges_of_vector
from lgtm.promql.statistics import SampleStatistics
from lgtm.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Expr,
    MatrixSelector,
    Number,
    Paren,
    StepInvariant,
    String,
    Subquery,
    Unary,
    VectorSelector,
    unwrapped,
)
from lgtm.promql.value import Ranges, Vector, is_some
from lgtm.vectors.matrix import I64

SAMPLES_MAX = 50_000_000


def evaluate(
    prepared: Prepared,
    selected: Sequence[Selected],
    *,
    features: Features | None = None,
    samples_max: int = SAMPLES_MAX,
    check: Callable[[], None] = lambda: None,
) -> Result:
    """selected: one for each of `prepared.selections`, in their order.

    check: called between operators; raises when the query is cancelled or takes too long. Raises EvaluationError, and TooManySamples when more
    than samples_max are held at a time.
    """
    features = features or Features()
    if sum(len(one.ts_ms) for one in selected) > samples_max:
        raise TooManySamples
    walk = _Walk(samples_max, check, features)
    annotations, statistics = Annotations(), SampleStatistics(len(prepared.times.steps_ms))
    frame = Frame(prepared, tuple(selected), features, annotations, prepared.times.steps_ms, walk.value, walk.ranges, statistics)
    inner = unwrapped(prepared.expr)
    if isinstance(inner, MatrixSelector | Subquery):
        ranges = walk.ranges(inner, frame)
        return result_of(drop_names(ranges) if features.delayed_name_removal else ranges, prepared, annotations, statistics)
    value = walk.value(prepared.expr, frame)
    return result_of(drop_names(value) if isinstance(value, Vector) else value, prepared, annotations, statistics)


class _Walk:
    def __init__(self, samples_max: int, check: Callable[[], None], features: Features) -> None:
        self._samples_max, self._check, self._features = samples_max, check, features

    def value(self, expr: Expr, frame: Frame) -> Value:
        self._check()
        value = self._value(expr, frame)
        if isinstance(value, Vector):
            frame.statistics.held(value.values.size)
            if value.values.size > self._samples_max:
                raise TooManySamples
            if not self._features.delayed_name_removal:
                return drop_names(value)
        return value

    def _value(self, expr: Expr, frame: Frame) -> Value:
        match expr:
            case Number(value=number):
                return np.full(frame.steps, number)
            case String(value=text):
                return text
            case Paren():
                return self.value(expr.expr, frame)
            case StepInvariant():
                return self._once(expr.expr, frame)
            case VectorSelector():
                return _selector(expr, frame)
            case Unary():
                return self._unary(expr, frame)
            case Binary():
                return binary(expr, frame)
            case Aggregate():
                return aggregate(expr, frame)
            case Call():
                return calls.call(expr, frame)
            case _:
                raise AssertionError(expr)

    def _once(self, expr: Expr, frame: Frame) -> Value:
        value = self.value(expr, replace(frame, steps_ms=frame.steps_ms[:1]))
        if isinstance(value, Vector):
            return value.repeated(frame.steps)
        return value if isinstance(value, str) else np.repeat(value, frame.steps)

    def _unary(self, expr: Unary, frame: Frame) -> Value:
        value = self.value(expr.expr, frame)
        if expr.op == "+":
            return value
        if not isinstance(value, Vector):
            assert not isinstance(value, str)
            return -value
        histograms = value.histograms
        if histograms is not None:
            histograms = histograms.copy()
            held = is_some(histograms)
            histograms[held] = [histogram.times(-1.0) for histogram in histograms[held]]
        return replace(value, values=-value.values, histograms=histograms).nameless()

    def ranges(self, expr: Expr, frame: Frame) -> Ranges:
        """The samples of a range vector in the window of each step."""
        self._check()
        expr = unwrapped(expr)
        if isinstance(expr, MatrixSelector):
            return self._matrix_selector(expr, frame)
        assert isinstance(expr, Subquery)
        return self._subquery(expr, frame)

    def _matrix_selector(self, expr: MatrixSelector, frame: Frame) -> Ranges:
        selector = expr.selector
        selected = frame.selected[selector.selection]
        ends_ms, steps = _read_times(selector.modifiers.at_ms, selector.modifiers.offset_ms, frame)
        ranges = ranges_of_selected(selected, ends_ms, expr.range_ms, detects_resets=selector.detects_resets)
        ranges = _repeated(replace(ranges, anchored=selector.anchored, smoothed=selector.smoothed), steps)
        found = (ranges.float_counts + ranges.histogram_counts).sum(axis=0)
        frame.statistics.found(found, inside_subquery=frame.inside_subquery)
        return ranges

    def _subquery(self, expr: Subquery, frame: Frame) -> Ranges:
        first = replace(frame.query.times, start_ms=int(frame.steps_ms[0]), end_ms=int(frame.steps_ms[-1]))
        times = subquery_window(expr, first, frame.query.subquery_step_ms)
        ends_ms, steps = _read_times(expr.modifiers.at_ms, expr.modifiers.offset_ms, frame)
        inner_steps = times.steps_ms if times.start_ms <= times.end_ms else np.empty(0, dtype=np.int64)
        if not len(inner_steps):
            inner: Vector = Vector.empty(0)
        else:
            value = self.value(expr.expr, replace(frame, steps_ms=inner_steps, inside_subquery=True))
            assert isinstance(value, Vector)
            inner = value
        return _repeated(ranges_of_vector(inner, inner_steps, ends_ms, expr.range_ms), steps)


def _read_times(at_ms: int | None, offset_ms: int, frame: Frame) -> tuple[I64, int]:
    """The times for which samples are read, and how many steps there are: `@` makes it one time for all."""
    times = frame.steps_ms if at_ms is None else np.array([at_ms], dtype=np.int64)
    return times - offset_ms, frame.steps


def _repeated(ranges: Ranges, steps: int) -> Ranges:
    return ranges if ranges.steps == steps else ranges.repeated(steps)


def _selector(expr: VectorSelector, frame: Frame) -> Vector:
    selected = frame.selected[expr.selection]
    times_ms, steps = _read_times(expr.modifiers.at_ms, expr.modifiers.offset_ms, frame)
    if expr.smoothed:
        vector = smoothed_vector(expr, selected, times_ms, frame)
    else:
        vector = instant_vector(selected, times_ms, frame.query.lookback_ms, detects_resets=expr.detects_resets)
    vector = vector.repeated(steps)
    frame.statistics.found(np.count_nonzero(vector.present, axis=0), inside_subquery=frame.inside_subquery)
    return vector
