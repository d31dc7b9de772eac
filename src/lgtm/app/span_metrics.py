"""Metrics from spans: each part of spans that falls to this node feeds its tenant's generator, whose samples take the way of all samples.

A part has one primary, and all spans of a trace have the same one, so a span counts once and both ends of a call meet. Counters are those of this
node: the label `lgtm_node` tells them apart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from prometheus_client import CollectorRegistry, Counter, Gauge

from lgtm.blocks.merge import merge_rows
from lgtm.clock import Clock
from lgtm.errors import LgtmError
from lgtm.model.batch import Batch
from lgtm.model.limits import MIB
from lgtm.model.part import Part
from lgtm.model.signal import EXEMPLARS, META, SAMPLES
from lgtm.model.tenant import Tenant
from lgtm.spanmetrics.config import GeneratorConfig, Processor
from lgtm.spanmetrics.generator import Generator
from lgtm.spanmetrics.samples import Samples
from lgtm.telemetry import event
from lgtm.wire.decoded_samples import DecodedSamples, Metadata

logger = logging.getLogger(__name__)

NODE_LABEL = "lgtm_node"
Push = Callable[[Tenant, DecodedSamples], Awaitable[object]]


@dataclass(slots=True, frozen=True, kw_only=True)
class SpanMetricsSettings:
    processors: tuple[str, ...] = ()
    """What is made of spans: `span-metrics` (calls, latencies and sizes by service and span name), `service-graphs` (requests between services).
    Nothing by default, as in Tempo: each service and span name has some twenty series."""
    collect_interval_s: float = 15.0
    """How often their samples are written."""
    waiting_bytes_max: int = 64 * MIB
    """Spans that wait to be counted. More are not, which the metrics tell; they are stored all the same."""
    tenants_max: int = 1_000
    """Tenants whose spans are counted; those of further ones are not."""

    def __post_init__(self) -> None:
        wrong = set(self.processors) - {"span-metrics", "service-graphs"}
        if wrong:
            raise ValueError(f"span_metrics.processors: there is no {', '.join(sorted(wrong))}, only span-metrics and service-graphs")
        if self.collect_interval_s <= 0:
            raise ValueError("span_metrics.collect_interval_s must be positive")


@dataclass(slots=True)
class _Waiting:
    batches: dict[Tenant, list[Batch]] = field(default_factory=dict)
    nbytes: int = 0


class SpanMetricsFeed:
    def __init__(self, node_id: str, push: Push, settings: SpanMetricsSettings, clock: Clock, registry: CollectorRegistry) -> None:
        self._node_id, self._push, self._settings, self._clock = node_id, push, settings, clock
        self._waiting = _Waiting()
        self._generators: dict[Tenant, Generator] = {}
        self._spans = Counter("lgtm_span_metrics_spans_total", "Spans by what became of them: counted, dropped.", ["outcome"], registry=registry)
        self._failures = Counter("lgtm_span_metrics_write_failures_total", "Collections whose samples were not stored.", registry=registry)
        series = Gauge("lgtm_span_metrics_series", "Series of metrics from spans.", registry=registry)
        series.set_function(lambda: sum(one.statistics().active_series for one in self._generators.values()))

    def offer(self, part: Part) -> None:
        """part: acknowledged, with labels on every series. Those of other nodes are left to them."""
        if part.owners and part.owners[0] != self._node_id:
            return
        batch, waiting = part.batch, self._waiting
        too_many = batch.tenant not in self._generators and len(self._generators) >= self._settings.tenants_max
        if too_many or waiting.nbytes + batch.nbytes > self._settings.waiting_bytes_max:
            self._spans.labels("dropped").inc(len(batch))
            return
        waiting.batches.setdefault(batch.tenant, []).append(batch)
        waiting.nbytes += batch.nbytes

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self._settings.collect_interval_s)
            await self.collect()

    async def collect(self) -> None:
        """Counts what waits, and writes all series."""
        waiting, self._waiting = self._waiting, _Waiting()
        for tenant, batches in waiting.batches.items():
            generator = self._generators.setdefault(tenant, Generator(self._config()))
            await asyncio.to_thread(_feed, generator, batches, self._clock.now_ns())
            self._spans.labels("counted").inc(sum(map(len, batches)))
        for tenant, generator in self._generators.items():
            samples = await asyncio.to_thread(generator.collect, self._clock.now_ns())
            if len(samples):
                await self._write(tenant, samples)

    async def _write(self, tenant: Tenant, samples: Samples) -> None:
        """Counters go on if this fails: the next collection has all of them."""
        try:
            await self._push(tenant, decoded(samples))
        except LgtmError as error:
            self._failures.inc()
            event(logger, logging.WARNING, "metrics from spans were not stored", tenant=str(tenant), error=str(error))

    def _config(self) -> GeneratorConfig:
        wanted: tuple[Processor, ...] = tuple(one for one in ("span-metrics", "service-graphs") if one in self._settings.processors)
        return GeneratorConfig(processors=wanted, external_labels=((NODE_LABEL, self._node_id),))


def _feed(generator: Generator, batches: list[Batch], now_ns: int) -> None:
    generator.feed(merge_rows(batches), now_ns)


def decoded(samples: Samples) -> DecodedSamples:
    """As if they had come from a client. Times are cut to milliseconds."""
    ts_ns = samples.ts_ns // 1_000_000 * 1_000_000
    rows = [pa.array(samples.number.astype(np.uint32)), pa.array(ts_ns), pa.array(samples.values)]
    keys = pa.array([b"spans" + one.fingerprint for one in samples.series], pa.binary())
    labels = [one.labels or () for one in samples.series]
    return DecodedSamples(
        keys,
        lambda index: labels[index],
        pa.RecordBatch.from_arrays(rows, schema=pa.schema(list(SAMPLES.columns)[:3])),
        "spans",
        _exemplars(samples),
        METADATA,
    )


METADATA = (
    Metadata("traces_spanmetrics_calls_total", "counter", "Spans.", ""),
    Metadata("traces_spanmetrics_latency", "histogram", "How long spans took.", "seconds"),
    Metadata("traces_service_graph_request_total", "counter", "Requests between two services.", ""),
)


def _exemplars(samples: Samples) -> pa.RecordBatch | None:
    found = samples.exemplars
    if not found:
        return None
    names = sorted({name for one in found for name, _ in one.labels})
    columns = [
        pa.array([one.series for one in found], pa.uint32()),
        pa.array([one.ts_ns // 1_000_000 * 1_000_000 for one in found], pa.int64()),
        pa.array([one.value for one in found], pa.float64()),
        *(pa.array([dict(one.labels).get(name) for one in found], pa.string()) for name in names),
    ]
    return pa.record_batch(columns, names=[*EXEMPLARS.columns.names, *(META + name for name in names)])
