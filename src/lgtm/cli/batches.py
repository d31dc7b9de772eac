"""Lines become bodies of Loki's push API, at most so many lines and bytes at a time.

Each line gets a time of its own, so that their order is kept, and a body that is sent twice is stored once: what is the same in stream, time
and text is the same entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lgtm.clock import Clock

LINES_MAX = 5_000
BYTES_MAX = 1024 * 1024


@dataclass(slots=True, frozen=True)
class PushBody:
    data: bytes
    """JSON for POST /loki/api/v1/push."""
    line_count: int
    line_bytes: int


class Batch:
    """Lines of one stream that wait to be sent."""

    def __init__(self, labels: Mapping[str, str], clock: Clock) -> None:
        self._labels, self._clock = dict(labels), clock
        self._values: list[tuple[str, str]] = []
        self._nbytes = 0
        self._last_ns = 0

    def add(self, line: bytes) -> None:
        """line: without its line end. Bytes that are not UTF-8 are replaced, since the API carries text."""
        self._last_ns = max(self._last_ns + 1, self._clock.now_ns())
        self._values.append((str(self._last_ns), line.decode("utf-8", "replace")))
        self._nbytes += len(line)

    @property
    def is_full(self) -> bool:
        return len(self._values) >= LINES_MAX or self._nbytes >= BYTES_MAX

    def take(self) -> PushBody | None:
        """What waits, as one body; None when nothing does."""
        if not self._values:
            return None
        data = json.dumps({"streams": [{"stream": self._labels, "values": self._values}]}, ensure_ascii=False).encode("utf-8", "replace")
        body = PushBody(data, len(self._values), self._nbytes)
        self._values, self._nbytes = [], 0
        return body
