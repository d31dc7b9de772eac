"""A trace has each span once, halves of shared spans apart, and no resource without attributes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.tempo.tempo_server import batch_of
from lgtm.api.tempo.whole_trace import UNKNOWN_SERVICE, Json, whole_trace

SERVER, CLIENT, INTERNAL = 2, 3, 1
SHARED = "00000000000000ee"


def span(number: str, kind: int = INTERNAL, *, parent: str = "", start: int = 10, **others: Any) -> Json:
    return {
        "traceId": "ab" * 16, "spanId": number, "parentSpanId": parent, "name": "s", "kind": kind, "startTimeUnixNano": start,
        "endTimeUnixNano": start + 5, **others,
    }  # fmt: skip


def resource(*spans: Json, service: str | None = "shop", scope: str = "") -> Json:
    attributes = [] if service is None else [{"key": "service.name", "value": {"stringValue": service}}]
    return {"resource": {"attributes": attributes}, "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}]}


def trace_of(*requests: list[Json]) -> list[Json]:
    return whole_trace([batch_of(*each) for each in requests], bytes.hex)


def ids(found: list[Json]) -> list[list[str]]:
    return [[each["spanId"] for each in group["scopeSpans"][0]["spans"]] for group in found]


def parents(found: list[Json]) -> dict[str, str]:
    return {each["spanId"]: each.get("parentSpanId", "") for group in found for each in group["scopeSpans"][0]["spans"]}


def test_nothing_is_an_empty_trace() -> None:
    assert trace_of() == []


def test_spans_of_one_resource_and_scope_are_together_in_order_of_their_start() -> None:
    late, early, other = span("0a" * 8, start=30), span("0b" * 8, start=20), span("0c" * 8, start=10)
    assert ids(trace_of([resource(late)], [resource(other, service="cart")], [resource(early)])) == [["0c" * 8], ["0b" * 8, "0a" * 8]]


def test_scopes_are_told_apart() -> None:
    assert len(trace_of([resource(span("0a" * 8), scope="a"), resource(span("0b" * 8), scope="b")])) == 2


@given(st.integers(1, 4))
def test_a_copy_of_a_span_is_left_out(copies: int) -> None:
    one, another = span("0a" * 8), span("0b" * 8, start=11)
    assert ids(trace_of(*[[resource(one, another)]] * copies)) == [["0a" * 8, "0b" * 8]]


@pytest.mark.parametrize("change", [{"name": "t"}, {"start": 11}, {"kind": SERVER}, {"traceState": "a=b"}])
def test_spans_that_differ_are_kept_whatever_their_ids(change: dict[str, Any]) -> None:
    assert ids(trace_of([resource(span("0a" * 8), span("0a" * 8, **change) if "name" not in change else span("0a" * 8) | change)])) == [
        ["0a" * 8] * 2
    ]


def test_equal_spans_of_two_resources_are_two_spans() -> None:
    assert len(trace_of([resource(span("0a" * 8)), resource(span("0a" * 8), service="cart")])) == 2


def test_the_server_half_of_a_shared_span_gets_an_id_of_its_own() -> None:
    found = trace_of(
        [resource(span("0f" * 8, SERVER), span(SHARED, CLIENT, parent="0f" * 8, start=11))],
        [resource(span(SHARED, SERVER, parent="0f" * 8, start=12), span("0b" * 8, parent=SHARED, start=13), service="cart")],
        [resource(span("0c" * 8, SERVER, parent=SHARED, start=14), service="other")],
    )
    assert parents(found) == {
        "0f" * 8: "",
        SHARED: "0f" * 8,
        "0000000000000001": SHARED,
        "0b" * 8: "0000000000000001",
        "0c" * 8: SHARED,
    }


def test_a_new_id_is_none_that_a_span_has() -> None:
    found = trace_of([resource(span("0000000000000001"), span(SHARED, CLIENT, start=11), span(SHARED, SERVER, start=12))])
    assert list(parents(found)) == ["0000000000000001", SHARED, "0000000000000002"]


def test_a_shared_span_that_is_its_own_parent_stays_so() -> None:
    found = trace_of([resource(span(SHARED, CLIENT, parent=SHARED), span(SHARED, SERVER, start=12))])
    assert parents(found) == {SHARED: SHARED, "0000000000000001": SHARED}


@pytest.mark.parametrize("kinds", [(SERVER, SERVER), (CLIENT, CLIENT), (CLIENT, INTERNAL)])
def test_other_spans_of_one_id_keep_it(kinds: tuple[int, int]) -> None:
    assert ids(trace_of([resource(span(SHARED, kinds[0]), span(SHARED, kinds[1], start=11))])) == [[SHARED, SHARED]]


def test_a_resource_without_attributes_is_given_one() -> None:
    (found,) = trace_of([resource(span("0a" * 8), service=None)])
    assert found["resource"]["attributes"] == [UNKNOWN_SERVICE]
