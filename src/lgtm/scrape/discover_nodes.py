"""The nodes of this store as targets: each is asked by one of them, so that a dead one is told as `up` = 0 by another."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lgtm.scrape.config_discovery import NodesDiscovery
from lgtm.scrape.discoverer import Found
from lgtm.scrape.target import ADDRESS

Nodes = Callable[[], Iterable[str]]
"""`host:port` of the API of each node that there is, alive or not."""


class NodesDiscoverer:
    def __init__(self, config: NodesDiscovery, nodes: Nodes) -> None:
        self.refresh_ns = config.refresh_ns
        self._nodes = nodes

    async def find(self) -> Found:
        return [{ADDRESS: address} for address in sorted(self._nodes())]
