"""Groups of targets become labels of each."""

from __future__ import annotations

from lgtm.scrape.config_discovery import StaticConfig
from lgtm.scrape.discoverer import expand


def test_every_target_of_a_group_has_its_labels() -> None:
    assert expand(StaticConfig(("a", "b:1"), (("x", "y"),)), __meta_url="u") == [
        {"x": "y", "__address__": "a", "__meta_url": "u"},
        {"x": "y", "__address__": "b:1", "__meta_url": "u"},
    ]
