"""The processor `span-metrics`: calls, latencies and bytes of spans by service, name, kind, status and chosen attributes."""

from __future__ import annotations

import numpy as np

from lgtm.model.labels import Labels, labels_of
from lgtm.spanmetrics import names
from lgtm.spanmetrics.config import SpanMetricsConfig
from lgtm.spanmetrics.family import Family, Key, SeriesLimit
from lgtm.spanmetrics.filters import compile_policies
from lgtm.spanmetrics.instruments import Counter, Histogram
from lgtm.spanmetrics.samples import Samples
from lgtm.spanmetrics.sizes import span_bytes
from lgtm.spanmetrics.span_table import SERVICE_INSTANCE, SERVICE_NAME, SpanTable
from lgtm.spanmetrics.target_info import TargetInfo, job_of
from lgtm.spanmetrics.texts import Texts, group_rows, joined, keys_at
from lgtm.spanmetrics.weights import weights
from lgtm.vectors.matrix import I64

CALLS_TOTAL, LATENCY, SIZE_TOTAL = "traces_spanmetrics_calls_total", "traces_spanmetrics_latency", "traces_spanmetrics_size_total"


class SpanMetrics:
    """Counts each span it is fed: see `generator.py` for who must hand in what.

    Raises LabelNamesCollide and InvalidRegex for a configuration that makes no sense.
    """

    def __init__(self, config: SpanMetricsConfig, limit: SeriesLimit | None = None, external: Labels = ()) -> None:
        self._config = config
        self._label_names = _label_names(config)
        names.check_distinct(self._label_names)
        self._passes = compile_policies(config.filter_policies)
        limit = limit or SeriesLimit(0)
        self._calls, self._sizes = Counter(CALLS_TOTAL), Counter(SIZE_TOTAL)
        self._latency = Histogram(LATENCY, config.histogram_buckets_s)
        given = [(config.count, self._calls), (config.latency, self._latency), (config.size, self._sizes)]
        self._family = Family([each for wanted, each in given if wanted], self._labels, limit, external)
        self._target_info = TargetInfo(config, limit, external) if config.enable_target_info else None
        self.filtered_total = 0
        """Spans that a filter policy kept out."""

    @property
    def overflowed_total(self) -> int:
        """Spans that were counted under `metric_overflow`, and resources that were not shown, for want of room."""
        return self._family.overflowed_total + (self._target_info.overflowed_total if self._target_info else 0)

    def feed(self, spans: SpanTable, now_ns: int) -> None:
        rows = self._rows(spans)
        if not len(rows):
            return
        columns = [column.take(rows) for column in self._columns(spans)]
        groups, first = group_rows([np.zeros(len(rows), np.int64), *(column.codes for column in columns)])
        slots = self._family.slots(keys_at(columns, first), np.bincount(groups), now_ns)
        weight = weights(spans, self._config.span_multiplier_key, trace_state=self._config.enable_trace_state_span_multiplier)
        weight = None if weight is None else weight[rows]
        if self._config.count:
            self._calls.add(slots, np.bincount(groups, weight))
        if self._config.latency:
            self._latency.observe(slots, groups, spans.seconds[rows], spans.ids("trace_id")[rows], weight)
        if self._config.size:
            self._sizes.add(slots, np.bincount(groups, span_bytes(spans)[rows]))
        if self._target_info is not None:
            self._target_info.feed(spans, rows, now_ns)

    def collect(self, now_ns: int) -> Samples:
        """Everything counted since the start, and the exemplars since the last time. now_ns: later than at the last time."""
        samples = self._family.collect(now_ns)
        return samples if self._target_info is None else Samples.join([samples, self._target_info.collect(now_ns)])

    def forget_idle(self, before_ns: int) -> None:
        """Forgets series that nothing was added to since before_ns. They begin at 0 when they come back."""
        self._family.forget_idle(before_ns)
        if self._target_info is not None:
            self._target_info.forget_idle(before_ns)

    def _rows(self, spans: SpanTable) -> I64:
        if self._passes is None:
            return np.arange(len(spans))
        rows = np.flatnonzero(self._passes(spans))
        self.filtered_total += len(spans) - len(rows)
        return rows

    def _columns(self, spans: SpanTable) -> list[Texts]:
        """In the order of the label names."""
        config, wanted = self._config, self._config.intrinsic_dimensions
        columns = []
        if wanted.service:
            columns.append(spans.resource(SERVICE_NAME))
        if wanted.span_name:
            columns.append(spans.name)
        if wanted.span_kind:
            columns.append(spans.kind_name)
        if wanted.status_code:
            columns.append(spans.status_name)
        if wanted.status_message:
            columns.append(spans.status_message)
        columns += [spans.attribute(key) for key in config.dimensions]
        columns += [
            joined([spans.attribute(key) for key in mapping.source_labels], mapping.join) if mapping.source_labels else Texts.absent(len(spans))
            for mapping in config.dimension_mappings
        ]
        if config.enable_target_info:
            columns.append(job_of(spans))
        if config.enable_target_info and config.enable_instance_label:
            columns.append(spans.resource(SERVICE_INSTANCE))
        return columns

    def _labels(self, key: Key) -> Labels:
        return labels_of(zip(self._label_names, key, strict=True))


def _label_names(config: SpanMetricsConfig) -> list[str]:
    wanted = config.intrinsic_dimensions
    intrinsic = [
        (wanted.service, names.SERVICE),
        (wanted.span_name, names.SPAN_NAME),
        (wanted.span_kind, names.SPAN_KIND),
        (wanted.status_code, names.STATUS_CODE),
        (wanted.status_message, names.STATUS_MESSAGE),
    ]
    found = [name for is_wanted, name in intrinsic if is_wanted]
    found += [names.label_name(key) for key in config.dimensions]
    found += [names.label_name(mapping.name) for mapping in config.dimension_mappings]
    found += [names.JOB] if config.enable_target_info else []
    return found + ([names.INSTANCE] if config.enable_target_info and config.enable_instance_label else [])
