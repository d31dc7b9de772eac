"""From what a job says about where its targets come from to what finds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lgtm.clock import Clock
from lgtm.scrape.aws import Aws
from lgtm.scrape.config_discovery import AwsAccess, Discovery, DnsDiscovery, Ec2Discovery, FileDiscovery, HttpDiscovery, NodesDiscovery
from lgtm.scrape.discover_dns import DnsDiscoverer, Resolve
from lgtm.scrape.discover_ec2 import Ec2Discoverer
from lgtm.scrape.discover_ecs import EcsDiscoverer
from lgtm.scrape.discover_files import FileDiscoverer
from lgtm.scrape.discover_http import HttpDiscoverer
from lgtm.scrape.discover_nodes import Nodes, NodesDiscoverer
from lgtm.scrape.discoverer import Discoverer
from lgtm.scrape.fetch import Fetch
from lgtm.scrape.metrics import ScrapeMetrics


def _no_nodes() -> Iterable[str]:
    return ()


@dataclass(slots=True, frozen=True)
class Discoverers:
    """A `PoolParts.discoverer`."""

    clock: Clock
    fetch: Fetch
    resolve: Resolve
    metrics: ScrapeMetrics
    nodes: Nodes = _no_nodes
    user_agent: str = "lgtm"

    def __call__(self, discovery: Discovery) -> Discoverer:
        match discovery:
            case FileDiscovery():
                return FileDiscoverer(discovery, self.metrics.discovery_failures.labels("file").inc)
            case HttpDiscovery():
                return HttpDiscoverer(discovery, self.fetch, self.clock, self.user_agent)
            case DnsDiscovery():
                return DnsDiscoverer(discovery, self.resolve)
            case Ec2Discovery():
                return Ec2Discoverer(discovery, _boto(discovery.access))
            case NodesDiscovery():
                return NodesDiscoverer(discovery, self.nodes)
            case _:
                return EcsDiscoverer(discovery, _boto(discovery.access))


def _boto(access: AwsAccess) -> Aws:
    from lgtm.scrape.boto import BotoAws  # boto3 takes 65 ms to import, which a node that asks nothing of AWS need not wait for

    return BotoAws(access)
