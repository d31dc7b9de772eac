from __future__ import annotations

import random
import time
from typing import Any

import pytest

from cli.trace_documents import BEGIN_NS, MS, TRACE_ID, span, text, trace
from lgtm.cli.trace_tree import GUIDE_CELLS_MAX, Stands, attributes_of, in_tree_order, spans_of


def drawn(*spans: dict[str, Any]) -> list[str]:
    return [f"{placed.guide}{placed.span.name}" for placed in in_tree_order(spans_of(trace(*spans)))]


def test_children_stand_below_their_parent_in_order_of_their_start() -> None:
    tree = [span(5, 2, at_ms=3), span(3, 1, at_ms=6), span(2, 1, at_ms=1), span(1), span(4, 2, at_ms=2)]
    assert drawn(*tree) == ["span 1", "├ span 2", "│ ├ span 4", "│ └ span 5", "└ span 3"]


def test_of_spans_that_start_together_the_longer_one_comes_first() -> None:
    assert drawn(span(1, ms=1), span(2, ms=2)) == ["span 2", "span 1"]


@pytest.mark.parametrize(
    ("spans", "stands"),
    [
        ([span(1), span(2, at_ms=1)], [Stands.ROOT, Stands.ROOT]),
        ([span(1), span(2, 9, at_ms=1), span(3, 2)], [Stands.ROOT, Stands.ORPHAN, Stands.UNDER_PARENT]),
        ([span(1, 1)], [Stands.IN_CIRCLE]),
        ([span(1, 3), span(2, 1, at_ms=1), span(3, 2, at_ms=2)], [Stands.IN_CIRCLE, Stands.UNDER_PARENT, Stands.UNDER_PARENT]),
        ([span(1, 2), span(2, 1, at_ms=1), span(3, 2)], [Stands.IN_CIRCLE, Stands.UNDER_PARENT, Stands.UNDER_PARENT]),
        ([span(1), span(1, at_ms=1), span(2, 1, at_ms=2)], [Stands.ROOT, Stands.UNDER_PARENT, Stands.ROOT]),
    ],
)
def test_a_span_that_has_no_parent_to_stand_under_says_why(spans: list[dict[str, Any]], stands: list[Stands]) -> None:
    assert [placed.stands for placed in in_tree_order(spans_of(trace(*spans)))] == stands


def test_whatever_the_parents_are_every_span_comes_once() -> None:
    rng = random.Random(7)
    for _ in range(200):
        count = rng.randrange(1, 12)
        spans = spans_of(trace(*(span(rng.randrange(1, 8), rng.randrange(10), at_ms=rng.randrange(5), name=str(n)) for n in range(count))))
        assert sorted(placed.span.name for placed in in_tree_order(spans)) == sorted(one.name for one in spans)


def test_a_chain_of_many_thousand_spans_is_walked_in_little_time_and_shows_the_nearest_parents() -> None:
    count, begin_s = 20_000, time.monotonic()
    chain = list(in_tree_order(spans_of(trace(*(span(n, n - 1, at_ms=n) for n in range(1, count + 1))))))
    assert [placed.span.name for placed in chain[-2:]] == [f"span {count - 1}", f"span {count}"]
    assert len(chain[-1].guide) == GUIDE_CELLS_MAX
    assert chain[-1].guide.startswith("⋯")
    assert time.monotonic() - begin_s < 30


def test_a_span_is_read_from_tempo_s_json() -> None:
    event = {"name": "e", "timeUnixNano": str(BEGIN_NS + 5), "attributes": [text("k", "v")]}
    (read,) = spans_of(trace(span(1, 2, ms=3, error="bad", attributes=[text("a", "b")], events=[event])))
    assert (read.trace_id, read.span_id, read.parent_id) == (TRACE_ID, f"{1:016x}", f"{2:016x}")
    assert (read.service, read.kind, read.status, read.message, read.failed) == ("shop", "server", "error", "bad", True)
    assert (read.start_ns, read.end_ns) == (BEGIN_NS, BEGIN_NS + 3 * MS)
    assert (read.attributes, read.resource) == ({"a": "b"}, {"service.name": "shop"})
    assert [(found.name, found.ts_ns, found.attributes) for found in read.events] == [("e", BEGIN_NS + 5, {"k": "v"})]


def test_ids_in_hex_are_taken_and_what_is_missing_has_a_default() -> None:
    (read,) = spans_of({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE_ID.upper(), "spanId": "00000000000000AA"}]}]}]})
    assert (read.trace_id, read.span_id, read.service) == (TRACE_ID, "00000000000000aa", "unknown_service")
    assert (read.name, read.kind, read.status, read.failed, read.start_ns, read.end_ns) == ("", "", "unset", False, 0, 0)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"stringValue": "a"}, "a"),
        ({"intValue": "5"}, 5),
        ({"doubleValue": 0.5}, 0.5),
        ({"boolValue": False}, False),
        ({"arrayValue": {"values": [{"intValue": "1"}, {}]}}, [1, None]),
        ({"kvlistValue": {"values": [text("a", "b")]}}, {"a": "b"}),
        ({"arrayValue": {}}, []),
        ({}, None),
    ],
)
def test_values_of_attributes_are_those_of_json(value: dict[str, Any], read: object) -> None:
    assert attributes_of([{"key": "k", "value": value}]) == {"k": read}
