"""The configuration as one typed tree: the packages' own sections joined, and what belongs to no package.

A component receives its section, never the tree. config_load.py fills it; docs/configuration.md lists every key and is generated from here.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lgtm.api.config import PushConfig
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.app.config_keys import PER_TENANT
from lgtm.app.span_metrics import SpanMetricsSettings
from lgtm.compactor.config import CompactorConfig
from lgtm.distributor.config import DistributorConfig
from lgtm.ingester.config import IngesterConfig
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.peer.config import PeerConfig
from lgtm.query.config import QueryConfig
from lgtm.ring.config import RingConfig
from lgtm.scrape.settings import ScrapeSettings
from lgtm.storage.config import StorageConfig
from lgtm.wal.config import WalConfig
from lgtm.wire.otlp_metrics_options import options_of

OWN_TENANT = Tenant("lgtm")
PORT_MAX = 65_535


@dataclass(slots=True, frozen=True, kw_only=True)
class ServerConfig:
    host: str = "0.0.0.0"
    """Address that every port is opened on."""
    http_port: int = 3100
    """Port of every HTTP API: Loki push and query, OTLP under /otlp, /metrics, /ready. 0: any free one, printed at start."""
    otlp_http_port: int = 4318
    """Port of OTLP over HTTP at the paths that SDKs use, /v1/logs, /v1/traces and /v1/metrics. 0: any free one."""
    otlp_grpc_port: int = 4317
    """Port of OTLP over gRPC, and of Tempo's streaming queries. 0: any free one."""
    more_http_ports: tuple[str, ...] = ()
    """Further ports that answer every HTTP API, for clients that insist on them: 3200 for Tempo's, 9411 for Zipkin's."""
    stop_grace_s: float = 4.0
    """How long open requests may take to end once the node was told to stop; then ingester.stop_grace_s begins. Both together belong below what
    the orchestrator waits before it kills: 30 seconds in ECS unless stopTimeout says otherwise."""

    def __post_init__(self) -> None:
        ports = {name: getattr(self, name) for name in ("http_port", "otlp_http_port", "otlp_grpc_port")}
        ports |= {f"more_http_ports[{at}]": _port(text) for at, text in enumerate(self.more_http_ports)}
        for name, port in ports.items():
            if not 0 <= port <= PORT_MAX:
                raise ValueError(f"server.{name} must lie between 0 and {PORT_MAX}")
            for other, taken in ports.items():
                if other != name and port and port == taken:
                    raise ValueError(f"server.{name} and server.{other} are both {port}")

    @property
    def http_ports(self) -> tuple[int, ...]:
        """Those that answer every HTTP API, the main one first."""
        return (self.http_port, *map(_port, self.more_http_ports))


def _port(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"server.more_http_ports has {text!r}, which is no port")
    return int(text)


@dataclass(slots=True, frozen=True, kw_only=True)
class LogConfig:
    level: str = "info"
    """Least important events that are written: debug, info, warn or error."""
    format: str = "logfmt"
    """How events are written to standard error: logfmt or json."""

    def __post_init__(self) -> None:
        if self.level not in ("debug", "info", "warn", "error"):
            raise ValueError(f"log.level is {self.level!r}; use debug, info, warn or error")
        if self.format not in ("logfmt", "json"):
            raise ValueError(f"log.format is {self.format!r}; use logfmt or json")


@dataclass(slots=True, frozen=True, kw_only=True)
class SelfTelemetryConfig:
    enabled: bool = False
    """Whether the node ingests its own log events, as the stream `{service_name="lgtm"}`."""
    metrics: bool = False
    """Whether the metrics of the node are scraped, as the job `lgtm`. In a cluster those of all nodes, each by one of them, so that of a dead one
    `up` is 0: switch it on for all."""
    metrics_interval_s: float = 15.0
    """How often."""
    tenant: str = ""
    """Tenant that events and metrics go to. Empty: `lgtm` when auth_enabled is on, otherwise `fake`, the only tenant that can be asked for then."""

    def __post_init__(self) -> None:
        if self.metrics_interval_s < 1:
            raise ValueError("self_telemetry.metrics_interval_s must be at least 1")


@dataclass(slots=True, frozen=True, kw_only=True)
class Config:
    """Settings that belong to no section."""

    target: str = "all"
    """Parts of the program that this node runs. So far there is only `all`."""
    data_dir: str = "data"
    """Directory of everything the node keeps on disk. The write-ahead log is in `wal` inside it."""
    auth_enabled: bool = False
    """Whether requests name their tenant in the header X-Scope-OrgID. Off: the header is ignored and everything belongs to the tenant `fake`."""
    server: ServerConfig = field(default_factory=ServerConfig)
    """Listeners."""
    log: LogConfig = field(default_factory=LogConfig)
    """The node's own log events."""
    self_telemetry: SelfTelemetryConfig = field(default_factory=SelfTelemetryConfig)
    """The node as its own customer."""
    push: PushConfig = field(default_factory=PushConfig)
    """Requests that bring data."""
    distributor: DistributorConfig = field(default_factory=DistributorConfig)
    """From decoded requests to the write-ahead log."""
    wal: WalConfig = field(default_factory=WalConfig)
    """The write-ahead log."""
    ingester: IngesterConfig = field(default_factory=IngesterConfig)
    """Rows in memory, and how they become blocks."""
    storage: StorageConfig = field(default_factory=StorageConfig)
    """Where blocks are kept."""
    scrape: ScrapeSettings = field(default_factory=ScrapeSettings)
    """Samples that the node fetches itself, as Prometheus does."""
    compactor: CompactorConfig = field(default_factory=CompactorConfig)
    """Merging blocks, retention, erasure."""
    ring: RingConfig = field(default_factory=RingConfig)
    """Several nodes as one store. Without ring.cluster this node is by itself."""
    peer: PeerConfig = field(default_factory=PeerConfig)
    """Calls between the nodes of a cluster."""
    query: QueryConfig = field(default_factory=QueryConfig)
    """Answering queries. What a tenant may ask is in limits."""
    loki_query: QueryApiConfig = field(default_factory=QueryApiConfig)
    """Loki's query API: forms in, JSON out, tails."""
    span_metrics: SpanMetricsSettings = field(default_factory=SpanMetricsSettings)
    """Metrics that are made of spans."""
    prometheus_query: PrometheusApiConfig = field(default_factory=PrometheusApiConfig)
    """Prometheus' query API."""
    tempo_query: TempoApiConfig = field(default_factory=TempoApiConfig)
    """Tempo's query API: ranges, and how much is answered."""
    limits: Limits = field(default_factory=Limits)
    """What every tenant may send and ask. Where Loki has the limit, name and default are Loki's unless the text says otherwise; 0 switches a limit
    off."""
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, metadata={PER_TENANT: Limits})
    """Limits of single tenants: `overrides.<tenant>.<limit>`. What is not named stays as in `limits`."""

    def __post_init__(self) -> None:
        if self.target != "all":
            raise ValueError(f"target is {self.target!r}; so far there is only all")
        if not self.data_dir:
            raise ValueError("data_dir is empty")
        if self.distributor.copies > 1 and not self.ring.enabled:
            raise ValueError(f"distributor.copies is {self.distributor.copies}, but a node by itself has one log; set ring.cluster")
        if not self.auth_enabled and self.scrape.tenant not in ("", DEFAULT_TENANT):
            raise ValueError(f"scrape.tenant is {self.scrape.tenant}, which nobody can ask for while auth_enabled is false")
        if not self.auth_enabled and (self.self_telemetry.enabled or self.self_telemetry.metrics) and self.own_tenant != DEFAULT_TENANT:
            raise ValueError(f"self_telemetry.tenant is {self.own_tenant}, which nobody can ask for while auth_enabled is false")
        for tenant in (*self.overrides, self.own_tenant):
            Tenant(tenant)
        self._check_otlp()

    def _check_otlp(self) -> None:
        """At the start, and not in every request."""
        every = self.tenant_limits()
        of_tenants = {f"overrides.{tenant}": every.for_tenant(Tenant(tenant)) for tenant in self.overrides}
        for where, limits in {"limits": self.limits, **of_tenants}.items():
            try:
                options_of(limits)
            except ValueError as error:
                raise ValueError(f"{where}.otlp_*: {error}") from error

    @property
    def wal_dir(self) -> pathlib.Path:
        return pathlib.Path(self.data_dir) / "wal"

    @property
    def own_tenant(self) -> Tenant:
        """Whose the node's own log events are."""
        return Tenant(self.self_telemetry.tenant) if self.self_telemetry.tenant else OWN_TENANT if self.auth_enabled else DEFAULT_TENANT

    def tenant_limits(self) -> TenantLimits:
        return TenantLimits(self.limits, self.overrides)
