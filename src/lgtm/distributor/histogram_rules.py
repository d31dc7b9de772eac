"""Which native histograms make sense. Rules and words are those of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.wire.histogram_columns import BucketArrays, HistogramArrays, histogram_arrays, span_faults
from lgtm.wire.native_histograms import CUSTOM_BUCKETS

SCHEMA_MIN, SCHEMA_MAX = -4, 52
"""Schemas finer than 8 are taken: queries reduce them."""
Flags = npt.NDArray[np.bool_]


def faults_of(messages: pa.Array) -> dict[int, str]:
    """Of each stored histogram that makes no sense its number, and why. What has no fault, `histogram_arrays` reads."""
    found = span_faults(messages)
    if not found:
        return faults(histogram_arrays(messages))
    sound = np.setdiff1d(np.arange(len(messages)), list(found))
    told = faults(histogram_arrays(messages.take(pa.array(sound))))
    return found | {int(sound[number]): text for number, text in told.items()}


def faults(histograms: HistogramArrays) -> dict[int, str]:
    """Of each histogram that makes no sense its number, and why: the first rule that it breaks."""
    found: dict[int, str] = {}
    for number, text in _faults(histograms):
        found.setdefault(number, text)
    return found


def _faults(histograms: HistogramArrays) -> Iterator[tuple[int, str]]:
    schema, custom = histograms.schema, histograms.schema == CUSTOM_BUCKETS
    wrong = ~custom & ((schema < SCHEMA_MIN) | (schema > SCHEMA_MAX))
    for number in np.flatnonzero(wrong).tolist():
        yield (
            number,
            (
                "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, "
                f"got schema {int(schema[number])}"
            ),
        )
    yield from _of_custom(histograms, custom)
    yield from _of_exponential(histograms, ~custom)
    for number in np.flatnonzero(histograms.count < 0).tolist():
        yield number, f"observation count is  {histograms.count[number]:g}: histogram's observation count is negative"
    for number in np.flatnonzero(histograms.zero_count < 0).tolist():
        yield number, f"zero bucket count is {histograms.zero_count[number]:g}: histogram has a bucket whose observation count is negative"
    for side, buckets in (("negative", histograms.negative), ("positive", histograms.positive)):
        for number, bucket, count in _negative_buckets(buckets):
            text = "histogram has a bucket whose observation count is negative"
            yield number, f"{side} side: bucket number {bucket + 1} has observation count of {count:g}: {text}"
    yield from _of_counts(histograms)


def _of_custom(histograms: HistogramArrays, custom: Flags) -> Iterator[tuple[int, str]]:
    for number in np.flatnonzero(custom).tolist():
        bounds = histograms.custom_bounds[histograms.custom_offsets[number] : histograms.custom_offsets[number + 1]]
        falling = np.flatnonzero(~(np.diff(bounds) > 0))
        if len(falling):
            before, after = bounds[falling[0]], bounds[falling[0] + 1]
            rule = "histogram custom bounds must be in strictly increasing order"
            yield number, f"custom buckets: previous bound is {before:f} and current is {after:f}: {rule}"
        elif not np.isfinite(bounds).all():
            yield number, "custom buckets: histogram custom bounds must be finite"
        if histograms.zero_count[number]:
            yield number, "custom buckets: must have zero count of 0"
        if histograms.zero_threshold[number]:
            yield number, "custom buckets: must have zero threshold of 0"
        if histograms.negative.offsets[number + 1] > histograms.negative.offsets[number]:
            yield number, "custom buckets: must not have negative buckets"


def _of_exponential(histograms: HistogramArrays, exponential: Flags) -> Iterator[tuple[int, str]]:
    for number in np.flatnonzero(exponential & (np.diff(histograms.custom_offsets) > 0)).tolist():
        yield number, "histogram with exponential schema must not have custom bounds"
    for number in np.flatnonzero(exponential & ~(histograms.zero_threshold >= 0)).tolist():
        # Not a rule of Prometheus: the bounds of the zero bucket would be the wrong way round.
        yield number, f"zero threshold is {histograms.zero_threshold[number]:g}: histogram's zero threshold must not be negative"


def _negative_buckets(buckets: BucketArrays) -> Iterator[tuple[int, int, float]]:
    for at in np.flatnonzero(buckets.counts < 0).tolist():
        number = int(np.searchsorted(buckets.offsets, at, side="right")) - 1
        yield number, at - int(buckets.offsets[number]), float(buckets.counts[at])


def _of_counts(histograms: HistogramArrays) -> Iterator[tuple[int, str]]:
    within = histograms.zero_count + _sums(histograms.positive) + _sums(histograms.negative)
    exact = np.isclose(within, histograms.count, rtol=1e-12, atol=0)
    with_nan = np.isnan(histograms.sum)
    for number in np.flatnonzero(~histograms.is_float & ~exact & ((within > histograms.count) | ~with_nan)).tolist():
        rule = "should be at least the number of observations found in the buckets" if with_nan[number] else (
            "should equal the number of observations found in the buckets (in absence of NaN)"
        )  # fmt: skip
        yield (
            number,
            (
                f"{within[number]:g} observations found in buckets, but the Count field is {histograms.count[number]:g}: "
                f"histogram's observation count {rule}"
            ),
        )


def _sums(buckets: BucketArrays) -> npt.NDArray[np.float64]:
    until = np.concatenate(([0.0], np.cumsum(buckets.counts)))
    found: npt.NDArray[np.float64] = until[buckets.offsets[1:]] - until[buckets.offsets[:-1]]
    return found
