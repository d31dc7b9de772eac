"""Groups of targets become labels of each."""

from __future__ import annotations

import pytest

from lgtm.scrape.config_discovery import StaticConfig
from lgtm.scrape.discoverer import expand, read_targets
from lgtm.scrape.section import InvalidScrapeConfig


def test_every_target_of_a_group_has_its_labels() -> None:
    assert expand(StaticConfig(("a", "b:1"), (("x", "y"),)), __meta_url="u") == [
        {"x": "y", "__address__": "a", "__meta_url": "u"},
        {"x": "y", "__address__": "b:1", "__meta_url": "u"},
    ]


def test_a_list_of_groups_is_read() -> None:
    assert read_targets([{"targets": ["a"], "labels": {"x": "y"}}, {"targets": ["b"]}], __meta_url="u") == [
        {"x": "y", "__address__": "a", "__meta_url": "u"},
        {"__address__": "b", "__meta_url": "u"},
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"x": "y"},
        ["x"],
        [{"targets": "h"}],
        [{"targets": ["h"], "label": {}}],
        [{"targets": ["http://h"]}],
        [{"targets": ["h"], "labels": ["a"]}],
        [{"targets": ["h"], "labels": {"a": 1}}],
        [{"targets": [1]}],
    ],
)
def test_what_is_no_list_of_targets_is_refused(document: object) -> None:
    with pytest.raises(InvalidScrapeConfig):
        read_targets(document)
