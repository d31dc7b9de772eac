"""The other side of `remote.py`: answers what other nodes ask about the rows in this node's memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from typing import TypeVar

import numpy as np
import orjson
import pyarrow as pa

from lgtm.model.batch import Batch
from lgtm.model.signal import SERIES
from lgtm.query.asking import Question, Summary, decode_question
from lgtm.query.heads import HeadSource, NotYet
from lgtm.query.source import RowSet, RowsMoved
from lgtm.wire.batch import encode_batch

T = TypeVar("T")
BATCH_BYTES_MAX = 4 * 1024 * 1024
"""Of rows in one message, about; bounds what either side holds besides the rows themselves."""


class HeadService:
    """not_ready: says what this node is doing as long as it cannot answer; None when it can."""

    def __init__(self, heads: HeadSource, executor: Executor, not_ready: Callable[[], str | None] = lambda: None) -> None:
        self._heads, self._executor, self._not_ready = heads, executor, not_ready

    async def heads(self, data: bytes) -> bytes:
        question = self._question(data)
        held = self._heads.look(question.request)
        rows = held.row_sets_of(held.parts)
        count = sum(each.row_count for each in rows)
        summary = Summary(held.parts, count, self._heads.forgotten_age_ns(), lost_to=held.lost_to)
        if count:
            summary = replace(summary, min_ns=min(each.min_ns for each in rows), max_ns=max(each.max_ns for each in rows))
        return summary.to_bytes()

    async def rows(self, data: bytes) -> AsyncIterator[bytes]:
        question = self._question(data)
        pieces = self._pieces(question, self._row_sets(question))
        while (piece := await self._run(lambda: next(pieces, None))) is not None:
            yield piece

    async def series(self, data: bytes) -> bytes:
        question = self._question(data)
        row_sets = self._row_sets(question)
        return await self._run(lambda: orjson.dumps(sorted({labels for rows in row_sets for labels in rows.series()})))

    async def volumes(self, data: bytes) -> bytes:
        question = self._question(data)
        row_sets, edges = self._row_sets(question), np.asarray(question.edges_ns, np.int64)
        return await self._run(lambda: orjson.dumps([_volumes(rows, edges) for rows in row_sets]))

    def _question(self, data: bytes) -> Question:
        if (doing := self._not_ready()) is not None:
            raise NotYet(doing)
        return decode_question(data)

    def _row_sets(self, question: Question) -> list[RowSet]:
        held = self._heads.look(question.request)
        if not held.parts.covers(question.parts):
            raise RowsMoved(self._heads.id, "its rows are in blocks by now")
        return held.row_sets_of(question.parts)

    @staticmethod
    def _pieces(question: Question, row_sets: list[RowSet]) -> Iterator[bytes]:
        for rows in row_sets:
            if question.window.overlaps(rows.min_ns, rows.max_ns):
                for batch in rows.read(question.window, question.columns):
                    yield from (encode_batch(piece) for piece in _pieces_of(batch))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _pieces_of(batch: Batch) -> Iterator[Batch]:
    """In messages of bounded size, each with only the series that it uses."""
    rows = max(1, len(batch) * BATCH_BYTES_MAX // max(1, batch.rows.nbytes))
    for start in range(0, len(batch), rows):
        yield compact(Batch(batch.signal, batch.tenant, batch.series, batch.rows.slice(start, rows)))


def compact(batch: Batch) -> Batch:
    """Without the series that no row has."""
    at = batch.rows.schema.get_field_index(SERIES)
    used, numbers = np.unique(batch.rows.column(at).to_numpy(), return_inverse=True)
    rows = batch.rows.set_column(at, batch.rows.schema.field(at), pa.array(numbers, pa.uint32()))
    return Batch(batch.signal, batch.tenant, batch.table.take(used), rows)


def _volumes(rows: RowSet, edges: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[object, ...]:
    labels, counts, nbytes = rows.volumes(edges)
    return list(labels), counts.tolist(), nbytes.tolist()
