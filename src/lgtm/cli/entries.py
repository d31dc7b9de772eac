"""Log entries as they come out of the API, page after page, each once.

A server answers no more than some thousand entries at a time. The next page begins at the time where the last one ended, *including* that time,
because further entries may have it too; those that were seen already are left out.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lgtm.errors import LgtmError

PAGE_ENTRIES = 1_000


@dataclass(slots=True, frozen=True)
class Entry:
    ts_ns: int
    labels: Mapping[str, str]
    line: str

    def identity(self) -> tuple[int, str, tuple[tuple[str, str], ...]]:
        return (self.ts_ns, self.line, tuple(sorted(self.labels.items())))


class TooManyAtOnce(LgtmError):
    """More entries have one time than fit into a page, so the pages after it cannot be reached."""

    def __init__(self, ts_ns: int, page: int) -> None:
        self.ts_ns, self.page = ts_ns, page

    def __str__(self) -> str:
        return f"more than {self.page} entries have the time {self.ts_ns}; raise --page, or narrow the query"


Fetch = Callable[[int, int, int], list[Entry]]
"""start_ns, end_ns (not included) and limit → entries in the order asked for."""


def entries_of(streams: list[dict[str, Any]], *, forward: bool) -> list[Entry]:
    """The entries of all streams of an answer, in one order of time."""
    columns = [[Entry(int(value[0]), stream["stream"], value[1]) for value in stream["values"]] for stream in streams]
    return list(heapq.merge(*columns, key=lambda entry: entry.ts_ns, reverse=not forward))


def pages(fetch: Fetch, start_ns: int, end_ns: int, *, limit: int, forward: bool, page: int = PAGE_ENTRIES) -> Iterator[list[Entry]]:
    """Up to `limit` entries of [start_ns, end_ns), as lists that are not empty. Raises TooManyAtOnce."""
    edge: Counter[object] = Counter()
    while limit > 0 and start_ns < end_ns:
        asked = min(page, limit + edge.total())
        found = fetch(start_ns, end_ns, asked)
        fresh = list(_without(found, edge))[:limit]
        if fresh:
            yield fresh
            limit -= len(fresh)
        if len(found) < asked or not found:
            return
        if not fresh:
            raise TooManyAtOnce(found[-1].ts_ns, page)
        last_ns = found[-1].ts_ns
        edge = Counter(entry.identity() for entry in found if entry.ts_ns == last_ns)
        if forward:
            start_ns = last_ns
        else:
            end_ns = last_ns + 1


def _without(entries: list[Entry], seen: Counter[object]) -> Iterator[Entry]:
    """Counted, because a line_format can make records look the same that are not."""
    left = seen.copy()
    for entry in entries:
        if left[entry.identity()]:
            left[entry.identity()] -= 1
        else:
            yield entry
