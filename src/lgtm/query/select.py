"""Select: the rows of a request from all sources, each record once, slice of time by slice of time. The only part of a query that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

from lgtm.errors import BadRequest, Unavailable
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import REST, SERIES, TS
from lgtm.model.window import Window
from lgtm.query.duplicates import Drops, find_drops, find_suspects, without
from lgtm.query.slices import SLICE_ROWS_MAX, slices
from lgtm.query.source import EVERYTHING, FOREVER_NS, Columns, Held, Holder, Request, RowSet, Stored

T = TypeVar("T")
Consume = Callable[[Batch], None]


class TooManyBytes(BadRequest):
    """The query would read more than the tenant may."""

    def __init__(self, nbytes: int, bytes_max: int) -> None:
        self.nbytes, self.bytes_max = nbytes, bytes_max

    def __str__(self) -> str:
        return (
            f"the query would read too many bytes (query: {human_bytes(self.nbytes)}, limit: {human_bytes(self.bytes_max)}); "
            "consider adding more specific stream selectors or reduce the time range of the query"
        )


HEDGED_FROM = 3
"""Holders from which on the absence of one hides nothing: each row has two."""


@dataclass(slots=True)
class QueryStats:
    """What a query did. Bytes are those of lines and metadata that were read."""

    bytes_processed: int = 0
    lines_processed: int = 0
    lines_post_filter: int = 0
    entries_returned: int = 0
    exec_s: float = 0.0
    queue_s: float = 0.0
    streams: int = 0
    blocks: int = 0
    head_runs: int = 0


@dataclass(slots=True, frozen=True)
class Order:
    """newest_first: slices go back in time. first_rows: of the first slice. copies: whether copies come, too, for who tells them apart himself."""

    newest_first: bool = True
    first_rows: int = SLICE_ROWS_MAX
    copies: bool = False


@dataclass(slots=True, frozen=True)
class Gathered:
    """row_sets: in the order in which their rows arrived, what was flushed before what is in memory. asked: ids of all holders. away: of those that
    could not say, and why. warnings: of blocks that the list may lack. lost_to: who may hold alone what those who answered have lost."""

    row_sets: list[RowSet]
    asked: frozenset[str]
    away: Mapping[str, Unavailable]
    warnings: tuple[str, ...] = ()
    lost_to: frozenset[str] = frozenset()


async def gather(holders: Sequence[Holder], stored: Stored, request: Request, *, hedge_s: float) -> Gathered:
    """All ingesters are asked before the list of blocks is fixed: rows move from them into blocks, so the other order would miss those on the move.

    A part that several places hold is taken from one of them: from blocks, else from the first holder. hedge_s: a single one of three or more that is
    slower counts as away.
    """
    answers = await _answers(holders, request, hedge_s)
    away = {holder.id: answer for holder, answer in zip(holders, answers, strict=True) if isinstance(answer, Unavailable)}
    given = [answer for answer in answers if not isinstance(answer, Unavailable)]
    age_ns = min((answer.forgotten_age_ns for answer in given), default=FOREVER_NS)
    warnings = await stored.refresh(age_ns, away)
    blocks, taken = stored.pick(request)
    if request.traces is not None:
        blocks = await stored.sift(blocks)
    taken = PartIds(taken.intervals()) if len(holders) > 1 else taken
    in_memory: list[RowSet] = []
    for answer in given:
        in_memory += answer.row_sets(taken)
        if len(holders) > 1:
            taken.update(answer.parts)
    lost_to = frozenset[str]().union(*(answer.lost_to for answer in given))
    return Gathered([*blocks, *in_memory], frozenset(holder.id for holder in holders), away, warnings, lost_to)


async def _answers(holders: Sequence[Holder], request: Request, hedge_s: float) -> list[Held | Unavailable]:
    if len(holders) < HEDGED_FROM:
        return list(await asyncio.gather(*(_held(holder, request) for holder in holders)))
    tasks = [asyncio.ensure_future(_held(holder, request)) for holder in holders]
    try:
        _, pending = await asyncio.wait(tasks, timeout=hedge_s)
        if len(pending) > 1:
            await asyncio.wait(tasks)
        return [task.result() if task.done() else SlowHolder(holder.id, hedge_s) for holder, task in zip(holders, tasks, strict=True)]
    finally:
        for task in tasks:
            task.cancel()


async def _held(holder: Holder, request: Request) -> Held | Unavailable:
    try:
        return await holder.held(request)
    except Unavailable as error:
        return error


class SlowHolder(Unavailable):
    """It may answer yet, but the query did not wait."""

    def __init__(self, holder: str, waited_s: float) -> None:
        self.holder, self.waited_s = holder, waited_s

    def __str__(self) -> str:
        return f"instance {self.holder} did not answer within {self.waited_s:g} s"


class Selection:
    """One pass over the rows of a request. bytes_max: 0 for no limit; counted over all passes that share `stats`."""

    def __init__(self, executor: Executor, stats: QueryStats, bytes_max: int) -> None:
        self._executor = executor
        self._stats = stats
        self._bytes_max = bytes_max

    async def each(
        self,
        row_sets: Sequence[RowSet],
        window: Window,
        columns: Columns,
        order: Order,
        consume: Consume,
        enough: Callable[[Window], bool] = lambda _: False,
    ) -> None:
        """Hands every batch to `consume`, one at a time, on a thread. Within a slice batches come in order of arrival. `enough` is asked before
        each slice whether its rows can still matter. Cancelling stops after the batch in hand."""
        for part in slices(row_sets, window, first_rows=order.first_rows, newest_first=order.newest_first):
            if enough(part):
                return
            members = [rows for rows in row_sets if part.overlaps(rows.min_ns, rows.max_ns)]
            async with AsyncExitStack() as stack:
                for rows in members:
                    await rows.prepare(stack, part, columns)
                drops = [None] * len(members) if order.copies else await self._drops(members, part, stack)
                for rows, drop in zip(members, drops, strict=True):
                    batches = without(rows.read(part, columns), drop)
                    while await self.run(lambda batches=batches: self._step(batches, consume)):  # type: ignore[misc]
                        pass

    async def series(self, row_sets: Sequence[RowSet], window: Window, columns: Columns, found: set[Labels]) -> None:
        """Adds the label sets of the row sets' series that have rows near their request's window."""
        for rows in row_sets:
            async with AsyncExitStack() as stack:
                await rows.prepare(stack, window, columns)
                await self.run(lambda rows=rows: found.update(rows.series()))  # type: ignore[misc]

    async def _drops(self, members: Sequence[RowSet], part: Window, stack: AsyncExitStack) -> Sequence[Drops | None]:
        suspects = await self.run(lambda: find_suspects(members, part))
        for number in suspects.positions:
            await members[number].prepare(stack, part, EVERYTHING)
        return await self.run(lambda: find_drops(members, part, suspects))

    async def run(self, work: Callable[[], T], hurry: Callable[[], None] = lambda: None) -> T:
        """On a thread. When cancelled, waits for the work in hand to end, so that nothing it reads is taken away under it; `hurry` tells it."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            hurry()
            await asyncio.wait({future})
            if not future.cancelled():
                future.exception()  # nobody else asks for it, which asyncio would complain of
            raise
        finally:
            # An error holds the frames that it went through: this one, which would hold the error, and those of the work with all their columns.
            del future

    def _step(self, batches: Iterator[Batch], consume: Consume) -> bool:
        batch = next(batches, None)
        if batch is None:
            return False
        self._stats.lines_processed += len(batch)
        self._stats.bytes_processed += _content_bytes(batch)
        if 0 < self._bytes_max < self._stats.bytes_processed:
            raise TooManyBytes(self._stats.bytes_processed, self._bytes_max)
        consume(batch)
        return True


def _content_bytes(batch: Batch) -> int:
    rows = batch.rows
    return sum(int(column.nbytes) for name, column in zip(rows.schema.names, rows.columns, strict=True) if name not in (SERIES, TS, REST))


def human_bytes(nbytes: int) -> str:
    """As Loki prints sizes in limits: `12 MB`, `1.5 GB`, with steps of 1000."""
    if nbytes < 1000:
        return f"{nbytes} B"
    value = float(nbytes)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
