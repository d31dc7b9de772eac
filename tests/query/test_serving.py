"""A node says what it holds, or that it cannot say yet; it never answers with nothing instead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lgtm.ingester.head import Head
from lgtm.model.part import PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import LOGS, SPANS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS
from lgtm.query.asking import Question, Summary, encode_question
from lgtm.query.heads import HeadSource, NotYet
from lgtm.query.serving import BATCH_BYTES_MAX, HeadService, compact
from lgtm.query.source import EVERYTHING, Request, RowsMoved
from lgtm.wire.batch import decode_batch
from query.row_sets import head_of
from support.parts import batch
from support.rows import entry
from support.spans import span, spans_batch

REQUEST = Request(DEFAULT_TENANT, LOGS, (), ALWAYS)
GROUPS = [[entry("api", at, "x" * 1_000) for at in range(100)] for _ in range(90)]


async def test_while_it_replays_every_question_is_refused() -> None:
    with ThreadPoolExecutor(1) as threads:
        service = HeadService(HeadSource("a", lambda *_: []), threads, lambda: "replaying")
        for method in (service.heads, service.series, service.volumes):
            with pytest.raises(NotYet, match="replaying"):
                await method(b"")
        with pytest.raises(NotYet):
            await anext(service.rows(b""))


async def test_rows_travel_in_messages_of_bounded_size() -> None:
    head = head_of(GROUPS)
    head.replace(0, head.snapshot().runs, head.merge(head.snapshot().runs))
    with ThreadPoolExecutor(1) as threads:
        service = HeadService(HeadSource("a", lambda *_: [head.snapshot()]), threads)
        parts = Summary.from_bytes(await service.heads(encode_question(Question(REQUEST, PartIds(), ALWAYS)))).parts
        pieces = [piece async for piece in service.rows(encode_question(Question(REQUEST, parts, ALWAYS, EVERYTHING)))]
    batches = [decode_batch(piece, LOGS, DEFAULT_TENANT) for piece in pieces]
    assert len(pieces) > 1
    assert all(one.rows.nbytes < 1.2 * BATCH_BYTES_MAX for one in batches)
    assert sum(len(one) for one in batches) == 9_000


async def test_parts_that_are_not_here_any_more_are_not_passed_over() -> None:
    with ThreadPoolExecutor(1) as threads:
        service = HeadService(HeadSource("a", lambda *_: []), threads)
        with pytest.raises(RowsMoved):
            await service.series(encode_question(Question(REQUEST, PartIds([(b"w" * 16, 1, 1, 1)]), ALWAYS)))


def test_a_compact_batch_has_only_the_series_that_its_rows_have() -> None:
    one = batch(["a", "b", "c"], apps=("api", "web", "db"))
    small = compact(type(one)(one.signal, one.tenant, one.series, one.rows.slice(2, 1)))
    assert [dict(series.labels or ())["app"] for series in small.series] == ["db"]
    assert small.rows.column("series").to_pylist() == [0]


async def test_only_rows_of_the_traces_asked_for_travel() -> None:
    head = Head(SPANS, DEFAULT_TENANT, "g-1")
    head.add(spans_batch([span(f"service {at}", at, at, at) for at in range(50)]), PartId(b"g" * 16, 1, 1))
    request = Request(DEFAULT_TENANT, SPANS, (), ALWAYS, TraceIds.of([(7).to_bytes(16), (70).to_bytes(16)]))
    with ThreadPoolExecutor(1) as threads:
        service = HeadService(HeadSource("a", lambda *_: [head.snapshot()]), threads)
        parts = PartIds([(b"g" * 16, 1, 1, 1)])
        pieces = [piece async for piece in service.rows(encode_question(Question(request, parts, ALWAYS, EVERYTHING)))]
    (batch,) = [decode_batch(piece, SPANS, DEFAULT_TENANT) for piece in pieces]
    assert batch.rows.column("trace_id").to_pylist() == [(7).to_bytes(16)]
    assert len(batch.series) == 1
