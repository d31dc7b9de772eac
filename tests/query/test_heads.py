from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ingester.head import Head
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.part import PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import LOGS, SPANS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS, Window
from lgtm.query.heads import HeadSource, head_row_sets
from lgtm.query.source import EVERYTHING, KEYS, Columns, Request
from query.row_sets import head_of, row_sets_of
from support.rows import Entry, entries_of, entry
from support.spans import span, spans_batch

API = (Matcher("app", MatchOp.EQ, "api"),)
ENTRIES = st.builds(
    lambda app, ts, line: entry(app, ts, line, trace="1"), st.sampled_from(["api", "web", "db"]), st.integers(0, 50), st.text(max_size=3)
)


@given(st.lists(st.lists(ENTRIES, min_size=1, max_size=10), min_size=1, max_size=5), st.integers(0, 50), st.integers(0, 50), st.booleans())
def test_read_yields_the_rows_of_matching_series_inside_the_window_in_order(
    groups: list[list[Entry]], start: int, length: int, matched: bool
) -> None:
    window = Window(start, start + length)
    request = Request(DEFAULT_TENANT, LOGS, API if matched else (), window)

    found = [e for rows in row_sets_of(groups, request) for e in entries_of(list(rows.read(window, EVERYTHING)))]

    wanted = [e for group in groups for e in group if e.ts in window and (not matched or e.labels == (("app", "api"),))]
    assert [e.identity for e in found] == [e.identity for e in wanted]


def test_only_the_columns_asked_for_are_read() -> None:
    (rows,) = row_sets_of([[entry("api", 1, "x", trace="1", user="2")]])
    assert [b.rows.schema.names for b in rows.read(ALWAYS, KEYS)] == [["series", "ts"]]
    assert [b.rows.schema.names for b in rows.read(ALWAYS, Columns(frozenset(), frozenset({"meta.user"})))] == [["series", "ts", "meta.user"]]


@given(st.lists(ENTRIES, min_size=1, max_size=30))
def test_volumes_count_rows_and_bytes_of_each_series_in_each_bucket(entries: list[Entry]) -> None:
    (rows,) = row_sets_of([entries])
    edges = np.array([10, 20, 45])

    labels, counts, nbytes = rows.volumes(edges)

    wanted_rows, wanted_bytes = Counter[tuple[object, int]](), Counter[tuple[object, int]]()
    for e in entries:
        bucket = 0 if 10 <= e.ts < 20 else 1 if 20 <= e.ts < 45 else None
        if bucket is not None:
            wanted_rows[e.labels, bucket] += 1
            wanted_bytes[e.labels, bucket] += len(e.line.encode()) + len("1")
    assert {(one, b): int(counts[i, b]) for i, one in enumerate(labels) for b in range(2) if counts[i, b]} == dict(wanted_rows)
    assert {(one, b): int(nbytes[i, b]) for i, one in enumerate(labels) for b in range(2) if counts[i, b]} == dict(wanted_bytes)


def test_series_are_those_whose_time_range_touches_the_window() -> None:
    entries = [entry("api", 0, "x"), entry("api", 100, "x"), entry("web", 10, "x")]
    near = row_sets_of([entries], Request(DEFAULT_TENANT, LOGS, (), Window(40, 60)))
    assert [labels for rows in near for labels in rows.series()] == [(("app", "api"),)]


@given(st.lists(st.lists(ENTRIES, min_size=1, max_size=4), min_size=1, max_size=6), st.sets(st.integers(0, 5)))
async def test_parts_that_another_place_gives_are_left_out(groups: list[list[Entry]], elsewhere: set[int]) -> None:
    head = head_of(groups)
    while (found := head.small_runs(5)) is not None:
        head.replace(*found, head.merge(found[1]))
    ids = [PartId(b"g-1".ljust(16), 1, number) for number in range(len(groups))]
    taken = PartIds()
    for number in elsewhere:
        taken.add(PartId(b"g-1".ljust(16), 1, number))

    held = HeadSource("a", lambda tenant, signal: [head.snapshot()]).look(Request(DEFAULT_TENANT, LOGS, (), ALWAYS))

    assert all(each in held.parts for each in ids)
    for row_sets, numbers in ((held.row_sets(taken), set(range(6)) - elsewhere), (held.row_sets_of(taken), elsewhere)):
        lines = [e.identity for rows in row_sets for e in entries_of(list(rows.read(ALWAYS, EVERYTHING)))]
        assert lines == [e.identity for number, group in enumerate(groups) if number in numbers for e in group]


def test_a_batch_of_nothing_is_never_given() -> None:
    (rows,) = row_sets_of([[entry("api", 1, "x")]])
    assert list(rows.read(Window(2, 3), EVERYTHING)) == []


def test_rows_of_traces_are_found_by_their_ids_whatever_columns_are_read() -> None:
    head = Head(SPANS, DEFAULT_TENANT, "g-1")
    head.add(spans_batch([span("api", at, at % 3, at) for at in range(9)] + [span("web", 3, 1, 9)]), PartId(b"g" * 16, 1, 1))
    request = Request(DEFAULT_TENANT, SPANS, (), ALWAYS, TraceIds.of([(2).to_bytes(16)]))
    (rows,) = head_row_sets(head.snapshot(), request)
    assert [ts for batch in rows.read(ALWAYS, KEYS) for ts in batch.rows.column("ts").to_pylist()] == [2, 5, 8]
    assert [ts for batch in rows.read(Window(3, 6), KEYS) for ts in batch.rows.column("ts").to_pylist()] == [5]
    assert [dict(labels) for labels in rows.series()] == [{"resource.service.name": "api"}]
    labels, counts, _ = rows.volumes(np.array([0, 4, 9]))
    assert ([dict(one) for one in labels], counts.tolist()) == ([{"resource.service.name": "api"}], [[1, 2]])
