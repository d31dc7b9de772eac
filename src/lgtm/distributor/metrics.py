"""What the distributor tells about itself, also under the names that dashboards and alerts for Loki use."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from lgtm.distributor.refusals import Refusal
from lgtm.model.signal import LOGS, SAMPLES, SPANS, Signal
from lgtm.model.tenant import Tenant
from lgtm.telemetry import LATENCY_BUCKETS_S

OTHER_TENANTS = "other"


class DistributorMetrics:
    def __init__(self, registry: CollectorRegistry, *, tenants_max: int) -> None:
        self._tenants_max = tenants_max
        self._tenants: set[str] = set()
        self._lines = Counter("lgtm_distributor_lines_received_total", "Lines accepted.", ["tenant"], registry=registry)
        self._bytes = Counter("lgtm_distributor_bytes_received_total", "Bytes of lines and metadata accepted.", ["tenant"], registry=registry)
        self._refused_lines = Counter("lgtm_distributor_refused_lines_total", "Lines refused.", ["reason", "tenant"], registry=registry)
        self._refused_bytes = Counter("lgtm_distributor_refused_bytes_total", "Bytes refused.", ["reason", "tenant"], registry=registry)
        self._spans = Counter("lgtm_distributor_spans_received_total", "Spans accepted.", ["tenant"], registry=registry)
        self._span_bytes = Counter("lgtm_distributor_span_bytes_received_total", "Bytes of spans accepted.", ["tenant"], registry=registry)
        self._refused_spans = Counter("lgtm_distributor_refused_spans_total", "Spans refused.", ["reason", "tenant"], registry=registry)
        self._samples = Counter("lgtm_distributor_samples_received_total", "Samples accepted.", ["tenant"], registry=registry)
        self._sample_bytes = Counter("lgtm_distributor_sample_bytes_received_total", "Bytes of samples accepted.", ["tenant"], registry=registry)
        self._refused_samples = Counter("lgtm_distributor_refused_samples_total", "Samples refused.", ["reason", "tenant"], registry=registry)
        self.batches = Counter("lgtm_distributor_batches_total", "Batches made of one or more requests.", registry=registry)
        self.batched_requests = Counter("lgtm_distributor_batched_requests_total", "Requests that went into batches.", registry=registry)
        self.in_flight_bytes = Gauge("lgtm_distributor_in_flight_bytes", "Rows between decoding and acknowledgement.", registry=registry)
        self.unknown_series = Counter("lgtm_distributor_unknown_series_total", "Parts sent again because labels were missing.", registry=registry)
        self.append_failures = Counter("lgtm_distributor_append_failures_total", "Parts not taken by an ingester.", ["ingester"], registry=registry)
        self.degraded = Counter(
            "lgtm_distributor_degraded_writes_total",
            "Parts acknowledged with one synced log, by where the second copy is: spilled, or nowhere (single_copy).",
            ["second_copy"],
            registry=registry,
        )
        self.append_seconds = Histogram(
            "lgtm_distributor_append_seconds", "Time until an ingester acknowledged a part.", buckets=LATENCY_BUCKETS_S, registry=registry
        )
        registry.register(_Alias(self._lines, "loki_distributor_lines_received_total"))
        registry.register(_Alias(self._bytes, "loki_distributor_bytes_received_total"))
        registry.register(_Alias(self._refused_lines, "loki_discarded_samples_total"))
        registry.register(_Alias(self._refused_bytes, "loki_discarded_bytes_total"))
        registry.register(_Alias(self._spans, "tempo_distributor_spans_received_total"))
        registry.register(_Alias(self._span_bytes, "tempo_distributor_bytes_received_total"))
        registry.register(_Alias(self._refused_spans, "tempo_discarded_spans_total"))

    def accepted(self, signal: Signal, tenant: Tenant, rows: int, nbytes: int) -> None:
        name = self._tenant(tenant)
        counts = {SPANS.name: (self._spans, self._span_bytes), SAMPLES.name: (self._samples, self._sample_bytes)}
        for counter, amount in zip(counts.get(signal.name, (self._lines, self._bytes)), (rows, nbytes), strict=True):
            counter.labels(name).inc(amount)

    def refused(self, signal: Signal, tenant: Tenant, refusals: Iterable[Refusal]) -> None:
        name = self._tenant(tenant)
        for refusal in refusals:
            if signal is not LOGS:
                refused = self._refused_spans if signal is SPANS else self._refused_samples
                refused.labels(refusal.reason, name).inc(refusal.lines)
                continue
            self._refused_lines.labels(refusal.reason, name).inc(refusal.lines)
            self._refused_bytes.labels(refusal.reason, name).inc(refusal.bytes)

    def _tenant(self, tenant: Tenant) -> str:
        """Tenants are named by whoever sends, so a label for each would not be bounded."""
        if tenant not in self._tenants:
            if len(self._tenants) >= self._tenants_max:
                return OTHER_TENANTS
            self._tenants.add(tenant)
        return tenant


class _Alias(Collector):
    """A counter's samples under a second name."""

    def __init__(self, counter: Counter, name: str) -> None:
        self._counter, self._name = counter, name.removesuffix("_total")

    def describe(self) -> list[CounterMetricFamily]:
        return [CounterMetricFamily(self._name, "")]

    def collect(self) -> Iterable[CounterMetricFamily]:
        for metric in self._counter.collect():
            family = CounterMetricFamily(self._name, metric.documentation)
            for sample in metric.samples:
                if sample.name.endswith("_total"):
                    family.add_sample(self._name + "_total", sample.labels, sample.value)
            yield family
