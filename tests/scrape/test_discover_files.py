"""Targets in files follow the files."""

from __future__ import annotations

from pathlib import Path

from lgtm.clock import NS_PER_S
from lgtm.scrape.config_discovery import FileDiscovery
from lgtm.scrape.discover_files import FileDiscoverer


class Failures:
    count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_targets_follow_their_files(tmp_path: Path) -> None:
    a, b = tmp_path / "a.json", tmp_path / "b.yml"
    failed = Failures()
    discoverer = FileDiscoverer(FileDiscovery(files=(str(tmp_path / "*.json"), str(b))), failed)
    assert discoverer.refresh_ns == 5 * NS_PER_S
    assert await discoverer.find() == []
    a.write_text('[{"targets": ["h:1"], "labels": {"x": "y"}}]')
    b.write_text("- targets: [i]\n")
    of_a, of_b = {"__address__": "h:1", "x": "y", "__meta_filepath": str(a)}, {"__address__": "i", "__meta_filepath": str(b)}
    assert await discoverer.find() == [of_a, of_b]
    assert not failed.count
    a.write_text("[{broken")
    for looks in (1, 2):
        assert await discoverer.find() == [of_a, of_b]
        assert failed.count == looks
    a.write_text('[{"targets": ["other"]}]')
    assert await discoverer.find() == [{"__address__": "other", "__meta_filepath": str(a)}, of_b]
    a.unlink()
    assert await discoverer.find() == [of_b]


async def test_labels_in_yaml_are_texts_and_those_in_json_have_to_be(tmp_path: Path) -> None:
    yaml, json = tmp_path / "a.yaml", tmp_path / "b.JSON"
    yaml.write_text("- {targets: [h], labels: {version: 1.10, zero: 010, on: yes}}\n")
    json.write_text('[{"targets": ["i"], "labels": {"version": 1.10}}]')
    failed = Failures()
    discoverer = FileDiscoverer(FileDiscovery(files=(str(yaml), str(json))), failed)
    assert await discoverer.find() == [{"__address__": "h", "version": "1.10", "zero": "010", "on": "yes", "__meta_filepath": str(yaml)}]
    json.write_text('[\t{"targets": ["i"]}]')
    assert (await discoverer.find())[1:] == [{"__address__": "i", "__meta_filepath": str(json)}]
