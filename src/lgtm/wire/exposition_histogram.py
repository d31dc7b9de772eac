"""A native histogram as it is scraped → as it is stored, checked on the way. Rules and texts: Prometheus, model/histogram (Apache-2.0)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition_messages import Span, StoredHistogram
from lgtm.wire.exposition_resolution import ANY, SCHEMA_MIN, Resolution, Side, fitted

SCHEMA_SENT_MAX = 52
"""Schemas beyond SCHEMA_MAX are reserved: whoever sends one means a histogram that is made coarser."""
_GAUGE_HINT = 3
_ZERO_SIDE = 1e-9
"""By so much of itself the sum of a float histogram's buckets may exceed its count: sums of floats depend on their order."""


def is_native(histogram: Any) -> bool:
    """Whether there is more in it than classic buckets."""
    return bool(histogram.positive_span or histogram.negative_span or histogram.zero_threshold or histogram.zero_count or histogram.zero_count_float)


class Encoded(NamedTuple):
    message: bytes
    """`io.prometheus.write.v2.Histogram` without a timestamp."""
    buckets: int


def encode_histogram(scraped: Any, *, gauge: bool, resolution: Resolution = ANY) -> Encoded:
    """As fine as `resolution` lets it be. Raises MalformedBody for one that does not hold together."""
    if not SCHEMA_MIN <= scraped.schema <= SCHEMA_SENT_MAX:
        raise MalformedBody(f"histogram has an invalid schema, got {scraped.schema}")
    stored = StoredHistogram(
        sum=scraped.sample_sum,
        schema=scraped.schema,
        zero_threshold=scraped.zero_threshold,
        negative_spans=scraped.negative_span,
        positive_spans=scraped.positive_span,
        reset_hint=_GAUGE_HINT if gauge else 0,
    )
    _check_spans(scraped)
    if scraped.sample_count_float or scraped.zero_count_float or scraped.negative_count or scraped.positive_count:
        _add_floats(stored, scraped)
    else:
        _add_integers(stored, scraped)
    buckets = _buckets(stored)
    if not resolution.is_kept(stored.schema, buckets):
        _coarsen(stored, resolution)
        buckets = _buckets(stored)
    return Encoded(stored.SerializeToString(), buckets)


def _add_integers(stored: Any, scraped: Any) -> None:
    stored.count_int, stored.zero_count_int = scraped.sample_count, scraped.zero_count
    stored.negative_deltas.extend(scraped.negative_delta)
    stored.positive_deltas.extend(scraped.positive_delta)
    counts = [*accumulate(scraped.negative_delta), *accumulate(scraped.positive_delta)]
    _check_sides(scraped, len(scraped.negative_delta), len(scraped.positive_delta))
    _check_counts(counts)
    total = scraped.zero_count + sum(counts)
    if total > scraped.sample_count or (total != scraped.sample_count and not math.isnan(scraped.sample_sum)):
        raise MalformedBody(
            f"{total} observations found in buckets, but the Count field is {scraped.sample_count}: histogram's observation count "
            "should equal the number of observations found in the buckets (in absence of NaN)"
        )


def _add_floats(stored: Any, scraped: Any) -> None:
    stored.count_float = scraped.sample_count_float or float(scraped.sample_count)
    stored.zero_count_float = scraped.zero_count_float or float(scraped.zero_count)
    stored.negative_counts.extend(scraped.negative_count)
    stored.positive_counts.extend(scraped.positive_count)
    _check_sides(scraped, len(scraped.negative_count), len(scraped.positive_count))
    counts = [*scraped.negative_count, *scraped.positive_count]
    _check_counts(counts)
    if stored.zero_count_float + sum(counts) > stored.count_float * (1 + _ZERO_SIDE):
        raise MalformedBody("histogram's observation count should be at least the number of observations found in the buckets")


def _buckets(stored: Any) -> int:
    return sum(map(len, (stored.negative_deltas, stored.negative_counts, stored.positive_deltas, stored.positive_counts)))


def _coarsen(stored: Any, resolution: Resolution) -> None:
    sides = (
        _side(stored.negative_spans, stored.negative_deltas, stored.negative_counts),
        _side(stored.positive_spans, stored.positive_deltas, stored.positive_counts),
    )
    stored.schema, (negative, positive) = fitted(stored.schema, sides, resolution)
    try:
        _put(negative, stored.negative_spans, stored.negative_deltas, stored.negative_counts)
        _put(positive, stored.positive_spans, stored.positive_deltas, stored.positive_counts)
    except ValueError as error:
        raise MalformedBody(f"histogram cannot be made coarser: {error}") from error


def _side(spans: Any, deltas: Any, counts: Any) -> Side:
    return Side.of([(span.offset, span.length) for span in map(_span, spans)], list(counts) or list(accumulate(deltas)))


def _put(side: Side, spans: Any, deltas: Any, counts: Any) -> None:
    """Raises ValueError for numbers that have no place in the message: sums of large counts, gaps of many empty spans."""
    encoded = [Span(offset=offset, length=length).SerializeToString() for offset, length in side.spans()]
    del spans[:]
    spans.extend(encoded)
    if counts:
        counts[:] = side.counts
    else:
        deltas[:] = side.deltas()


def _check_spans(scraped: Any) -> None:
    for spans in (scraped.negative_span, scraped.positive_span):
        for at, span in enumerate(map(_span, spans)):
            if at and span.offset < 0:
                raise MalformedBody(f"span number {at + 1} with offset {span.offset}: histogram has a span whose offset is negative")


def _check_sides(scraped: Any, negative: int, positive: int) -> None:
    for side, spans, buckets in (("negative", scraped.negative_span, negative), ("positive", scraped.positive_span, positive)):
        needed = sum(_span(span).length for span in spans)
        if needed != buckets:
            raise MalformedBody(
                f"{side} side: spans need {needed} buckets, have {buckets} buckets: histogram spans specify different number of buckets than provided"
            )


def _check_counts(counts: Sequence[float]) -> None:
    for at, count in enumerate(counts):
        if count < 0:
            raise MalformedBody(
                f"bucket number {at + 1} has observation count of {count}: histogram has a bucket whose observation count is negative"
            )


def _span(encoded: bytes) -> Any:
    try:
        return Span.FromString(encoded)
    except DecodeError:
        raise MalformedBody("histogram has a span that is no message") from None
