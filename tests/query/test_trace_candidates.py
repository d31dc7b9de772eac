"""Candidates: traces by the spans that meet a condition, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from lgtm.query.trace_candidates import Candidates, Found, lasting_until
from lgtm.traceql.candidates import span_conditions
from lgtm.traceql.field_syntax import TRUE
from lgtm.traceql.parser import parse
from support.spans import Span, span, spans_batch

SPANS = [span("shop", 10 * n, n % 3 + 1, n + 1, name="get" if n % 2 else "put", duration_ns=n) for n in range(6)]


def told(found: Found) -> list[tuple[int, int]]:
    return [(int(one[-1]), ts) for one, ts in zip(found.ids, found.first_ns.tolist(), strict=True)]


def candidates(query: str, *batches: Sequence[Span]) -> Candidates:
    found = Candidates(span_conditions(parse(query)))
    for batch in batches:
        found.add(spans_batch(batch))
    return found


def test_each_trace_comes_once_with_its_first_span_newest_first() -> None:
    assert told(candidates("{}", SPANS[:3], SPANS[3:]).take()) == [(3, 20), (2, 10), (1, 0)]
    assert told(candidates('{ name = "get" }', SPANS).take()) == [(3, 50), (1, 30), (2, 10)]
    assert told(candidates('{ name = "none" }', SPANS).take()) == []


def test_of_several_conditions_the_one_that_fewest_spans_meet_is_used_from_then_on() -> None:
    found = candidates('{ name =~ ".*" } >> { span:duration = 5ns }', SPANS)
    assert told(found.take()) == [(3, 50)]
    found.add(spans_batch(SPANS[:2]))
    assert told(found.take()) == []


def test_while_nothing_was_found_no_condition_is_chosen() -> None:
    found = candidates('{ name = "get" } >> { name = "put" }', [span("shop", 1, 9, 1, name="post")])
    assert told(found.take()) == []
    found.add(spans_batch([*SPANS, span("shop", 99, 4, 1, name="put")]))
    assert told(found.take()) == [(3, 50), (1, 30), (2, 10)]


def test_only_columns_of_the_conditions_are_asked_for() -> None:
    assert Candidates([TRUE]).columns.fixed == frozenset({"trace_id", "duration_ns"})
    asked = Candidates(span_conditions(parse("{ span.a = 1 } >> { name = `x` }"))).columns
    assert asked.fixed == frozenset({"trace_id", "duration_ns", "name"})
    assert asked.dynamic is not None
    assert "span:int.a" in asked.dynamic


def test_spans_that_last_until_a_moment() -> None:
    ids, ts = lasting_until(spans_batch(SPANS), 44)
    assert [int(one[-1]) for one in ids] == [2, 3]
    assert ts.tolist() == [40, 50]
