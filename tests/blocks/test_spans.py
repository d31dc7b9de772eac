"""Spans are stored by what stores log entries: typed attributes, events as lists, and what is beyond the cap come back exactly."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.blocks.compaction import compact_blocks
from lgtm.blocks.layout import ROWS_FILE
from lgtm.blocks.lineage import compacted_identity, flushed_identities
from lgtm.blocks.merge import merge_rows, sort_and_dedupe
from lgtm.blocks.meta import PartInterval
from lgtm.blocks.writer import WrittenBlock, write_block
from lgtm.model.batch import Batch
from lgtm.model.part import Part, PartId
from lgtm.model.signal import SPANS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.trace_ids import TraceIds
from lgtm.wire.part import decode_part, encode_part
from support.blocks import DATE, DAY_START_NS, open_block, open_index
from support.spans import Span, span, spans, spans_batch, spans_of

Records = Counter[tuple[object, ...]]


pushes = st.lists(st.lists(spans(DAY_START_NS), min_size=1, max_size=6), min_size=1, max_size=3)


def records(found: Sequence[Span]) -> Records:
    return Counter(one.record for one in found)


def once(found: Sequence[Span]) -> Records:
    return Counter(set(records(found)))


def block(batches: Sequence[Batch], directory: Path, number: int = 1) -> WrittenBlock:
    parts = [PartInterval(b"w" * 16, 1, number, number)]
    of = flushed_identities(SPANS, DEFAULT_TENANT, [DATE], wal_id="a1", first_segment=number, last_segment=number, parts=parts)[0]
    directory.mkdir()
    return write_block(batches, of, directory, created_ns=number)


def index_of(written: WrittenBlock) -> set[bytes]:
    """Which of some ids may be in the block, by its index."""
    index = open_index(written)
    return {one for number in range(10) if index.may_hold(TraceIds.of([one := number.to_bytes(16)]))}


def test_layout_in_other_readers(tmp_path: Path) -> None:
    attributes = {"span.http.method": "GET", "span:int.http.status_code": 200, "event.exception.type": [None, "IOError"]}
    events = {"event_time_ns": [1, 2], "event_name": ["begin", "exception"]}
    written = block([spans_batch([span("shop", DAY_START_NS, 1, 1, attributes=attributes, **events)])], tmp_path / "b")
    columns = 'hex(trace_id), name, "span.http.method", "span:int.http.status_code", event_name, "event.exception.type"'
    (row,) = duckdb.connect().execute(f"SELECT {columns} FROM '{written.files[ROWS_FILE]}'").fetchall()
    assert row == (f"{1:032X}", "get", "GET", 200, ["begin", "exception"], [None, "IOError"])


@settings(max_examples=25)
@given(pushes, st.sets(st.sampled_from(["span:int.x", "event.x", "span:any.x"])))
def test_a_block_holds_each_span_once(given_pushes: list[list[Span]], in_rest: set[str]) -> None:
    batches = [spans_batch(push, in_rest=frozenset(in_rest)) for push in given_pushes]
    with tempfile.TemporaryDirectory() as directory:
        reader = open_block(block(batches, Path(directory) / "b"))
        found = list(reader.read())
    assert records(spans_of(found)) == once([one for push in given_pushes for one in push])


@settings(max_examples=15)
@given(st.lists(st.lists(spans(DAY_START_NS), min_size=1, max_size=6), min_size=2, max_size=4))
def test_blocks_become_one(pushes: list[list[Span]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        written = [block([spans_batch(push)], directory / str(at), at + 1) for at, push in enumerate(pushes)]
        (directory / "all").mkdir()
        of = compacted_identity([one.meta for one in written])
        joined = compact_blocks([open_block(one) for one in written], of, directory / "all", created_ns=9)
        assert records(spans_of(list(open_block(joined).read()))) == once([one for push in pushes for one in push])
        everything = [one for push in pushes for one in push]
        assert index_of(joined) == {one.trace_id for one in everything}


@given(st.lists(st.lists(spans(DAY_START_NS), min_size=1, max_size=6), min_size=1, max_size=3))
def test_heads_are_merged(pushes: list[list[Span]]) -> None:
    everything = [one for push in pushes for one in push]
    merged = merge_rows([spans_batch(push) for push in pushes])
    assert records(spans_of(merged)) == records(everything)
    assert records(spans_of(sort_and_dedupe(merged))) == once(everything)


@given(st.lists(spans(DAY_START_NS), min_size=1, max_size=6))
def test_a_part_travels(given_spans: list[Span]) -> None:
    part = Part(PartId(b"w" * 16, 1, 1), ("a", "b"), spans_batch(given_spans))
    read = decode_part(encode_part(part))
    assert read.batch.signal is SPANS
    assert records(spans_of(read.batch)) == records(given_spans)


def test_attributes_beyond_the_cap_are_searched_for_in_rest(tmp_path: Path) -> None:
    many = [span("shop", DAY_START_NS + n, 1, n + 1, attributes={f"span:int.key{n}": n, "span.common": "yes"}) for n in range(1_005)]
    reader = open_block(block([spans_batch(many)], tmp_path / "b"))
    assert reader.meta.has_rest
    assert len(reader.meta.dynamic_columns) == 1_000
    assert records(spans_of(list(reader.read()))) == records(many)
    last = list(reader.read(columns=frozenset(["span:int.key1004"])))
    assert {"span:int.key1004", "rest"} & set(last[0].rows.schema.names)
