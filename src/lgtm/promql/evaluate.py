"""The value of a prepared query from the samples it selects: a walk over the tree, every node at all steps of a run at once. Pure: nothing here
waits.

prepared = prepare(parse(text), Times(start_ms, end_ms, step_ms))
selected = [await read(selection) for selection in prepared.selections]
result = evaluate(prepared, selected)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from lgtm.promql.functions import Kind
from lgtm.promql.names import drop_names
from lgtm.promql.narrowed import Narrowed
from lgtm.promql.prepare import Prepared, subquery_window
from lgtm.promql.result import Result, result_of
from lgtm.promql.runs import VectorSamples, join_samples, samples_of, steps_at_once
from lgtm.promql.select import instant_vector, ranges_of_samples, ranges_of_selected
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
    children_of,
    kind_of,
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
    features, times = features or Features(), prepared.times
    if max(times.count, sum(len(one.ts_ms) for one in selected)) > samples_max:
        raise TooManySamples
    series = sum(len(one.labels) for one in selected)
    at_once = steps_at_once(series, samples_max=samples_max, one_for_each_value=_counts_values(prepared.expr))
    walk = _Walk(samples_max, at_once, check, features)
    annotations, statistics = Annotations(), SampleStatistics(times.count)
    frame = Frame(prepared, tuple(selected), features, annotations, times.steps_ms, walk.value, walk.ranges, statistics, times, slice(None))
    inner = unwrapped(prepared.expr)
    if isinstance(inner, MatrixSelector | Subquery):
        ranges = walk.ranges(inner, frame)
        return result_of(drop_names(ranges) if features.delayed_name_removal else ranges, prepared, annotations, statistics)
    return result_of(walk.whole(prepared.expr, frame), prepared, annotations, statistics)


def _counts_values(expr: Expr) -> bool:
    return (isinstance(expr, Aggregate) and expr.op == "count_values") or any(map(_counts_values, children_of(expr)))


class _Walk:
    def __init__(self, samples_max: int, steps_at_once: int, check: Callable[[], None], features: Features) -> None:
        self._samples_max, self._steps_at_once, self._check, self._features = samples_max, steps_at_once, check, features
        self._invariant: dict[int, Value] = {}
        """Values of what is the same at all steps, at one of them; by identity."""
        self._inside: dict[int, VectorSamples] = {}
        """Of subqueries that several runs look at, by identity: their windows overlap."""
        self._held = 0
        self._narrowed: dict[int, Narrowed] = {}
        """By identity of selectors."""

    def whole(self, expr: Expr, frame: Frame) -> Value | Ranges:
        """The value at all steps; of a vector that takes several runs the samples, which then lie in one window."""
        if frame.steps <= self._steps_at_once:
            value = self.value(expr, frame)
            return drop_names(value) if isinstance(value, Vector) else value
        if kind_of(expr) is Kind.SCALAR:
            return np.concatenate([frame.at(place).scalar(expr) for place in self._places(frame.steps)])
        found = self._joined((drop_names(part.vector(expr)), part.steps_ms) for part in map(frame.at, self._places(frame.steps)))
        first_ms, last_ms = int(frame.steps_ms[0]), int(frame.steps_ms[-1])
        return ranges_of_samples(found, frame.steps_ms[-1:], last_ms - first_ms + 1)

    def _places(self, steps: int) -> list[slice]:
        return [slice(first, first + self._steps_at_once) for first in range(0, steps, self._steps_at_once)]

    def _joined(self, runs: Iterable[tuple[Vector, I64]]) -> VectorSamples:
        """The samples of vectors at times that follow each other. Raises TooManySamples."""
        parts, held = list[VectorSamples](), 0
        for vector, times_ms in runs:
            parts.append(samples_of(vector.tidy(), times_ms))
            held += len(parts[-1])
            if held > self._samples_max:
                raise TooManySamples
        return join_samples(parts) if parts else samples_of(Vector.empty(0), np.empty(0, dtype=np.int64))

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
                return self._selector(expr, frame)
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
        if id(expr) not in self._invariant:
            place = None if frame.place is None else slice(None)
            self._invariant[id(expr)] = self.value(expr, replace(frame, steps_ms=frame.steps_ms[:1], place=place))
        value = self._invariant[id(expr)]
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
        ends_ms, steps = _read_times(selector.modifiers.at_ms, selector.modifiers.offset_ms, frame)
        selected = self._needed(frame, selector, ends_ms, expr.range_ms)
        ranges = ranges_of_selected(selected, ends_ms, expr.range_ms, detects_resets=selector.detects_resets)
        ranges = _repeated(replace(ranges, anchored=selector.anchored, smoothed=selector.smoothed), steps)
        found = (ranges.float_counts + ranges.histogram_counts).sum(axis=0)
        frame.statistics.found(found, frame.place)
        return ranges

    def _subquery(self, expr: Subquery, frame: Frame) -> Ranges:
        ends_ms, steps = _read_times(expr.modifiers.at_ms, expr.modifiers.offset_ms, frame)
        if not frame.is_part:
            samples = self._samples(expr, frame)
        elif id(expr) in self._inside:
            samples = self._inside[id(expr)]
        else:
            samples = self._inside[id(expr)] = self._samples(expr, frame)
            self._held += len(samples)
            if self._held > self._samples_max:
                raise TooManySamples
        return _repeated(ranges_of_samples(samples, ends_ms, expr.range_ms), steps)

    def _samples(self, expr: Subquery, frame: Frame) -> VectorSamples:
        """Of the inside of a subquery, as all steps of the level need them."""
        times = subquery_window(expr, frame.level, frame.query.subquery_step_ms)
        if times.count > self._samples_max:
            raise TooManySamples
        inside = (replace(frame, steps_ms=run.steps_ms, level=times, place=None) for run in times.runs(self._steps_at_once))
        return self._joined((run.vector(expr.expr), run.steps_ms) for run in inside)

    def _needed(self, frame: Frame, selector: VectorSelector, ends_ms: I64, reach_ms: int) -> Selected:
        """Of what was selected at least the samples that windows of these ends can hold, or need beside them."""
        selected, beside_ms = frame.selected[selector.selection], frame.query.lookback_ms + 1
        if not frame.is_part:
            return selected
        narrowed = self._narrowed.setdefault(id(selector), Narrowed(selected, frame.query.selections[selector.selection]))
        return narrowed.between(int(ends_ms[0]) - reach_ms - beside_ms, int(ends_ms[-1]) + beside_ms)

    def _selector(self, expr: VectorSelector, frame: Frame) -> Vector:
        times_ms, steps = _read_times(expr.modifiers.at_ms, expr.modifiers.offset_ms, frame)
        selected = self._needed(frame, expr, times_ms, frame.query.lookback_ms)
        if expr.smoothed:
            vector = smoothed_vector(expr, selected, times_ms, frame)
        else:
            vector = instant_vector(selected, times_ms, frame.query.lookback_ms, detects_resets=expr.detects_resets)
        vector = vector.repeated(steps)
        frame.statistics.found(np.count_nonzero(vector.present, axis=0), frame.place)
        return vector


def _read_times(at_ms: int | None, offset_ms: int, frame: Frame) -> tuple[I64, int]:
    """The times for which samples are read, and how many steps there are: `@` makes it one time for all."""
    times = frame.steps_ms if at_ms is None else np.array([at_ms], dtype=np.int64)
    return times - offset_ms, frame.steps


def _repeated(ranges: Ranges, steps: int) -> Ranges:
    return ranges if ranges.steps == steps else ranges.repeated(steps)
