"""What the processors of spans are told. Names and defaults are those of Tempo's metrics-generator."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from lgtm.model.labels import Labels

Processor = Literal["span-metrics", "service-graphs"]
LATENCY_BUCKETS_S = tuple(0.002 * 2**n for n in range(14))
REQUEST_BUCKETS_S = tuple(0.1 * 2**n for n in range(8))
DATABASE_ATTRIBUTES = ("db.namespace", "db.name", "db.system", "db.system.name")
PEER_ATTRIBUTES = ("peer.service", "db.name", "db.system", "db.system.name")


@dataclass(slots=True, frozen=True)
class AttributeMatch:
    """key: `kind`, `status`, `name`, `span.x` or `resource.x`. value: kinds and statuses by their names in OTLP, `SPAN_KIND_SERVER`."""

    key: str
    value: str | int | float | bool

    def __post_init__(self) -> None:
        if self.key not in ("kind", "status", "name") and not self.key.startswith(("span.", "resource.")):
            raise ValueError(f"filter policies know kind, status, name, span.* and resource.*, not {self.key}")


@dataclass(slots=True, frozen=True)
class PolicyMatch:
    """match_type regex: values are regular expressions that match anywhere in the text."""

    match_type: Literal["strict", "regex"]
    attributes: tuple[AttributeMatch, ...]

    def __post_init__(self) -> None:
        if self.match_type not in ("strict", "regex"):
            raise ValueError(f"invalid match type: {self.match_type}")
        if self.match_type == "regex" and any(not isinstance(match.value, str) for match in self.attributes):
            raise ValueError("values of a policy of match type regex are texts")


@dataclass(slots=True, frozen=True, kw_only=True)
class FilterPolicy:
    """A span passes when all of `include` match, one of `include_any` matches, and not all of `exclude` match; None asks for nothing."""

    include: PolicyMatch | None = None
    include_any: PolicyMatch | None = None
    exclude: PolicyMatch | None = None

    def __post_init__(self) -> None:
        if self.include is self.include_any is self.exclude is None:
            raise ValueError("a filter policy has at least one of include, include_any and exclude")


@dataclass(slots=True, frozen=True)
class DimensionMapping:
    """The label `name` has the values of these attributes that are not empty, joined."""

    name: str
    source_labels: tuple[str, ...]
    join: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class IntrinsicDimensions:
    """Which of the labels that every span has are there."""

    service: bool = True
    span_name: bool = True
    span_kind: bool = True
    status_code: bool = True
    status_message: bool = False
    """Texts of errors may be as many as there are errors."""


@dataclass(slots=True, frozen=True, kw_only=True)
class SpanMetricsConfig:
    count: bool = True
    """Whether there is `traces_spanmetrics_calls_total`."""
    latency: bool = True
    """Whether there is the histogram `traces_spanmetrics_latency`."""
    size: bool = True
    """Whether there is `traces_spanmetrics_size_total`."""
    histogram_buckets_s: tuple[float, ...] = LATENCY_BUCKETS_S
    """Upper bounds, each included, ascending; `+Inf` is added."""
    intrinsic_dimensions: IntrinsicDimensions = IntrinsicDimensions()
    dimensions: tuple[str, ...] = ()
    """Attributes that become labels, looked for on the resource first, then on the span."""
    dimension_mappings: tuple[DimensionMapping, ...] = ()
    filter_policies: tuple[FilterPolicy, ...] = ()
    """Only spans that pass all of them count."""
    enable_target_info: bool = False
    """Whether there is `traces_target_info`, and `job` and `instance` on every series."""
    enable_instance_label: bool = True
    """Whether `instance` is one of them."""
    target_info_excluded_dimensions: tuple[str, ...] = ()
    """Attributes of resources that are no labels of `traces_target_info`."""
    span_multiplier_key: str = ""
    """Attribute with the ratio at which spans were sampled: a span of ratio 0.1 counts as 10."""
    enable_trace_state_span_multiplier: bool = False
    """Whether the threshold of sampling in the trace state (`ot=th:c`) is looked at, before that attribute."""

    def __post_init__(self) -> None:
        _check_buckets("span_metrics", self.histogram_buckets_s)


@dataclass(slots=True, frozen=True, kw_only=True)
class ServiceGraphsConfig:
    wait_s: float = 10.0
    """For how long one half of a request waits for the other."""
    max_items: int = 10_000
    """Halves that wait at once; further ones are dropped, and counted."""
    histogram_buckets_s: tuple[float, ...] = REQUEST_BUCKETS_S
    """Upper bounds, each included, ascending; `+Inf` is added."""
    dimensions: tuple[str, ...] = ()
    """Attributes that become labels, looked for on the resource first, then on the span, of the server first, then of the client."""
    enable_client_server_prefix: bool = False
    """Whether these labels are there twice, as `client_x` and `server_x`."""
    peer_attributes: tuple[str, ...] = PEER_ATTRIBUTES
    """Attributes of a span that name the other side where that sends no spans; the first that is there counts."""
    database_name_attributes: tuple[str, ...] = DATABASE_ATTRIBUTES
    """A client span with one of them is a request to a database, which sends no spans."""
    enable_messaging_system_latency_histogram: bool = False
    """Whether there is a histogram of the time between a producer's end and its consumer's start."""
    enable_virtual_node_label: bool = False
    """Whether the label `virtual_node` tells which side sent no spans."""
    enable_connection_info: bool = False
    """Whether there is a gauge `traces_service_graph_connection_info`, 1 for each edge."""
    span_multiplier_key: str = ""
    """As that of span metrics."""
    enable_trace_state_span_multiplier: bool = False
    """As that of span metrics."""

    def __post_init__(self) -> None:
        _check_buckets("service_graphs", self.histogram_buckets_s)
        if self.wait_s <= 0 or self.max_items < 1:
            raise ValueError("service_graphs.wait_s and service_graphs.max_items must be positive")


@dataclass(slots=True, frozen=True, kw_only=True)
class GeneratorConfig:
    """Of one tenant."""

    processors: tuple[Processor, ...] = ()
    """Which of them run; none unless asked for."""
    span_metrics: SpanMetricsConfig = field(default_factory=SpanMetricsConfig)
    service_graphs: ServiceGraphsConfig = field(default_factory=ServiceGraphsConfig)
    ingestion_slack_s: float = 30.0
    """Spans that ended longer ago than this, or will end later than this, are not counted: a counter has only one time, now."""
    stale_after_s: float = 900.0
    """Series that nothing was added to for this long are forgotten."""
    max_active_series: int = 200_000
    """Series of all processors together, some 300 bytes each; 0 has no limit. What would need more is counted in one series labelled
    `metric_overflow`."""
    external_labels: Labels = ()
    """Labels of every series. Where several nodes count, one of them must tell the nodes apart, for each has a counter of its own."""

    def __post_init__(self) -> None:
        unknown = set(self.processors) - {"span-metrics", "service-graphs"}
        if unknown:
            raise ValueError(f"unknown processors: {', '.join(sorted(unknown))}")
        if self.ingestion_slack_s <= 0 or self.stale_after_s <= 0 or self.max_active_series < 0:
            raise ValueError("ingestion_slack_s and stale_after_s must be positive, and max_active_series not negative")


def _check_buckets(section: str, buckets_s: tuple[float, ...]) -> None:
    ascending = all(low < high for low, high in pairwise(buckets_s))
    if not buckets_s or not ascending or not all(map(math.isfinite, buckets_s)):
        raise ValueError(f"{section}.histogram_buckets_s must be finite and ascending")
