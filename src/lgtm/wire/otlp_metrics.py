"""OTLP metrics to samples: `ExportMetricsServiceRequest` in protobuf or JSON, mapped as Prometheus maps it.

ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1 }
ResourceMetrics { resource = 1; repeated ScopeMetrics scope_metrics = 2; schema_url = 3 }
ScopeMetrics    { scope = 1; repeated Metric metrics = 2; schema_url = 3 }
Metric { name = 1; description = 2; unit = 3; oneof data { gauge = 5; sum = 7; histogram = 9; exponential_histogram = 10; summary = 11 } }
data   { repeated … data_points = 1; AggregationTemporality aggregation_temporality = 2; bool is_monotonic = 3 }

Metrics are walked one by one, down to where their points lie; the points of all metrics of a kind are read together.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from lgtm.wire.bounds import BOUNDS, BodyBounds, TooManyStreams
from lgtm.wire.decoded_samples import DecodedSamples, Loss, Metadata
from lgtm.wire.fields import Ints
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.otlp_exemplars import Exemplars
from lgtm.wire.otlp_json import metrics_to_protobuf
from lgtm.wire.otlp_metric_family import Data, Family, Kind, Temporality, family
from lgtm.wire.otlp_metric_labels import TARGET_INFO, Around, around, target_info
from lgtm.wire.otlp_metric_names import InvalidName
from lgtm.wire.otlp_metric_points import NS_PER_MS, FoundPoints, Group
from lgtm.wire.otlp_metric_samples import Request, add_histograms, add_numbers, add_summaries
from lgtm.wire.otlp_metric_series import Losses, RequestSeries
from lgtm.wire.otlp_metrics_options import OPTIONS, OtlpMetricsOptions
from lgtm.wire.otlp_native_points import add_custom, add_exponential
from lgtm.wire.protobuf import LENGTH_DELIMITED, Buffer, tag
from lgtm.wire.sample_rows import SampleRows

_HEAD, _SCHEMA = tag(1, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED)
_NAME, _DESCRIPTION, _UNIT = (tag(n, LENGTH_DELIMITED) for n in (1, 2, 3))
_DATA = {tag(data, LENGTH_DELIMITED): data for data in Data}
_TEMPORAL = (Data.SUM, Data.HISTOGRAM, Data.EXPONENTIAL_HISTOGRAM)

_Adder = Callable[[Request, FoundPoints], None]

TARGET_INFO_SAMPLES_MAX = 1_000
"""Of one resource in one request: nearly two days at the usual interval."""
_OF_NO_POINT = np.zeros(0, np.int64)
_TARGET_METADATA = Metadata(TARGET_INFO, "gauge", "Target metadata", "")


def decode_otlp_metrics(data: bytes, *, json: bool, options: OtlpMetricsOptions = OPTIONS, bounds: BodyBounds = BOUNDS) -> DecodedSamples:
    """Pure, but for caches, and free to run in any thread. A request without points has no rows.

    Points that cannot be kept (deltas without the option, names of nothing, histograms that contradict themselves, numbers without a value) are
    told of in `dropped` and hurt no other. bounds: `rows_max` holds for points, for the rows they become, and for exemplars; `streams_max` for
    resources with scopes; `metadata_bytes_max` for the keys of all series together, and for labels of exemplars.

    Raises MalformedBody for a request that is none, and BodyTooLarge kinds; then nothing of it counts.
    """
    buffer = Buffer(metrics_to_protobuf(data, bounds) if json else data)
    losses = Losses()
    found = _Found(buffer, options, bounds, losses)
    found.read()
    exemplars = Exemplars(bounds.rows_max, bounds.metadata_bytes_max)
    request = Request(buffer, RequestSeries(bounds, losses), SampleRows(bounds.rows_max), exemplars, losses, bounds.metadata_bytes_max)
    for data_kind, points in found.points.items():
        if len(points):
            _adders(options)[data_kind](request, points)
    told = _add_target_info(request, found.resources, options)
    metadata = (*found.metadata, _TARGET_METADATA) if told else tuple(found.metadata)
    keys, labels_of, rows = request.series.keys(), request.series.labels_of(), request.rows.batch()
    return DecodedSamples(keys, labels_of, rows, "otlp", exemplars.batch(), metadata, losses.all(), points=request.rows.points())


def _adders(options: OtlpMetricsOptions) -> dict[int, _Adder]:
    return {
        Data.GAUGE: add_numbers,
        Data.HISTOGRAM: add_custom if options.convert_histograms_to_nhcb else add_histograms,
        Data.EXPONENTIAL_HISTOGRAM: add_exponential,
        Data.SUMMARY: add_summaries,
    }


@dataclass(slots=True)
class _Scopes:
    """Metrics of a request in order, and for runs of them what is around them."""

    starts: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    arounds: list[tuple[int, Around | InvalidName]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def each(self) -> Iterator[tuple[int, Around | InvalidName]]:
        for of_scope, count in zip(self.arounds, self.counts, strict=True):
            for _ in range(count):
                yield of_scope


class _Found:
    """Where the points of a request lie, by kind: gauges and sums are one."""

    def __init__(self, buffer: Buffer, options: OtlpMetricsOptions, bounds: BodyBounds, losses: Losses) -> None:
        self.resources: list[bytes] = []
        self.points = {data: FoundPoints() for data in Data if data != Data.SUM}
        self.metadata: dict[Metadata, None] = {}
        self._buffer, self._options, self._bounds, self._losses = buffer, options, bounds, losses

    def read(self) -> None:
        scopes = _Scopes()
        resources = self._buffer.messages(1, most=self._bounds.rows_max)
        for start, end in zip(resources.starts, resources.ends, strict=True):
            self._add_resource(scopes, start, end)
        for metric in self._metrics(scopes):
            self._add_metric(*metric)

    def _add_resource(self, scopes: _Scopes, start: int, end: int) -> None:
        buffer = self._buffer
        of_resource = buffer.messages(2, start, end, most=self._bounds.rows_max)
        resource = _content(buffer, of_resource.others.get(_HEAD))
        for scope_start, scope_end in zip(of_resource.starts, of_resource.ends, strict=True):
            first = len(scopes.starts)
            others = buffer.add_messages(scopes.starts, scopes.ends, 2, scope_start, scope_end, most=self._bounds.rows_max)
            if len(scopes.starts) == first:
                continue
            scope, url = _content(buffer, others.get(_HEAD)), _content(buffer, others.get(_SCHEMA))
            scopes.arounds.append((len(self.resources), self._around(resource, scope, url)))
            scopes.counts.append(len(scopes.starts) - first)
            if len(scopes.counts) > self._bounds.streams_max:
                raise TooManyStreams(self._bounds.streams_max)
        self.resources.append(resource)

    def _around(self, resource: bytes, scope: bytes, schema_url: bytes) -> Around | InvalidName:
        try:
            return around(resource, scope, schema_url, self._options)
        except InvalidName as error:
            return error

    def _metrics(self, scopes: _Scopes) -> Iterator[tuple[tuple[int, Around | InvalidName], tuple[bytes, bytes, bytes], int, int, int]]:
        """Of each metric what is around it, name, unit and description, the tag of its data and where that lies."""
        starts, ends = np.array(scopes.starts, np.int64), np.array(scopes.ends, np.int64)
        metrics = MessageColumns(self._buffer, starts, ends, _NAME, _UNIT, _DESCRIPTION)
        texts = zip(*(_contents(self._buffer, *metrics.place(number)) for number in (_NAME, _UNIT, _DESCRIPTION)), strict=True)
        data = (column.tolist() for column in metrics.fields.last_of(*_DATA))
        return zip(scopes.each(), texts, *data, strict=True)

    def _add_metric(self, of_scope: tuple[int, Around | InvalidName], texts: tuple[bytes, bytes, bytes], data_tag: int, start: int, end: int) -> None:
        if not data_tag:
            return
        data = _DATA[data_tag]
        points = self.points[Data.GAUGE if data == Data.SUM else data]
        count, temporality, monotonic = points.read(self._buffer, start, end, most=self._bounds.rows_max)
        if not count:
            return
        kind = Kind(data, temporality, monotonic != 0) if data in _TEMPORAL else Kind(data, Temporality.CUMULATIVE, False)
        group = self._group(of_scope, texts, kind, count)
        if group is None:
            points.drop_last(count)
            return
        points.groups.append(group)
        points.counts.append(count)
        self.metadata[group.family.metadata] = None

    def _group(self, of_scope: tuple[int, Around | InvalidName], texts: tuple[bytes, bytes, bytes], kind: Kind, count: int) -> Group | None:
        """None, and `count` points lost, where the metric cannot be kept."""
        resource, found = of_scope
        if isinstance(found, InvalidName):
            self._losses.add(Loss.INVALID_NAME, count, str(found))
            return None
        try:
            of_metric: Family = family(*texts, kind, self._options.translation_strategy)
        except InvalidName as error:
            self._losses.add(Loss.INVALID_NAME, count, str(error))
            return None
        if kind.temporality != Temporality.CUMULATIVE and not (self._options.allow_delta_temporality and of_metric.delta):
            name = texts[0].decode()[:200]
            self._losses.add(Loss.DELTA, count, f'invalid temporality and type combination for metric "{name}"')
            return None
        return Group(resource, found, of_metric)


def _add_target_info(request: Request, resources: list[bytes], options: OtlpMetricsOptions) -> bool:
    """A sample of `target_info` now and then from the first to the last row of each resource. Whether there are any."""
    times = _Times(request.times, len(resources))
    seen: set[tuple[int, int]] = set()
    for index in (times.least <= times.last).nonzero()[0].tolist():
        key = _target_key(resources[index], options)
        if key is not None:
            series = request.series.place(key)
            fresh = [ts for ts in times.spread(index, options.target_info_interval_ns) if (series, ts) not in seen]
            seen.update((series, ts) for ts in fresh)
            ts = np.array(fresh, np.int64)
            request.rows.add(np.full(len(ts), series), ts, np.ones(len(ts)), np.zeros(len(ts), np.int64), lengths=_OF_NO_POINT)
    return bool(seen)


class _Times:
    """Times of rows by their resource. The first is after the last where there are none."""

    def __init__(self, found: list[tuple[Ints, Ints]], resources: int) -> None:
        """found: (resource, ts) of points that became rows."""
        self._found = found
        self._sorted: tuple[Ints, Ints] | None = None
        self.least, self.last = np.full(resources, np.iinfo(np.int64).max), np.full(resources, -1, np.int64)
        for resource, ts in found:
            np.minimum.at(self.least, resource, ts)
            np.maximum.at(self.last, resource, ts)

    def spread(self, index: int, step: int) -> list[int]:
        """Every step from the first time on, and the last.

        Where that would be too many, as one of the times is far from the others, only steps that have any: the first time of each, and the last
        before one without.
        """
        first, last = int(self.least[index]), int(self.last[index])
        if (last - first) // step <= TARGET_INFO_SAMPLES_MAX - 2:
            return [ts // NS_PER_MS * NS_PER_MS for ts in range(first, last, step)] + [last]
        times = self._of_resource(index)
        steps = (times - first) // step
        wanted = (np.diff(steps, prepend=-1) > 0) | (np.diff(steps, append=steps[-1] + 2) > 1)
        found: list[int] = times[wanted][-TARGET_INFO_SAMPLES_MAX:].tolist()
        return found

    def _of_resource(self, index: int) -> Ints:
        """In ascending order."""
        if self._sorted is None:
            resource, ts = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
            order = np.lexsort((ts, resource))
            self._sorted = resource[order], ts[order]
        resource, ts = self._sorted
        return ts[np.searchsorted(resource, index) : np.searchsorted(resource, index, "right")]


def _target_key(resource: bytes, options: OtlpMetricsOptions) -> bytes | None:
    """None also where a name is invalid: the resource's own series are kept all the same."""
    try:
        return target_info(resource, options)
    except InvalidName:
        return None


def _content(buffer: Buffer, place: tuple[int, int] | None) -> bytes:
    return buffer.data[place[0] : place[1]] if place else b""


def _contents(buffer: Buffer, start: Ints, end: Ints) -> list[bytes]:
    data = buffer.data
    return [data[at:to] for at, to in zip(start.tolist(), end.tolist(), strict=True)]
