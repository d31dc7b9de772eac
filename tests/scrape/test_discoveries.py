"""Every way of finding targets has something that finds them."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.clock import NS_PER_S, ManualClock
from lgtm.scrape.config_discovery import Discovery, DnsDiscovery, Ec2Discovery, EcsDiscovery, FileDiscovery, HttpDiscovery, NodesDiscovery
from lgtm.scrape.discover_dns import DnsDiscoverer
from lgtm.scrape.discover_ec2 import Ec2Discoverer
from lgtm.scrape.discover_ecs import EcsDiscoverer
from lgtm.scrape.discover_files import FileDiscoverer
from lgtm.scrape.discover_http import HttpDiscoverer
from lgtm.scrape.discover_nodes import NodesDiscoverer
from lgtm.scrape.discoveries import Discoverers
from lgtm.scrape.dns_client import DnsClient
from lgtm.scrape.metrics import ScrapeMetrics
from scrape.fakes import Pages


@pytest.mark.parametrize(
    ("discovery", "kind", "refresh_s"),
    [
        (FileDiscovery(files=("x.json",)), FileDiscoverer, 5),
        (HttpDiscovery(url="http://h"), HttpDiscoverer, 60),
        (DnsDiscovery(names=("n",)), DnsDiscoverer, 30),
        (Ec2Discovery(), Ec2Discoverer, 60),
        (EcsDiscovery(), EcsDiscoverer, 60),
        (NodesDiscovery(), NodesDiscoverer, 5),
    ],
)
def test_every_discovery_has_its_discoverer(discovery: Discovery, kind: type, refresh_s: int) -> None:
    clock = ManualClock()
    metrics = ScrapeMetrics(CollectorRegistry())
    found = Discoverers(clock, Pages(clock), DnsClient([], clock, None).resolve, metrics)(discovery)  # type: ignore[arg-type]
    assert isinstance(found, kind)
    assert found.refresh_ns == refresh_s * NS_PER_S


async def test_files_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[")
    clock, registry = ManualClock(), CollectorRegistry()
    discoverers = Discoverers(clock, Pages(clock), DnsClient([], clock, None).resolve, ScrapeMetrics(registry))  # type: ignore[arg-type]
    assert await discoverers(FileDiscovery(files=(str(tmp_path / "*.json"),))).find() == []
    assert registry.get_sample_value("lgtm_scrape_discovery_failures_total", {"mechanism": "file"}) == 1
