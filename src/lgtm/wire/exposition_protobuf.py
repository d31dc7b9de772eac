"""Delimited `io.prometheus.client.MetricFamily` messages: bytes of a page → Exposition. The only format with native histograms.

Series are named as in text: a histogram has `_bucket`, `_sum` and `_count`, a summary one series for each quantile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from lgtm.wire.bounds import MalformedBody, TruncatedBody
from lgtm.wire.decoded_samples import Metadata
from lgtm.wire.exposition import NAN, NO_TIME, Exposition, ScrapedExemplar
from lgtm.wire.exposition_histogram import encode_histogram, is_native
from lgtm.wire.exposition_messages import LabelPair, MetricFamily
from lgtm.wire.exposition_numbers import float_label
from lgtm.wire.exposition_resolution import ANY, Resolution
from lgtm.wire.exposition_series import METRIC_NAME, Pairs, decode_utf8
from lgtm.wire.exposition_text import sparse_times
from lgtm.wire.protobuf import read_varint

COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)
_TYPES = ("counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram")


def decode_protobuf(data: bytes, *, native: bool = True, classic: bool = False, resolution: Resolution = ANY) -> Exposition:
    """native: whether native histograms are read; otherwise only their classic buckets. classic: whether buckets are read beside them, too.
    resolution: how fine native ones are kept; those that have too many buckets at any are `oversized`.

    Pure, and free to run in any thread. Raises MalformedBody for a page that is wrong in any place; then nothing of it counts.
    """
    page = _Page(native, classic, resolution)
    for message in _delimited(data):
        try:
            family = MetricFamily.FromString(message)
        except DecodeError as error:
            raise MalformedBody(f"proto: cannot parse MetricFamily: {error}") from error
        page.add(family)
    return page.exposition()


def _delimited(data: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        size, start = read_varint(data, position, len(data))
        position = start + size
        if position > len(data):
            raise TruncatedBody
        yield data[start:position]


class _Page:
    def __init__(self, native: bool, classic: bool, resolution: Resolution) -> None:
        self._native, self._classic, self._resolution = native, classic, resolution
        self._keys: list[bytes] = []
        self._values: list[float] = []
        self._series: list[tuple[bytes, Any, tuple[str, str] | None]] = []
        self._times: dict[int, int] = {}
        self._starts: dict[int, int] = {}
        self._histograms: dict[int, bytes] = {}
        self._oversized: list[int] = []
        self._exemplars: list[ScrapedExemplar] = []
        self._metadata: list[Metadata] = []

    def add(self, family: Any) -> None:
        if not 0 <= family.type < len(_TYPES):
            raise MalformedBody(f"unknown metric type {family.type}")
        name = family.name
        self._metadata.append(Metadata(decode_utf8(name), _TYPES[family.type], decode_utf8(family.help), decode_utf8(family.unit)))
        for metric in family.metric:
            first = len(self._keys)
            match family.type:
                case 0:
                    self._add_counter(name, metric)
                case 1:
                    self._add_row(name, metric, metric.gauge.value)
                case 2:
                    self._add_summary(name, metric, metric.summary)
                case 3:
                    self._add_row(name, metric, metric.untyped.value)
                case _:
                    self._add_histogram(name, metric, metric.histogram, gauge=family.type == GAUGE_HISTOGRAM)
            if metric.timestamp_ms:
                self._times.update(dict.fromkeys(range(first, len(self._keys)), metric.timestamp_ms))

    def _add_row(self, name: bytes, metric: Any, value: float, bound: tuple[str, str] | None = None) -> int:
        # The joint of two labels is not marked: whoever exposes labels that only differ in it harms no one else, a key is asked for one target.
        key = name + b"\xff" + b"".join(metric.label)
        if bound is not None:
            key += f"\xff{bound[1]}".encode()
        self._keys.append(key)
        self._values.append(value)
        self._series.append((name, metric.label, bound))
        return len(self._keys) - 1

    def _add_counter(self, name: bytes, metric: Any) -> None:
        counter = metric.counter
        row = self._add_row(name, metric, counter.value)
        self._set_starts(row, counter)
        if counter.HasField("exemplar"):
            self._add_exemplar(row, counter.exemplar)

    def _add_summary(self, name: bytes, metric: Any, summary: Any) -> None:
        first = self._add_row(name + b"_count", metric, float(summary.sample_count))
        self._add_row(name + b"_sum", metric, summary.sample_sum)
        for quantile in summary.quantile:
            self._add_row(name, metric, quantile.value, ("quantile", float_label(quantile.quantile)))
        self._set_starts(first, summary)

    def _add_histogram(self, name: bytes, metric: Any, histogram: Any, *, gauge: bool) -> None:
        first = len(self._keys)
        native = self._native and is_native(histogram)
        if native:
            row = self._add_row(name, metric, histogram.sample_sum)
            self._histograms[row], buckets = encode_histogram(histogram, gauge=gauge, resolution=self._resolution)
            if 0 < self._resolution.buckets_max < buckets:
                self._oversized.append(row)
            for exemplar in histogram.exemplars or [bucket.exemplar for bucket in histogram.bucket if bucket.HasField("exemplar")]:
                self._add_exemplar(row, exemplar)
        if not native or (self._classic and histogram.bucket):
            self._add_classic(name, metric, histogram)
        if not gauge:
            self._set_starts(first, histogram)

    def _add_classic(self, name: bytes, metric: Any, histogram: Any) -> None:
        count = histogram.sample_count_float or float(histogram.sample_count)
        self._add_row(name + b"_count", metric, count)
        self._add_row(name + b"_sum", metric, histogram.sample_sum)
        bucket_name, bound = name + b"_bucket", ""
        for bucket in histogram.bucket:
            bound = float_label(bucket.upper_bound)
            row = self._add_row(bucket_name, metric, bucket.cumulative_count_float or float(bucket.cumulative_count), ("le", bound))
            if bucket.HasField("exemplar"):
                self._add_exemplar(row, bucket.exemplar)
        if bound != "+Inf":
            self._add_row(bucket_name, metric, count, ("le", "+Inf"))

    def _set_starts(self, first: int, value: Any) -> None:
        if value.HasField("created_timestamp"):
            self._starts.update(dict.fromkeys(range(first, len(self._keys)), _milliseconds(value.created_timestamp)))

    def _add_exemplar(self, row: int, exemplar: Any) -> None:
        labels = tuple((decode_utf8(pair.name), decode_utf8(pair.value)) for pair in exemplar.label)
        time = _milliseconds(exemplar.timestamp) if exemplar.HasField("timestamp") else None
        self._exemplars.append(ScrapedExemplar(row, labels, exemplar.value, time))

    def _labels_of(self, index: int) -> Pairs:
        name, encoded, bound = self._series[index]
        pairs = [(METRIC_NAME, decode_utf8(name))] if name else []
        for label in encoded:
            try:
                pair = LabelPair.FromString(label)
            except DecodeError as error:
                raise MalformedBody(f"proto: cannot parse LabelPair: {error}") from error
            pairs.append((decode_utf8(pair.name), decode_utf8(pair.value)))
        return tuple([*pairs, bound] if bound else pairs)

    def exposition(self) -> Exposition:
        values = np.array(self._values, np.float64)
        values[np.isnan(values)] = NAN[0]
        rows = len(self._keys)
        return Exposition(
            keys=self._keys,
            values=values,
            labels_of=self._labels_of,
            ts_ms=sparse_times(self._times, rows),
            start_ms=sparse_times(self._starts, rows),
            histograms=self._histograms,
            oversized=self._oversized,
            exemplars=self._exemplars,
            metadata=tuple(self._metadata),
        )


def _milliseconds(timestamp: Any) -> int:
    """Of a protobuf Timestamp, kept within what a column of integers takes."""
    ms: int = timestamp.seconds * 1_000 + timestamp.nanos // 1_000_000
    return max(NO_TIME + 1, min(ms, -NO_TIME - 1))
