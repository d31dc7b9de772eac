"""Changes between histograms of a window."""

from __future__ import annotations

from dataclasses import replace

from lgtm.promql import annotations as texts
from lgtm.promql.columns import Objects
from lgtm.promql.counters import started_anew
from lgtm.promql.frame import Frame
from lgtm.promql.histogram import Histogram, IncompatibleSchemas, ResetHint
from lgtm.promql.position import Position
from lgtm.promql.value import HistogramSamples
from lgtm.vectors.matrix import Bool


def blank_like(histogram: Histogram) -> Histogram:
    """No observations, in the same layout."""
    return Histogram(schema=histogram.schema, zero_threshold=histogram.zero_threshold, bounds=histogram.bounds)


class _Changes:
    """Adds and subtracts histograms of one window, and remembers what is to be told about it."""

    def __init__(self, frame: Frame, position: Position) -> None:
        self._frame, self._position = frame, position

    def minus(self, one: Histogram, other: Histogram) -> Histogram:
        self._note(one, other, "subtraction")
        return one.plus(other, -1.0)

    def plus(self, one: Histogram, other: Histogram) -> Histogram:
        self._note(one, other, "addition")
        return one.plus(other)

    def _note(self, one: Histogram, other: Histogram, operation: str) -> None:
        if one.custom and other.custom and one.bounds != other.bounds:
            self._frame.annotations.inform(texts.bounds_reconciled(operation), self._position)


def histogram_change(
    histograms: Objects, resets: Bool, frame: Frame, position: Position, name: str, *, is_counter: bool, from_zero: bool
) -> Histogram | None:
    """From the first to the last, with what was lost at resets. None, with a warning, where layouts do not go together.

    resets: for each histogram whether it is the first after a reset. from_zero: the first one is counted in full.
    """
    held: list[Histogram] = histograms.tolist()
    first, last = held[0], held[-1]
    _note_hints(held, frame, position, name, is_counter=is_counter)
    if from_zero:
        first = blank_like(first)
    elif is_counter and resets[1]:
        # What the first one looked like does not matter then.
        first = blank_like(held[1])
    relevant = [first, *held[1:]] if is_counter else [first, last]
    if any(histogram.custom != first.custom for histogram in relevant):
        frame.annotations.warn(texts.mixed_schemas(name), position)
        return None
    changes = _Changes(frame, position)
    coarsest = min(histogram.schema for histogram in relevant)
    change = changes.minus(last.to_schema(coarsest), first)
    previous = held[0] if from_zero else first
    for at in range(1, len(held) if is_counter else 1):
        if resets[at]:
            change = changes.plus(change, previous)
        previous = held[at]
    return replace(change, hint=ResetHint.GAUGE).compact()


def _note_hints(held: list[Histogram], frame: Frame, position: Position, name: str, *, is_counter: bool) -> None:
    if is_counter and any(histogram.hint is ResetHint.GAUGE for histogram in held):
        frame.annotations.warn(texts.not_a_counter(name), position)
    if not is_counter and not (held[0].hint is held[-1].hint is ResetHint.GAUGE):
        frame.annotations.warn(texts.not_a_gauge(name), position)


def instant_change(
    samples: HistogramSamples, last: int, previous: int, frame: Frame, position: Position, name: str, *, is_rate: bool
) -> Histogram | None:
    """From one to the next, for irate and idelta."""
    now: Histogram = samples.histograms[last]
    before: Histogram = samples.histograms[previous]
    if is_rate and ResetHint.GAUGE in (now.hint, before.hint):
        frame.annotations.warn(texts.not_a_counter(name), position)
    if not is_rate and not (now.hint is before.hint is ResetHint.GAUGE):
        frame.annotations.warn(texts.not_a_gauge(name), position)
    if is_rate and (started_anew(samples)[last] or now.resets_after(before)):
        return replace(now, hint=ResetHint.GAUGE).compact()
    try:
        change = _Changes(frame, position).minus(now, before)
    except IncompatibleSchemas:
        frame.annotations.warn(texts.mixed_schemas(name), position)
        return None
    return replace(change, hint=ResetHint.GAUGE).compact()
