"""Limits of a tenant: what it may send, what it may ask. Names and defaults are Loki's where Loki has the limit; 0 switches a limit off.

Durations are nanoseconds inside the program; the config writes them as `30s`, `1h`, sizes as `256KB`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S
from lgtm.model.signal import DELETIONS, LOGS, SPANS, Signal
from lgtm.model.tenant import Tenant

MINUTE_NS = 60 * NS_PER_S
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
KIB = 1024
MIB = 1024 * KIB

DISCOVER_SERVICE_NAME = (
    "service", "app", "application", "app_name", "name", "app_kubernetes_io_name", "container", "container_name",
    "k8s_container_name", "component", "workload", "job", "k8s_job_name",
)  # fmt: skip
LOG_LEVEL_FIELDS = (
    "level", "LEVEL", "Level", "log.level", "severity", "SEVERITY", "Severity", "SeverityText", "lvl", "LVL", "Lvl",
    "severity_text", "Severity_Text", "SEVERITY_TEXT",
)  # fmt: skip
OTLP_INDEX_ATTRIBUTES = (
    "service.name", "service.namespace", "service.instance.id", "deployment.environment", "deployment.environment.name",
    "cloud.region", "cloud.availability_zone", "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name", "k8s.container.name",
    "container.name", "k8s.replicaset.name", "k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name",
    "k8s.cronjob.name", "k8s.job.name",
)  # fmt: skip


@dataclass(slots=True, frozen=True, kw_only=True)
class Limits:
    # --- what may be sent
    ingestion_rate_bytes: int = 32 * MIB
    """Bytes a second of lines and metadata; a request beyond it is refused whole with 429. Loki's 4 MB/s is less than one busy service."""
    ingestion_burst_bytes: int = 64 * MIB
    """What may come at once. A single push larger than this can never succeed."""
    traces_rate_bytes: int = 32 * MIB
    """Bytes a second of spans; an export beyond it is refused whole with 429."""
    traces_burst_bytes: int = 64 * MIB
    """What may come at once. A single export larger than this can never succeed."""
    max_attribute_bytes: int = 64 * KIB
    """Bytes of the key and of the text of an attribute of a span; what is longer is cut. Tempo's 2 KiB takes the end off stack traces."""
    metrics_rate_samples: int = 1_000_000
    """Samples a second; a request beyond it is refused whole with 429."""
    metrics_burst_samples: int = 4_000_000
    """What may come at once."""
    max_global_series_per_user: int = 1_000_000
    """Active series of samples: used in the last half hour. Only samples of new ones are refused."""
    out_of_order_time_window_ns: int = 0
    """How much older than the tenant's newest sample one may be that is older than the newest of its series ("too old sample"); 0: any age."""
    max_metric_label_names: int = 64
    """Labels of a series of samples."""
    max_metric_label_value_length: int = 16 * KIB
    """Bytes of the value of a label of a series of samples."""
    otlp_translation_strategy: str = "UnderscoreEscapingWithSuffixes"
    """How names of OTLP metrics become names of Prometheus: this, UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes or NoTranslation."""
    otlp_promote_resource_attributes: tuple[str, ...] = ()
    """Resource attributes that become labels of every OTLP metric of their resource; all are in target_info."""
    otlp_promote_all_resource_attributes: bool = False
    """Whether every resource attribute becomes such a label. Excludes otlp_promote_resource_attributes."""
    otlp_ignore_resource_attributes: tuple[str, ...] = ()
    """Resource attributes that become no labels all the same; only with otlp_promote_all_resource_attributes."""
    otlp_keep_identifying_resource_attributes: bool = False
    """Whether target_info has service.name, service.namespace and service.instance.id too, and not only as job and instance."""
    otlp_promote_scope_metadata: bool = False
    """Whether scopes of OTLP metrics become labels `otel_scope_…`."""
    otlp_convert_histograms_to_nhcb: bool = False
    """Whether OTLP histograms with explicit bounds become native ones with custom buckets."""
    otlp_allow_delta_temporality: bool = False
    """Whether OTLP deltas are stored as they are; otherwise they are dropped, and the sender is told."""
    per_stream_rate_bytes: int = 0
    """Bytes a second of one stream."""
    per_stream_burst_bytes: int = 0
    """What one stream may send at once."""
    max_global_streams_per_user: int = 100_000
    """Active streams; only new ones are refused."""
    max_label_names_per_series: int = 15
    """Index labels of a stream, not counting service_name."""
    max_label_name_length: int = 1_024
    """Bytes."""
    max_label_value_length: int = 2_048
    """Bytes."""
    max_line_size: int = 256 * KIB
    """Bytes of one line; longer ones are refused, or cut when max_line_size_truncate is set."""
    max_line_size_truncate: bool = False
    """Cut lines to max_line_size instead of refusing them."""
    allow_structured_metadata: bool = True
    """Whether entries may carry structured metadata."""
    max_structured_metadata_size: int = 64 * KIB
    """Bytes of the names and values of one entry."""
    max_structured_metadata_entries_count: int = 128
    """Names of one entry."""
    reject_old_samples: bool = False
    """Refuse entries older than reject_old_samples_max_age. Off: imports of history are welcome."""
    reject_old_samples_max_age_ns: int = 7 * DAY_NS
    """Age beyond which an entry is refused when reject_old_samples is on."""
    creation_grace_period_ns: int = 10 * MINUTE_NS
    """How far ahead of the clock an entry may be."""
    max_behind_newest_ns: int = 0
    """Refuse an entry older than its stream's newest by more than this ("too far behind"; Loki: 1h). Blocks take any order, so off."""
    increment_duplicate_timestamp: bool = False
    """Move an entry 1 ns on when its predecessor in the push has the same time and another line."""
    discover_service_name: tuple[str, ...] = DISCOVER_SERVICE_NAME
    """Labels whose first non-empty one becomes service_name where that is missing; empty: no service_name is added."""
    discover_log_levels: bool = True
    """Add detected_level to the metadata of each entry."""
    log_level_fields: tuple[str, ...] = LOG_LEVEL_FIELDS
    """Where a level is looked for, in labels, metadata and structured lines."""
    log_level_from_json_max_depth: int = 2
    """Levels of a JSON line that are searched for a level."""
    otlp_index_attributes: tuple[str, ...] = OTLP_INDEX_ATTRIBUTES
    """Resource attributes that become index labels; all others become structured metadata."""
    # --- what may be asked
    max_entries_limit_per_query: int = 5_000
    """Greatest `limit` of a log query; more is refused."""
    max_query_series: int = 500
    """Series in the answer of a metric query in LogQL."""
    max_query_length_ns: int = 721 * HOUR_NS
    """Longest time range of a query of logs."""
    max_bytes_per_trace: int = 128 * MIB
    """Bytes of spans in the answer to a question for one trace; of a larger one the first are answered, and that they are not all."""
    max_query_lookback_ns: int = 0
    """Log lines older than this are not shown."""
    max_query_range_ns: int = 0
    """Longest `[range]` inside a metric query in LogQL."""
    metrics_max_query_length_ns: int = 0
    """Longest time range of a range query in PromQL."""
    metrics_max_query_lookback_ns: int = 0
    """Samples and exemplars older than this are not shown."""
    metrics_max_fetched_series: int = 0
    """Series that one query in PromQL may read."""
    max_query_bytes_read: int = 0
    """Bytes of lines and metadata that one query may read."""
    max_streams_matchers_per_query: int = 1_000
    """Matchers in one query."""
    query_timeout_ns: int = MINUTE_NS
    """A query that runs longer ends with an error."""
    max_concurrent_tail_requests: int = 10
    """Tails open at once."""
    max_concurrent_queries: int = 16
    """Queries of the tenant that run at once; further ones wait in max_queued_queries."""
    max_queued_queries: int = 256
    """Queries of the tenant that wait; one more is refused with 429."""
    volume_enabled: bool = True
    """Whether index/volume answers."""
    volume_max_series: int = 1_000
    """Series in the answer of a volume query."""
    required_labels: tuple[str, ...] = field(default=())
    """Labels that every selector must match on."""
    required_number_label_matchers: int = 0
    """Matchers that every selector must have."""
    retention_period_ns: int = 365 * DAY_NS
    """How long log lines are kept."""
    traces_retention_period_ns: int = 365 * DAY_NS
    """How long spans are kept."""
    metrics_retention_period_ns: int = 15 * DAY_NS
    """How long samples, exemplars and what is said of metric families are kept."""

    def retention_ns(self, signal: Signal) -> int:
        """0: for ever. A deletion outlives what it hides, which is in blocks of whole dates."""
        match signal.name:
            case LOGS.name:
                return self.retention_period_ns
            case SPANS.name:
                return self.traces_retention_period_ns
            case DELETIONS.name:
                return self.metrics_retention_period_ns and self.metrics_retention_period_ns + 2 * DAY_NS
            case _:
                return self.metrics_retention_period_ns


class TenantLimits:
    """The default limits and each tenant's overrides. `for_tenant` is cheap: called several times a request."""

    def __init__(self, defaults: Limits | None = None, overrides: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.defaults = defaults or Limits()
        self._tenants = {name: dataclasses.replace(self.defaults, **dict(o)) for name, o in (overrides or {}).items()}  # type: ignore[arg-type]

    def for_tenant(self, tenant: Tenant) -> Limits:
        return self._tenants.get(tenant, self.defaults)
