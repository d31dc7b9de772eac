"""The `scrape` section of the configuration. What is scraped, and how, stands in a file of its own, in the form of prometheus.yml."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.model.tenant import Tenant


@dataclass(slots=True, frozen=True, kw_only=True)
class ScrapeSettings:
    config_file: str = ""
    """File in the form of prometheus.yml: its `scrape_configs` are scraped, parts that concern something else are named and passed over. Read anew
    within seconds when it changes, at SIGHUP and at `POST /-/reload`. The same on all nodes of a cluster, which share the targets. Empty: nothing is
    scraped but what self_telemetry.metrics says."""
    tenant: str = ""
    """Tenant of the jobs in the file that name none (`tenant: team-a` in a job). Only with auth_enabled, and needed then."""

    def __post_init__(self) -> None:
        if self.tenant:
            Tenant(self.tenant)
