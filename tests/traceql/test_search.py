"""Searches: the newest traces that match, however the spans are dealt to tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.errors import InvalidQuery
from lgtm.traceql.parser import parse
from lgtm.traceql.search import FoundTrace, Search, searched
from lgtm.traceql.span_table import NO_ROOT, SpanTable
from traceql.dataset import T0_NS, table_of
from traceql.tables import span

ALWAYS = T0_NS - 1_000, T0_NS + 10_000


def trace(number: int, *spans: dict[str, Any], service: str = "api") -> dict[str, Any]:
    return {"id": f"{number:032x}", "batches": [{"resource": {"service.name": service}, "scopes": [{"spans": list(spans)}]}]}


def found(text: str, *tables: SpanTable, limit: int = 20, spans_max: int = 3, window: tuple[int, int] = ALWAYS) -> list[FoundTrace]:
    search = Search(parse(text), limit=limit, spans_max=spans_max, window=window)
    for each in tables:
        search.add(each)
    return search.results()


def numbers(traces: list[FoundTrace]) -> list[int]:
    return [int(each.trace_id, 16) for each in traces]


STARTS = st.lists(st.integers(0, 999), min_size=1, max_size=10, unique=True)


@given(STARTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_newest_are_found_in_whatever_order_tables_come(starts: list[int], limit: int, random: Any) -> None:
    tables = [table_of([trace(start + 1, span(1, start=start, end=start + 1))]) for start in starts]
    random.shuffle(tables)
    assert numbers(found("{}", *tables, limit=limit)) == [start + 1 for start in sorted(starts, reverse=True)[:limit]]


@given(STARTS, st.integers(0, 1_000), st.integers(0, 1_000))
def test_a_trace_is_in_the_window_when_a_moment_of_it_is(starts: list[int], begin: int, length: int) -> None:
    spans = table_of([trace(start + 1, span(1, start=start, end=start + 50)) for start in starts])
    window = T0_NS + begin, T0_NS + begin + length
    expected = [start + 1 for start in sorted(starts, reverse=True) if start <= begin + length and start + 50 >= begin]
    assert numbers(found("{}", spans, window=window)) == expected


@pytest.mark.parametrize(("spans_max", "shown"), [(1, 1), (3, 3), (9, 4), (0, 4)])
def test_more_spans_match_than_are_shown(spans_max: int, shown: int) -> None:
    (only,) = found("{}", table_of([trace(1, *(span(own) for own in range(1, 5)))]), spans_max=spans_max)
    assert [(spanset.matched, len(spanset.spans)) for spanset in only.spansets] == [(4, shown)]


def test_what_is_told_of_a_trace() -> None:
    (only,) = found(
        "{ name = `child` }", table_of([trace(7, span(1, name="root", start=0, end=5_000_000), span(2, 1, name="child", status=[2, ""]))])
    )
    assert (only.root_service_name, only.root_name, only.duration_ms, only.start_ns) == ("api", "root", 5, T0_NS)
    assert only.service_stats == {"api": (2, 1)}
    assert [(each.span_id, each.name) for each in only.spansets[0].spans] == [(f"{2:016x}", "child")]


def test_a_trace_in_two_tables_is_answered_once() -> None:
    with_root = table_of([trace(1, span(1, name="root", start=100, end=200))])
    without = table_of([trace(1, span(2, 1, start=50, end=60), span(3, 1, start=70, end=80), service="db")])
    for tables in ((with_root, without), (without, with_root)):
        (only,) = found("{}", *tables)
        assert (only.root_service_name, only.root_name, only.start_ns) == ("api", "root", T0_NS + 50)
        assert only.service_stats == {"api": (1, 0), "db": (2, 0)}
        assert [spanset.matched for spanset in only.spansets] == [2]


def test_a_trace_without_a_root_says_so() -> None:
    (only,) = found("{}", table_of([trace(1, span(2, 1))]))
    assert (only.root_service_name, only.root_name) == (NO_ROOT, "")


def test_it_is_known_when_older_traces_cannot_get_in() -> None:
    search = Search(parse("{}"), limit=1, spans_max=1, window=ALWAYS)
    assert search.needs(0)
    search.add(table_of([trace(1, span(1, start=500, end=510))]))
    assert [search.needs(T0_NS + at) for at in (499, 500, 501)] == [False, False, True]


def test_of_a_metrics_query_the_pipeline_is_searched() -> None:
    assert str(searched(parse("{ span.a } | rate() | topk(3) > 1"))) == "{ span.a }"
    with pytest.raises(InvalidQuery, match="select no spans"):
        searched(parse("({} | rate()) + 1"))
