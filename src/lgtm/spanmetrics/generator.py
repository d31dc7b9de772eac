"""Metrics from the spans of one tenant: what Tempo calls a metrics-generator.

Who feeds it answers for three things. Each span is handed in once: a span lives on several nodes and may be sent again after a lost answer, so only
one owner of each part feeds it, and not a second time. All spans of a trace come to the same generator: otherwise requests have no edges. And it
is fed by one task at a time. What it counts is in memory only: after a restart counters begin at 0, as those of any process do.

A batch costs what a thousand rows cost, whatever its size, so many small ones are better merged before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.clock import NS_PER_S
from lgtm.model.batch import Batch
from lgtm.spanmetrics.config import GeneratorConfig
from lgtm.spanmetrics.family import SeriesLimit
from lgtm.spanmetrics.samples import Samples
from lgtm.spanmetrics.service_graphs import ServiceGraphs
from lgtm.spanmetrics.span_metrics import SpanMetrics
from lgtm.spanmetrics.span_table import SpanTable


@dataclass(slots=True, frozen=True)
class GeneratorStatistics:
    """Spans since the start, and what there is now."""

    received: int
    outside_slack: int
    """Ended too long ago, or too far in the future, to be counted now."""
    filtered: int
    overflowed: int
    unpaired: int
    dropped: int
    waiting: int
    active_series: int


class Generator:
    """Raises LabelNamesCollide and InvalidRegex for a configuration that makes no sense."""

    def __init__(self, config: GeneratorConfig) -> None:
        self._config = config
        self._limit = SeriesLimit(config.max_active_series)
        self._slack_ns = int(config.ingestion_slack_s * NS_PER_S)
        self._stale_ns = int(config.stale_after_s * NS_PER_S)
        wanted, external = config.processors, config.external_labels
        self._span_metrics = SpanMetrics(config.span_metrics, self._limit, external) if "span-metrics" in wanted else None
        self._service_graphs = ServiceGraphs(config.service_graphs, self._limit, external) if "service-graphs" in wanted else None
        self._received = self._outside_slack = 0

    @property
    def _processors(self) -> list[SpanMetrics | ServiceGraphs]:
        return [processor for processor in (self._span_metrics, self._service_graphs) if processor is not None]

    def feed(self, batch: Batch, now_ns: int) -> None:
        """batch: of the signal SPANS; its series have their labels. now_ns: wall time, which counts as the time of the spans."""
        self._received += len(batch)
        spans = self._in_time(batch, now_ns)
        for processor in self._processors:
            processor.feed(spans, now_ns)

    def collect(self, now_ns: int) -> Samples:
        """All series as they are now; a new one with a 0 at the end of the previous minute before.

        To be called about every 15 s. Takes 4 µs for each new series (its labels and fingerprint are made) and 0.2 µs for any other.
        """
        for processor in self._processors:
            processor.forget_idle(now_ns - self._stale_ns)
        return Samples.join([processor.collect(now_ns) for processor in self._processors])

    def statistics(self) -> GeneratorStatistics:
        metrics, graphs = self._span_metrics, self._service_graphs
        return GeneratorStatistics(
            received=self._received,
            outside_slack=self._outside_slack,
            filtered=metrics.filtered_total if metrics else 0,
            overflowed=sum(processor.overflowed_total for processor in self._processors),
            unpaired=graphs.unpaired_total if graphs else 0,
            dropped=graphs.dropped_total if graphs else 0,
            waiting=graphs.waiting if graphs else 0,
            active_series=self._limit.active,
        )

    def _in_time(self, batch: Batch, now_ns: int) -> SpanTable:
        spans = SpanTable(batch)
        in_time = np.abs(spans.end_ns - now_ns) <= self._slack_ns
        if in_time.all():
            return spans
        self._outside_slack += int((~in_time).sum())
        return SpanTable(Batch(batch.signal, batch.tenant, batch.series, batch.rows.filter(pa.array(in_time))))
