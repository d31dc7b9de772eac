"""What counters do between samples: resets by falling values and by start timestamps."""

from __future__ import annotations

import numpy as np

from lgtm.promql.columns import NO_START
from lgtm.promql.value import FloatSamples, HistogramSamples
from lgtm.vectors.matrix import I64, Bool


def started_anew(samples: FloatSamples | HistogramSamples) -> Bool:
    """For each sample whether its start timestamp says that the counter was reset since the sample before it in the same series.

    It does when it lies behind the predecessor; or right on it, if that one knew its own start: so deltas are written whose periods adjoin.
    A start at or behind the sample's own time says nothing.
    """
    result = np.zeros(len(samples.ts_ms), dtype=bool)
    starts, ts = samples.starts_ms, samples.ts_ms
    if starts is None or len(ts) < 2:
        return result
    known = (starts[1:] != NO_START) & (starts[1:] < ts[1:])
    before_known = (starts[:-1] != NO_START) & (starts[:-1] < ts[:-1])
    result[1:] = known & ((starts[1:] > ts[:-1]) | ((starts[1:] == ts[:-1]) & before_known)) & follows(samples.series)[1:]
    return result


def starts_overlap(samples: FloatSamples | HistogramSamples) -> Bool:
    """For each sample whether its start lies before its predecessor, but is another one than that one's."""
    result = np.zeros(len(samples.ts_ms), dtype=bool)
    starts, ts = samples.starts_ms, samples.ts_ms
    if starts is None or len(ts) < 2:
        return result
    result[1:] = (starts[1:] != NO_START) & (starts[1:] < ts[:-1]) & (starts[1:] != starts[:-1]) & follows(samples.series)[1:]
    return result


def follows(series: I64) -> Bool:
    """Whether each sample has a predecessor in its series."""
    result = np.zeros(len(series), dtype=bool)
    result[1:] = series[1:] == series[:-1]
    return result


def was_reset(samples: FloatSamples) -> Bool:
    """Whether each sample is the first after a reset."""
    result = started_anew(samples)
    result[1:] |= (samples.values[1:] < samples.values[:-1]) & follows(samples.series)[1:]
    return result


def histogram_was_reset(samples: HistogramSamples) -> Bool:
    result = started_anew(samples)
    for at in np.flatnonzero(follows(samples.series)).tolist():
        result[at] |= samples.histograms[at].resets_after(samples.histograms[at - 1])
    return result
