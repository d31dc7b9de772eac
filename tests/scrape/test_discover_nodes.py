"""The nodes themselves are targets."""

from __future__ import annotations

from lgtm.scrape.config_discovery import NodesDiscovery
from lgtm.scrape.discover_nodes import NodesDiscoverer


async def test_every_node_there_is_at_the_moment_is_found_in_one_order() -> None:
    nodes = ["b:1", "a:1"]
    discoverer = NodesDiscoverer(NodesDiscovery(), lambda: nodes)
    assert await discoverer.find() == [{"__address__": "a:1"}, {"__address__": "b:1"}]
    nodes.pop()
    assert await discoverer.find() == [{"__address__": "b:1"}]
