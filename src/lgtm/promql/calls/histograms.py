"""histogram_quantile and its relatives, of native histograms and of classic ones."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lgtm.model.labels import quote
from lgtm.promql import annotations as texts
from lgtm.promql.binary import any_of
from lgtm.promql.calls.label_functions import is_label_name
from lgtm.promql.classic_quantile import Cumulative, Forced, collect, ensure_monotonic, fraction_of, quantile_of
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame, Value
from lgtm.promql.histogram import Histogram
from lgtm.promql.native_quantile import fraction, quantile, variance
from lgtm.promql.numbers import format_float, parse_float
from lgtm.promql.position import Position
from lgtm.promql.syntax import Call
from lgtm.promql.value import NAME, Vector, at_some_step, joined, merged
from lgtm.vectors.label_table import Column, LabelTable
from lgtm.vectors.matrix import F64, I64, Bool

_LE = "le"


def _of_histogram(number: Callable[[Histogram], float]) -> Callable[[Call, Frame], Value]:
    """A number of each native histogram; floats are left out."""

    def handler(call: Call, frame: Frame) -> Value:
        vector = frame.vector(call.args[0])
        return _numbers(vector, number)

    return handler


def _numbers(vector: Vector, number: Callable[[Histogram], float]) -> Vector:
    values = np.zeros(vector.values.shape)
    held = vector.has_histogram
    if vector.histograms is not None:
        values[held] = [number(histogram) for histogram in vector.histograms[held]]
    return Vector.of_floats(vector.labels, values, held).nameless().without_empty_series()


def _mean(histogram: Histogram) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(histogram.sum) / np.float64(histogram.count))


class _Parts:
    """The vector's series by what they are: native histograms, and classic ones grouped by all labels but `le`."""

    def __init__(self, vector: Vector, frame: Frame, position: Position) -> None:
        self.vector, self.frame, self.position = vector, frame, position
        self.labels = vector.labels.drop((_LE,))
        column = vector.labels.column(_LE)
        numbers = np.array([math.nan if (number := parse_float(text.lstrip("+"))) is None else number for text in column.values])
        self.bounds: F64 = numbers[column.codes]
        floats = vector.floats.any(axis=1)
        bad = floats & np.isnan(self.bounds)
        for name, value in dict.fromkeys(zip(vector.labels.strings(NAME)[bad].tolist(), column.strings()[bad].tolist(), strict=True)):
            frame.annotations.warn(texts.bad_bucket_label(value, name), position)
        self.classic: I64 = np.flatnonzero(floats & ~np.isnan(self.bounds))
        self.native: I64 = np.flatnonzero(vector.has_histogram.any(axis=1))
        self.mixed = self._mixed()

    def _mixed(self) -> Bool:
        """Where a native histogram meets buckets of a classic one with the same labels: neither has an answer. Native rows × steps."""
        held = self.vector.has_histogram[self.native]
        mixed = np.zeros(held.shape, dtype=bool)
        if not len(self.native) or not len(self.classic):
            return mixed
        codes, first = self.labels.number()
        buckets = any_of(self.vector.floats[self.classic], codes[self.classic], len(first))
        mixed = held & buckets[codes[self.native]]
        for name in self.vector.metric_names(self.native[mixed.any(axis=1)]):
            self.frame.annotations.warn(texts.mixed_classic_and_native(name), self.position)
        return mixed

    def of_native(self, number: Callable[[Histogram, int, str], float]) -> Vector:
        """number: called with the histogram, the step and the metric's name."""
        vector = self.vector.take(self.native)
        held = vector.has_histogram & ~self.mixed
        values, names = np.zeros(held.shape), vector.labels.strings(NAME)
        for row, step in np.argwhere(held).tolist():
            assert vector.histograms is not None
            values[row, step] = number(vector.histograms[row, step], step, str(names[row]))
        return Vector.of_floats(vector.labels, values, held, np.ones(len(vector), dtype=bool))

    def of_classic(self, numbers: Callable[[Cumulative], F64], *, notes_forced: bool) -> Vector:
        """numbers: of a histogram's buckets, one per step."""
        if not len(self.classic):
            return Vector.empty(self.vector.steps)
        labels = self.labels.take(self.classic)
        codes, first = labels.number()
        native = self._native_of_groups(codes, len(first))
        present = self.vector.floats[self.classic] & ~native[codes]
        buckets = collect(self.bounds[self.classic], self.vector.values[self.classic], present, codes, len(first))
        fixed, forced = ensure_monotonic(buckets)
        if notes_forced:
            self._note_forced(forced, labels.take(first))
        unnamed = np.ones(len(first), dtype=bool)
        return Vector.of_floats(labels.take(first), numbers(fixed), np.asarray(buckets.present.any(axis=1)), unnamed)

    def _native_of_groups(self, codes: I64, count: int) -> Bool:
        """Where a group of classic buckets has a native histogram beside it."""
        native = np.zeros((count, self.vector.steps), dtype=bool)
        if len(self.native):
            both, first = self.labels.take(np.concatenate([self.classic, self.native])).number()
            held = any_of(self.vector.has_histogram[self.native], both[len(self.classic) :], len(first))
            native[codes] = held[both[: len(self.classic)]]
        return native

    def _note_forced(self, forced: Forced, labels: LabelTable) -> None:
        """One info for each name."""
        names = labels.strings(NAME)
        for name in labels.distinct(NAME, at_some_step(forced.anywhere)):
            where = forced.anywhere & (names == name)[:, None]
            steps = self.frame.steps_ms[where.any(axis=0)]
            span = f"from {_time(int(steps[0]))} to {_time(int(steps[-1]))}"
            lowest, highest = float(forced.lowest[where].min()), float(forced.highest[where].max())
            text = texts.forced_monotonic(name, lowest, highest, float(forced.difference[where].max()), int(np.count_nonzero(where)), span)
            self.frame.annotations.inform(text, self.position)


def _time(ms: int) -> str:
    return str(np.datetime64(ms, "ms").astype("datetime64[s]")) + "Z"


def _quantile(call: Call, frame: Frame) -> Value:
    phis = frame.scalar(call.args[0])
    _note_out_of_range(phis, frame, call.args[0].position)
    parts = _Parts(frame.vector(call.args[1]), frame, call.args[1].position)
    return merged(_quantiles_of(parts, phis).without_empty_series())


def _note_out_of_range(phis: F64, frame: Frame, position: Position) -> None:
    for phi in np.unique(phis).tolist():
        if not 0 <= phi <= 1:
            frame.annotations.warn(texts.quantile_out_of_range(phi), position)


def _quantiles_of(parts: _Parts, phis: F64) -> Vector:
    def of_native(histogram: Histogram, step: int, name: str) -> float:
        value = quantile(float(phis[step]), histogram)
        if math.isnan(histogram.sum) and histogram.count != 0 and 0 <= phis[step] <= 1:
            effect = "result is NaN" if math.isnan(value) else "result is skewed higher"
            parts.frame.annotations.inform(texts.nan_observations("histogram_quantile", effect, name), parts.position)
        return value

    return joined([parts.of_native(of_native), parts.of_classic(lambda buckets: quantile_of(phis, buckets), notes_forced=True)])


def _many_quantiles(call: Call, frame: Frame) -> Value:
    """One series for each quantile, told apart by a label."""
    parts = _Parts(frame.vector(call.args[0]), frame, call.args[0].position)
    name = frame.string(call.args[1])
    if not is_label_name(name):
        raise EvaluationError(f"invalid label name {quote(name)}")
    results: list[Vector] = []
    for arg in call.args[2:]:
        phis = frame.scalar(arg)
        _note_out_of_range(phis, frame, arg.position)
        vector = _quantiles_of(parts, phis).without_empty_series()
        results += _labelled(vector, name, phis)
    return merged(joined(results)) if results else Vector.empty(frame.steps)


def _labelled(vector: Vector, name: str, phis: F64) -> list[Vector]:
    """Where the quantile differs from step to step, so does the label."""
    found = []
    for phi in np.unique(phis).tolist():
        steps = np.broadcast_to((phis == phi) | (np.isnan(phis) & math.isnan(phi)), vector.values.shape)
        text = _open_metrics(phi)
        column = Column(["", text], np.ones(len(vector), dtype=np.int32))
        found.append(vector.only(steps).with_labels(vector.labels.with_column(name, column)))
    return found


def _open_metrics(value: float) -> str:
    text = format_float(value)
    return text if not math.isfinite(value) or "." in text else f"{text}.0"


def _fraction(call: Call, frame: Frame) -> Value:
    lower, upper = frame.scalar(call.args[0]), frame.scalar(call.args[1])
    parts = _Parts(frame.vector(call.args[2]), frame, call.args[2].position)

    def of_native(histogram: Histogram, step: int, name: str) -> float:
        value = fraction(float(lower[step]), float(upper[step]), histogram)
        if math.isnan(histogram.sum) and not math.isnan(value) and lower[step] < upper[step]:
            effect = "which are excluded from all fractions"
            frame.annotations.inform(texts.nan_observations("histogram_fraction", effect, name), parts.position)
        return value

    classic = parts.of_classic(lambda buckets: fraction_of(lower, upper, buckets), notes_forced=False)
    return merged(joined([parts.of_native(of_native), classic]).without_empty_series())


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {
    "histogram_count": _of_histogram(lambda histogram: histogram.count),
    "histogram_sum": _of_histogram(lambda histogram: histogram.sum),
    "histogram_avg": _of_histogram(_mean),
    "histogram_stddev": _of_histogram(lambda histogram: math.sqrt(variance(histogram))),
    "histogram_stdvar": _of_histogram(variance),
    "histogram_quantile": _quantile,
    "histogram_quantiles": _many_quantiles,
    "histogram_fraction": _fraction,
}
