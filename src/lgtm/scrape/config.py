"""The jobs: what is asked for, how often, what is made of the answer and how much of it is taken. Names and defaults are those of prometheus.yml."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S
from lgtm.relabel.rule import RelabelRules
from lgtm.scrape.config_discovery import Discovery, StaticConfig
from lgtm.scrape.config_http import HttpConfig
from lgtm.wire.exposition_resolution import ANY, Resolution

PROTOCOLS = {
    "PrometheusProto": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
    "PrometheusText1.0.0": "text/plain;version=1.0.0;escaping=allow-utf-8",
    "PrometheusText0.0.4": "text/plain;version=0.0.4",
}
"""Name in the configuration → media type in the header Accept."""
PROTOBUF = "PrometheusProto"
TEXT_PROTOCOLS = ("OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4")


@dataclass(slots=True, frozen=True, kw_only=True)
class ScrapeLimits:
    """0: no limit. A page that exceeds one fails as a whole, and so do all targets of a job that has too many."""

    body_bytes_max: int = 0
    """0: what the client bounds every body to, 64 MiB."""
    samples_max: int = 0
    labels_max: int = 0
    label_name_bytes_max: int = 0
    label_value_bytes_max: int = 0
    targets_max: int = 0
    kept_dropped_targets_max: int = 0
    """Of the targets that were dropped by relabelling so many are told of."""


@dataclass(slots=True, frozen=True, kw_only=True)
class ScrapeConfig:
    """One job."""

    job_name: str
    tenant: str = ""
    """Who the samples belong to; empty: whom whoever starts the scraping says."""
    interval_ns: int = 60 * NS_PER_S
    timeout_ns: int = 10 * NS_PER_S
    metrics_path: str = "/metrics"
    scheme: str = "http"
    params: tuple[tuple[str, tuple[str, ...]], ...] = ()
    honor_labels: bool = False
    honor_timestamps: bool = True
    track_timestamps_staleness: bool = False
    enable_compression: bool = True
    protocols: tuple[str, ...] = TEXT_PROTOCOLS
    """Names in PROTOCOLS, the most wanted first."""
    fallback_protocol: str = ""
    """For answers that do not say what they are; empty: they fail."""
    native_histograms: bool = False
    classic_histograms: bool = False
    """Whether classic buckets are read beside native ones."""
    resolution: Resolution = ANY
    """Of native histograms. What has more buckets than it lets have fails the page."""
    extra_metrics: bool = False
    """Whether timeout, limit and size of each scrape are samples, too."""
    http: HttpConfig = field(default_factory=HttpConfig)
    limits: ScrapeLimits = field(default_factory=ScrapeLimits)
    static: tuple[StaticConfig, ...] = ()
    discoveries: tuple[Discovery, ...] = ()
    relabel: RelabelRules = ()
    metric_relabel: RelabelRules = ()
