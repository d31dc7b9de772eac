"""Policies keep the spans that Tempo's keep."""

from __future__ import annotations

import pytest

from lgtm.spanmetrics.config import AttributeMatch, FilterPolicy, PolicyMatch
from lgtm.spanmetrics.filters import compile_policies
from spanmetrics.given import CLIENT, ERROR, SERVER, Span, Value, table_of

SPANS = [
    Span("shop", name="GET /a", kind=SERVER, attributes={"code": 200, "route": "/a", "ok": True, "ratio": 0.5}, resource={"zone": "a", "n": 1}),
    Span("cart", name="GET /b", kind=CLIENT, status=ERROR, attributes={"code": "200", "route": "/b"}, resource={"zone": "b", "f": 2.5}),
    Span("mail", name="POST /a", kind=SERVER, resource={"b": False}),
]


def kept(*policies: FilterPolicy) -> str:
    """The services of the spans that pass."""
    test = compile_policies(policies)
    assert test is not None
    return " ".join(str(span.service) for span, passes in zip(SPANS, test(table_of(*SPANS)).tolist(), strict=True) if passes)


@pytest.mark.parametrize(
    ("key", "value", "services"),
    [
        ("kind", "SPAN_KIND_SERVER", "shop mail"),
        ("status", "STATUS_CODE_ERROR", "cart"),
        ("name", "GET /a", "shop"),
        ("name", "GET", ""),
        ("span.code", 200, "shop"),
        ("span.code", "200", "cart"),
        ("span.ok", True, "shop"),
        ("span.ratio", 0.5, "shop"),
        ("span.none", "x", ""),
        ("resource.zone", "b", "cart"),
        ("resource.n", 1, "shop"),
        ("resource.n", 2, ""),
        ("resource.f", 2.5, "cart"),
        ("resource.b", False, "mail"),
        ("resource.service.name", "mail", "mail"),
        ("kind", 2, ""),
    ],
)
def test_a_value_equals_one_of_its_own_type(key: str, value: str | int | float | bool, services: str) -> None:
    assert kept(FilterPolicy(include=PolicyMatch("strict", (AttributeMatch(key, value),)))) == services


@pytest.mark.parametrize(
    ("key", "pattern", "services"),
    [
        ("name", "^GET", "shop cart"),
        ("name", "a$", "shop mail"),
        ("kind", "SERVER|CLIENT", "shop cart mail"),
        ("span.route", "/[ab]", "shop cart"),
        ("span.route", ".*", "shop cart"),
        ("resource.zone", "a", "shop"),
        ("span.code", "2", "cart"),
    ],
)
def test_a_regex_matches_anywhere_in_a_text(key: str, pattern: str, services: str) -> None:
    assert kept(FilterPolicy(include=PolicyMatch("regex", (AttributeMatch(key, pattern),)))) == services


def strict(**pairs: Value) -> PolicyMatch:
    return PolicyMatch("strict", tuple(AttributeMatch(key.replace("__", "."), value) for key, value in pairs.items()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policies", "services"),
    [
        ([FilterPolicy(include=strict(kind="SPAN_KIND_SERVER", resource__zone="a"))], "shop"),
        ([FilterPolicy(include_any=strict(status="STATUS_CODE_ERROR", resource__zone="a"))], "shop cart"),
        ([FilterPolicy(exclude=strict(kind="SPAN_KIND_SERVER", resource__zone="a"))], "cart mail"),
        ([FilterPolicy(include=strict(kind="SPAN_KIND_SERVER"), exclude=strict(name="POST /a"))], "shop"),
        ([FilterPolicy(include=strict(kind="SPAN_KIND_SERVER")), FilterPolicy(exclude=strict(resource__zone="a"))], "mail"),
        ([FilterPolicy(include=PolicyMatch("strict", ()))], "shop cart mail"),
    ],
)
def test_all_of_include_one_of_include_any_and_not_all_of_exclude(policies: list[FilterPolicy], services: str) -> None:
    assert kept(*policies) == services


def test_without_policies_there_is_nothing_to_test() -> None:
    assert compile_policies([]) is None
