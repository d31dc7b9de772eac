"""Targets in files, JSON or YAML: `[{"targets": ["h:1"], "labels": {"a": "b"}}]`. Changes are noticed by the time and size of a file."""

from __future__ import annotations

import asyncio
import glob
import logging
import os
from collections.abc import Callable
from pathlib import Path

from lgtm.clock import NS_PER_S
from lgtm.scrape.config_discovery import FileDiscovery
from lgtm.scrape.discoverer import Found, read_targets
from lgtm.scrape.document import parse_json, parse_yaml
from lgtm.scrape.section import InvalidScrapeConfig
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

LOOK_NS = 5 * NS_PER_S
"""A look costs one stat for each file; watching through the kernel would not see network file systems."""
_State = tuple[int, int, int]


class FileDiscoverer:
    """count_failure: called for each file that cannot be read, whenever it is looked at."""

    def __init__(self, config: FileDiscovery, count_failure: Callable[[], None]) -> None:
        self._count_failure = count_failure
        self.refresh_ns = min(LOOK_NS, config.refresh_ns)
        self._patterns = config.files
        self._seen: dict[str, tuple[_State, list[dict[str, str]]]] = {}

    async def find(self) -> Found:
        """A file that cannot be read, now or for a while, has the targets of before; one that is gone has none."""
        return await asyncio.to_thread(self._look)

    def _look(self) -> Found:
        names = sorted({name for pattern in self._patterns for name in glob.glob(pattern)})
        self._seen = {name: one for name in names if (one := self._file(name)) is not None}
        return [labels for _, targets in self._seen.values() for labels in targets]

    def _file(self, name: str) -> tuple[_State, list[dict[str, str]]] | None:
        before = self._seen.get(name)
        try:
            stat = os.stat(name)
            state = stat.st_mtime_ns, stat.st_size, stat.st_ino
            if before is not None and before[0] == state:
                return before
            return state, read_targets(_parse(name, Path(name).read_text(encoding="utf-8")), __meta_filepath=name)
        except (OSError, UnicodeDecodeError, InvalidScrapeConfig) as error:
            self._count_failure()
            event(logger, logging.WARNING, "a file of targets cannot be read; its targets of before stand", file=name, error=error)
            return before


def _parse(name: str, text: str) -> object:
    return parse_json(text) if name.lower().endswith(".json") else parse_yaml(text)
