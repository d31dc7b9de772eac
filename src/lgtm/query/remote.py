"""The heads of another node as a holder of rows: it is asked first what it has, then for the rows that no other place gives, column by column.

Parts never change, so the second question names them and needs no session on the other side. If they are gone when it arrives, the query begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np
import orjson
import pyarrow as pa

from lgtm.errors import Corruption, Unavailable
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import TS
from lgtm.model.window import Window
from lgtm.query.asking import HEADS, ROWS, SERIES, VOLUMES, Question, Summary, encode_question
from lgtm.query.source import Columns, Ints, Request, RowSet, RowsMoved
from lgtm.wire.batch import decode_batch

T = TypeVar("T")


class Calls(Protocol):
    """Calls to one node. They raise Unavailable, and what the other side raised."""

    async def call(self, method: str, data: bytes, timeout_s: float) -> bytes: ...

    def stream(self, method: str, data: bytes, timeout_s: float) -> AsyncIterator[bytes]: ...


class RemoteHeads:
    """asked_timeout_s: how long the first question may take; read_timeout_s: how long the rows may."""

    def __init__(self, holder_id: str, calls: Calls, *, asked_timeout_s: float, read_timeout_s: float) -> None:
        self.id = holder_id
        self._calls = calls
        self._asked_timeout_s, self._read_timeout_s = asked_timeout_s, read_timeout_s

    async def held(self, request: Request) -> HeldThere:
        question = Question(replace(request, traces=None), PartIds(), request.window)  # which parts it has does not depend on them
        summary = Summary.from_bytes(await self._calls.call(HEADS, encode_question(question), self._asked_timeout_s))
        return HeldThere(self, request, summary)

    async def ask(self, method: str, question: Question) -> bytes:
        """Raises RowsMoved when it cannot be had any more."""
        with _moved(self.id):
            return await self._calls.call(method, encode_question(question), self._read_timeout_s)

    async def read(self, question: Question) -> list[Batch]:
        with _moved(self.id):
            pieces = [piece async for piece in self._calls.stream(ROWS, encode_question(question), self._read_timeout_s)]
        request = question.request
        return [decode_batch(piece, request.signal, request.tenant) for piece in pieces]


class _moved:  # reads as the statement that it is
    """What goes wrong while a node is read means: ask again, perhaps others."""

    def __init__(self, holder_id: str) -> None:
        self._holder_id = holder_id

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Unavailable | Corruption) and not isinstance(error, RowsMoved):
            raise RowsMoved(self._holder_id, str(error)) from error


class HeldThere:
    """What another node said that it has."""

    def __init__(self, heads: RemoteHeads, request: Request, summary: Summary) -> None:
        self._heads, self._request, self._summary = heads, request, summary
        self.parts, self.forgotten_age_ns, self.lost_to = summary.parts, summary.forgotten_age_ns, summary.lost_to

    def row_sets(self, taken: PartIds) -> list[RowSet]:
        wanted = self.parts.without(taken)
        if not wanted or not self._summary.row_count:
            return []
        return [RemoteRows(self._heads, Question(self._request, wanted, self._request.window), self._summary)]


class RemoteRows:
    """Rows of another node. `prepare` fetches what will most likely be read; anything else is fetched when it is."""

    unique = False

    def __init__(self, heads: RemoteHeads, question: Question, summary: Summary) -> None:
        self._heads, self._question = heads, question
        self.min_ns, self.max_ns, self.row_count = summary.min_ns, summary.max_ns, summary.row_count
        self._fetched: tuple[Question, list[Batch]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def prepare(self, stack: AsyncExitStack, window: Window, columns: Columns) -> None:
        self._loop = asyncio.get_running_loop()
        question = replace(self._question, window=window, columns=columns)
        self._fetched = (question, await self._heads.read(question))
        stack.callback(self._forget)

    def read(self, window: Window, columns: Columns) -> Iterator[Batch]:
        for batch in self._batches(window, columns):
            rows = batch.rows.select([name for name in batch.rows.schema.names if columns.wants(name, batch.signal)])
            ts = rows.column(TS).to_numpy()
            inside = (ts >= window.start_ns) & (ts < window.end_ns)
            if not inside.all():
                rows = rows.filter(pa.array(inside))
            if rows.num_rows:
                yield Batch(batch.signal, batch.tenant, batch.series, rows)

    def series(self) -> Sequence[Labels]:
        return [_labels(one) for one in orjson.loads(self._wait(lambda: self._heads.ask(SERIES, self._question)))]

    def volumes(self, edges_ns: Ints) -> tuple[Sequence[Labels], Ints, Ints]:
        window = Window(int(edges_ns[0]), int(edges_ns[-1]))
        question = replace(self._question, window=window, edges_ns=tuple(edges_ns.tolist()))
        answers = orjson.loads(self._wait(lambda: self._heads.ask(VOLUMES, question)))
        labels = [_labels(one) for found, _, _ in answers for one in found]
        shape = (len(labels), len(edges_ns) - 1)
        counts, nbytes = ([row for answer in answers for row in answer[at]] for at in (1, 2))
        return labels, np.array(counts, np.int64).reshape(shape), np.array(nbytes, np.int64).reshape(shape)

    def _batches(self, window: Window, columns: Columns) -> list[Batch]:
        if self._fetched is not None:
            question, batches = self._fetched
            if columns.within(question.columns) and question.window.start_ns <= window.start_ns and window.end_ns <= question.window.end_ns:
                return batches
        question = replace(self._question, window=window, columns=columns)
        return self._wait(lambda: self._heads.read(question))

    def _wait(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """From a thread, for work on the loop; bounded by the timeout of the call."""
        assert self._loop is not None, "prepare it first"
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def _forget(self) -> None:
        self._fetched = None


def _labels(pairs: list[list[str]]) -> Labels:
    return tuple((name, value) for name, value in pairs)
