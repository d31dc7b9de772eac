"""What every discovery is to a job: something that can be asked for targets again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lgtm.scrape.config_discovery import StaticConfig, read_group
from lgtm.scrape.section import Section
from lgtm.scrape.target import ADDRESS

Found = Sequence[Mapping[str, str]]
"""Labels of targets, `__address__` among them."""


class Discoverer(Protocol):
    refresh_ns: int
    """How long after one answer the next is asked for."""

    async def find(self) -> Found:
        """All targets there are now. Raises LgtmError or OSError when that cannot be told; then those of before stand."""
        ...


def expand(group: StaticConfig, **more: str) -> list[dict[str, str]]:
    """The targets of a group with its labels. more: further labels of each."""
    return [{**dict(group.labels), ADDRESS: target, **more} for target in group.targets]


def read_targets(document: object, **more: str) -> list[dict[str, str]]:
    """Of a list of groups, `[{targets: [...], labels: {...}}]`. more: further labels of each target. Raises InvalidScrapeConfig."""
    root = Section({"targets": document}, "")
    return [labels for section in root.sections("targets") for labels in expand(read_group(section), **more)]
