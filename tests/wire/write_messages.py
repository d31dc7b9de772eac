"""Requests of remote write and remote read for tests, made by the protobuf library from the published schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2

from wire.messages import message_classes

_F = descriptor_pb2.FieldDescriptorProto
_Table = dict[str, list[tuple[str, int, int, str]]]

_HISTOGRAM: _Table = {
    "BucketSpan": [("offset", 1, _F.TYPE_SINT32, ""), ("length", 2, _F.TYPE_UINT32, "")],
    "Histogram": [
        ("count_int", 1, _F.TYPE_UINT64, "?"),
        ("count_float", 2, _F.TYPE_DOUBLE, "?"),
        ("sum", 3, _F.TYPE_DOUBLE, ""),
        ("schema", 4, _F.TYPE_SINT32, ""),
        ("zero_threshold", 5, _F.TYPE_DOUBLE, ""),
        ("zero_count_int", 6, _F.TYPE_UINT64, "?"),
        ("zero_count_float", 7, _F.TYPE_DOUBLE, "?"),
        ("negative_spans", 8, _F.TYPE_MESSAGE, "*BucketSpan"),
        ("negative_deltas", 9, _F.TYPE_SINT64, "*"),
        ("negative_counts", 10, _F.TYPE_DOUBLE, "*"),
        ("positive_spans", 11, _F.TYPE_MESSAGE, "*BucketSpan"),
        ("positive_deltas", 12, _F.TYPE_SINT64, "*"),
        ("positive_counts", 13, _F.TYPE_DOUBLE, "*"),
        ("reset_hint", 14, _F.TYPE_INT32, ""),
        ("timestamp", 15, _F.TYPE_INT64, ""),
        ("custom_values", 16, _F.TYPE_DOUBLE, "*"),
        ("start_timestamp", 17, _F.TYPE_INT64, ""),
    ],
}
_SAMPLE: list[tuple[str, int, int, str]] = [("value", 1, _F.TYPE_DOUBLE, ""), ("timestamp", 2, _F.TYPE_INT64, "")]
_PROMETHEUS: _Table = {
    **_HISTOGRAM,
    "Label": [("name", 1, _F.TYPE_BYTES, ""), ("value", 2, _F.TYPE_BYTES, "")],
    "Sample": _SAMPLE,
    "Exemplar": [("labels", 1, _F.TYPE_MESSAGE, "*Label"), ("value", 2, _F.TYPE_DOUBLE, ""), ("timestamp", 3, _F.TYPE_INT64, "")],
    "MetricMetadata": [
        ("type", 1, _F.TYPE_INT32, ""),
        ("metric_family_name", 2, _F.TYPE_BYTES, ""),
        ("help", 4, _F.TYPE_BYTES, ""),
        ("unit", 5, _F.TYPE_BYTES, ""),
    ],
    "TimeSeries": [
        ("labels", 1, _F.TYPE_MESSAGE, "*Label"),
        ("samples", 2, _F.TYPE_MESSAGE, "*Sample"),
        ("exemplars", 3, _F.TYPE_MESSAGE, "*Exemplar"),
        ("histograms", 4, _F.TYPE_MESSAGE, "*Histogram"),
    ],
    "WriteRequest": [("timeseries", 1, _F.TYPE_MESSAGE, "*TimeSeries"), ("metadata", 3, _F.TYPE_MESSAGE, "*MetricMetadata")],
    "LabelMatcher": [("type", 1, _F.TYPE_INT32, ""), ("name", 2, _F.TYPE_BYTES, ""), ("value", 3, _F.TYPE_BYTES, "")],
    "ReadHints": [
        ("step_ms", 1, _F.TYPE_INT64, ""),
        ("func", 2, _F.TYPE_BYTES, ""),
        ("start_ms", 3, _F.TYPE_INT64, ""),
        ("end_ms", 4, _F.TYPE_INT64, ""),
        ("grouping", 5, _F.TYPE_BYTES, "*"),
        ("by", 6, _F.TYPE_BOOL, ""),
        ("range_ms", 7, _F.TYPE_INT64, ""),
    ],
    "Query": [
        ("start_timestamp_ms", 1, _F.TYPE_INT64, ""),
        ("end_timestamp_ms", 2, _F.TYPE_INT64, ""),
        ("matchers", 3, _F.TYPE_MESSAGE, "*LabelMatcher"),
        ("hints", 4, _F.TYPE_MESSAGE, "ReadHints"),
    ],
    "ReadRequest": [("queries", 1, _F.TYPE_MESSAGE, "*Query"), ("accepted_response_types", 2, _F.TYPE_INT32, "*")],
    "QueryResult": [("timeseries", 1, _F.TYPE_MESSAGE, "*TimeSeries")],
    "ReadResponse": [("results", 1, _F.TYPE_MESSAGE, "*QueryResult")],
    "Chunk": [
        ("min_time_ms", 1, _F.TYPE_INT64, ""),
        ("max_time_ms", 2, _F.TYPE_INT64, ""),
        ("type", 3, _F.TYPE_INT32, ""),
        ("data", 4, _F.TYPE_BYTES, ""),
    ],
    "ChunkedSeries": [("labels", 1, _F.TYPE_MESSAGE, "*Label"), ("chunks", 2, _F.TYPE_MESSAGE, "*Chunk")],
    "ChunkedReadResponse": [("chunked_series", 1, _F.TYPE_MESSAGE, "*ChunkedSeries"), ("query_index", 2, _F.TYPE_INT64, "")],
}
_WRITE_2: _Table = {
    **_HISTOGRAM,
    "Sample": [*_SAMPLE, ("start_timestamp", 3, _F.TYPE_INT64, "")],
    "Exemplar": [("labels_refs", 1, _F.TYPE_UINT32, "*"), ("value", 2, _F.TYPE_DOUBLE, ""), ("timestamp", 3, _F.TYPE_INT64, "")],
    "Metadata": [("type", 1, _F.TYPE_INT32, ""), ("help_ref", 3, _F.TYPE_UINT32, ""), ("unit_ref", 4, _F.TYPE_UINT32, "")],
    "TimeSeries": [
        ("labels_refs", 1, _F.TYPE_UINT32, "*"),
        ("samples", 2, _F.TYPE_MESSAGE, "*Sample"),
        ("histograms", 3, _F.TYPE_MESSAGE, "*Histogram"),
        ("exemplars", 4, _F.TYPE_MESSAGE, "*Exemplar"),
        ("metadata", 5, _F.TYPE_MESSAGE, "Metadata"),
    ],
    "Request": [("symbols", 4, _F.TYPE_BYTES, "*"), ("timeseries", 5, _F.TYPE_MESSAGE, "*TimeSeries")],
}

PROMETHEUS = message_classes("prometheus", _PROMETHEUS)
WRITE_2 = message_classes("io.prometheus.write.v2", _WRITE_2)

Labels = Sequence[tuple[str, str]]
Sample = tuple[int, float]
"""Time in milliseconds, value."""


def write_1(series: Sequence[tuple[Labels, Sequence[Sample]]]) -> Any:
    """A prometheus.WriteRequest, to be changed further or serialised."""
    request = PROMETHEUS["WriteRequest"]()
    for labels, samples in series:
        added = request.timeseries.add()
        add_labels(added, labels)
        for ts_ms, value in samples:
            added.samples.add(value=value, timestamp=ts_ms)
    return request


def add_labels(message: Any, labels: Labels) -> None:
    for name, value in labels:
        message.labels.add(name=name.encode(), value=value.encode())


class Writer2:
    """An io.prometheus.write.v2.Request that grows, with its symbols."""

    def __init__(self, *symbols: str) -> None:
        """symbols: those that come first, after the empty one."""
        self.request = WRITE_2["Request"]()
        self._refs: dict[str, int] = {}
        for symbol in ("", *symbols):
            self.ref(symbol)

    def ref(self, text: str) -> int:
        if text not in self._refs:
            self._refs[text] = len(self._refs)
            self.request.symbols.append(text.encode())
        return self._refs[text]

    def refs(self, labels: Labels) -> list[int]:
        return [self.ref(text) for pair in labels for text in pair]

    def series(self, labels: Labels, samples: Sequence[Sample] = ()) -> Any:
        added = self.request.timeseries.add(labels_refs=self.refs(labels))
        for ts_ms, value in samples:
            added.samples.add(value=value, timestamp=ts_ms)
        return added


def write_2(series: Sequence[tuple[Labels, Sequence[Sample]]], *symbols: str) -> Any:
    writer = Writer2(*symbols)
    for labels, samples in series:
        writer.series(labels, samples)
    return writer.request


def histogram(fields: Mapping[str, Any], cls: Any = WRITE_2["Histogram"]) -> Any:
    """spans are given as pairs of offset and length."""
    message = cls()
    for name, value in fields.items():
        if name.endswith("_spans"):
            for offset, length in value:
                getattr(message, name).add(offset=offset, length=length)
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message
