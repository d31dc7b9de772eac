"""Targets by the records of names."""

from __future__ import annotations

from typing import Protocol

from lgtm.scrape.config_discovery import DnsDiscovery
from lgtm.scrape.discoverer import Found
from lgtm.scrape.dns_message import Record
from lgtm.scrape.target import ADDRESS

PREFIX = "__meta_dns_"


class Resolve(Protocol):
    async def __call__(self, name: str, type_: str) -> tuple[Record, ...]:
        """Nothing for a name that does not exist. Raises DnsFailed when that cannot be told."""
        ...


class DnsDiscoverer:
    def __init__(self, config: DnsDiscovery, resolve: Resolve) -> None:
        self.refresh_ns = config.refresh_ns
        self._config, self._resolve = config, resolve

    async def find(self) -> Found:
        found: list[dict[str, str]] = []
        for name in self._config.names:
            records = await self._resolve(name, self._config.type)
            # Servers rotate their answers; a change of order alone is no change of targets.
            found += sorted((self._labels(name, record) for record in records), key=lambda labels: labels[ADDRESS])
        return found

    def _labels(self, name: str, record: Record) -> dict[str, str]:
        host = f"[{record.host}]" if ":" in record.host else record.host
        labels = {ADDRESS: f"{host}:{record.port if record.type == 'SRV' else self._config.port}", PREFIX + "name": name}
        if record.type == "SRV":
            # The dot at the end is what Prometheus shows.
            labels |= {PREFIX + "srv_record_target": f"{record.host}.", PREFIX + "srv_record_port": str(record.port)}
        elif record.type in ("MX", "NS"):
            labels[f"{PREFIX}{record.type.lower()}_record_target"] = f"{record.host}."
        return labels
