"""Entries of a tail between their arrival and their frame: filtered, each once, held for `delay_for`, in order of time, within a bound."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.api.loki.engine import Follower
from lgtm.clock import NS_PER_S, Clock
from lgtm.logql.evaluate_log import LogResult
from lgtm.logql.label_sets import CategorizedLabels
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.syntax import LogExpr
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.matchers import matches_all
from lgtm.model.signal import SERIES

DROPPED_REPORTED_MAX = 1_000
"""Dropped entries that are told one by one in a frame; of more than that the oldest are told."""


@dataclass(slots=True, frozen=True)
class LiveEntry:
    ts_ns: int
    line: str
    labels: CategorizedLabels


@dataclass(slots=True, frozen=True)
class Dropped:
    """An entry that the client did not get; one without labels stands for rows that nobody looked at."""

    ts_ns: int
    labels: Labels


class Live:
    def __init__(self, expr: LogExpr, clock: Clock, *, delay_s: int, entries_max: int) -> None:
        self._expr, self._clock, self._delay_ns, self._entries_max = expr, clock, delay_s * NS_PER_S, entries_max
        self._pipeline = compile_pipeline(expr.stages, None)
        self._backlog: deque[LiveEntry] = deque()
        self._sent: frozenset[LiveEntry] = frozenset()
        self._waiting: deque[tuple[int, LiveEntry]] = deque()
        self._dropped: list[Dropped] = []
        self._arrived = asyncio.Event()

    def begin(self, newest: LogResult) -> None:
        """What was stored before, newest first. An entry that arrived while this was read comes again live, and is left out then."""
        entries = [
            LiveEntry(ts, line, newest.labels[code])
            for ts, line, code in zip(newest.ts_ns.tolist(), newest.lines, newest.codes.tolist(), strict=True)
        ]
        self._sent = frozenset(entries)
        self._backlog.extend(reversed(entries))
        self._arrived.set()

    async def read(self, follower: Follower) -> None:
        """Takes batches for ever."""
        while True:
            self.add(await follower.next())
            if follower.take_dropped():
                self._drop(Dropped(self._clock.now_ns(), ()))

    def add(self, batch: Batch) -> None:
        due_ns = self._clock.monotonic_ns() + self._delay_ns
        for entry in self._matching(batch):
            if entry in self._sent:
                continue
            if len(self._waiting) >= self._entries_max:
                self._drop(Dropped(entry.ts_ns, entry.labels.stream))
            else:
                self._waiting.append((due_ns, entry))
        if self._waiting or self._dropped:
            self._arrived.set()

    async def next(self, count: int) -> tuple[LogResult, list[Dropped]]:
        """Up to `count` entries that are due, in order of time, once there is one."""
        while True:
            found = self._take(count)
            if found or self._dropped:
                dropped, self._dropped = self._dropped, []
                return _result(found), dropped
            if self._waiting:
                await self._clock.sleep(max(0, self._waiting[0][0] - self._clock.monotonic_ns()) / NS_PER_S)
            else:
                self._arrived.clear()
                await self._arrived.wait()

    def _take(self, count: int) -> list[LiveEntry]:
        if self._backlog:
            return [self._backlog.popleft() for _ in range(min(count, len(self._backlog)))]
        now_ns = self._clock.monotonic_ns()
        due = [self._waiting.popleft()[1] for _ in range(sum(1 for at_ns, _ in self._waiting if at_ns <= now_ns))]
        due.sort(key=lambda entry: entry.ts_ns)
        self._waiting.extendleft((now_ns, entry) for entry in reversed(due[count:]))
        return due[:count]

    def _matching(self, batch: Batch) -> list[LiveEntry]:
        fits = np.array([matches_all(self._expr.matchers, labels or ()) for labels in batch.table.labels], dtype=bool)
        wanted = fits[batch.rows.column(SERIES).to_numpy()]
        if not wanted.any():
            return []
        frame = self._pipeline.run(dataclasses.replace(batch, rows=batch.rows.filter(pa.array(wanted))))
        codes, labels = frame.categorized()
        rows = zip(frame.ts_ns.tolist(), frame.line.to_pylist(), codes.tolist(), strict=True)
        return [LiveEntry(ts, line, labels[code]) for ts, line, code in rows]

    def _drop(self, dropped: Dropped) -> None:
        if len(self._dropped) < DROPPED_REPORTED_MAX:
            self._dropped.append(dropped)


def dropped_objects(dropped: Sequence[Dropped]) -> list[dict[str, object]]:
    return [{"timestamp": str(each.ts_ns), "labels": dict(each.labels)} for each in dropped]


def _result(entries: list[LiveEntry]) -> LogResult:
    labels = list(dict.fromkeys(entry.labels for entry in entries))
    numbers = {each: number for number, each in enumerate(labels)}
    codes = np.array([numbers[entry.labels] for entry in entries], dtype=np.int64)
    return LogResult(np.array([entry.ts_ns for entry in entries], dtype=np.int64), [entry.line for entry in entries], codes, labels)
