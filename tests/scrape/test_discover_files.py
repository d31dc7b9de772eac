"""Targets in files follow the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgtm.clock import NS_PER_S
from lgtm.scrape.config_discovery import FileDiscovery
from lgtm.scrape.discover_files import FileDiscoverer, read_targets
from lgtm.scrape.section import InvalidScrapeConfig


async def test_targets_follow_their_files(tmp_path: Path) -> None:
    a, b = tmp_path / "a.json", tmp_path / "b.yml"
    discoverer = FileDiscoverer(FileDiscovery(files=(str(tmp_path / "*.json"), str(b))))
    assert discoverer.refresh_ns == 5 * NS_PER_S
    assert await discoverer.find() == []
    a.write_text('[{"targets": ["h:1"], "labels": {"x": "y"}}]')
    b.write_text("- targets: [i]\n")
    of_a, of_b = {"__address__": "h:1", "x": "y", "__meta_filepath": str(a)}, {"__address__": "i", "__meta_filepath": str(b)}
    assert await discoverer.find() == [of_a, of_b]
    a.write_text("[{broken")
    assert await discoverer.find() == [of_a, of_b]
    a.write_text('[{"targets": ["other"]}]')
    assert await discoverer.find() == [{"__address__": "other", "__meta_filepath": str(a)}, of_b]
    a.unlink()
    assert await discoverer.find() == [of_b]


@pytest.mark.parametrize(
    "text", ["{", "x: y", "- x", "- targets: h", "- {targets: [h], label: {}}", "- targets: ['http://h']", "- {targets: [h], labels: [a]}"]
)
def test_what_is_no_list_of_targets_is_refused(text: str) -> None:
    with pytest.raises(InvalidScrapeConfig):
        read_targets(text)
