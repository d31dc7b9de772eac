"""Names and values of attributes, against the spans as they were written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.field_syntax import SCOPES
from lgtm.traceql.lenient import parse_filter, parse_tag
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.tags import INTRINSIC_TAGS, BareTagValues, TagNames, TagValues
from lgtm.traceql.types import KINDS, STATUSES
from traceql.tables import span, table

VALUES = st.sampled_from(["", "x", "7", 7, -1, True, False]) | st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2)
BAGS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
SPANS = st.lists(st.tuples(BAGS, BAGS, BAGS), min_size=1, max_size=5)
"""Attributes of each span, of its event and of its link."""

Bags = list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]
_IN_SCOPE = {"span": 0, "event": 1, "link": 2}


def of_bags(bags: Bags) -> SpanTable:
    spans = [
        span(own, events=[{"t": 1, "name": "e", "attrs": event}], links=[{"trace": "01", "span": "02", "attrs": link}], attrs=attrs)
        for own, (attrs, event, link) in enumerate(bags, 1)
    ]
    return table(spans)


def told(values: list[Any]) -> list[tuple[str, str]]:
    """As tags are told: members of lists one by one."""
    members = [member for value in values for member in (value if isinstance(value, list) else [value])]
    return sorted({({str: "string", int: "int", bool: "bool"}[type(member)], _text(member)) for member in members})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def names_of(condition: str, *tables_: SpanTable) -> dict[str, list[str]]:
    names = TagNames(parse_filter(condition))
    for each in tables_:
        names.add(each)
    return {scope: names.names(scope) for scope in SCOPES if names.names(scope)}


def values_of(tag: str, *tables_: SpanTable, condition: str = "{}", most: int | None = None) -> list[tuple[str, str]]:
    values = TagValues(parse_tag(tag), parse_filter(condition), most=most)
    for each in tables_:
        values.add(each)
    return values.values()


@given(SPANS)
def test_names_are_those_of_each_scope(bags: Bags) -> None:
    expected = {scope: sorted({key for each in bags for key in each[at]}) for scope, at in _IN_SCOPE.items()}
    assert names_of("{}", of_bags(bags)) == {"resource": ["service.name"]} | {scope: names for scope, names in expected.items() if names}


@given(SPANS, st.sampled_from(sorted(_IN_SCOPE)), st.sampled_from("abc"))
def test_values_are_told_with_their_type_and_once(bags: Bags, scope: str, key: str) -> None:
    assert values_of(f"{scope}.{key}", of_bags(bags)) == told([each[_IN_SCOPE[scope]][key] for each in bags if key in each[_IN_SCOPE[scope]]])


@given(SPANS, SPANS, st.sampled_from("abc"))
def test_two_tables_tell_what_one_with_all_spans_tells(one: Bags, other: Bags, key: str) -> None:
    apart, together = (of_bags(one), of_bags(other)), of_bags(one + other)
    assert values_of(f"span.{key}", *apart) == values_of(f"span.{key}", together)
    assert names_of("{}", *apart) == names_of("{}", together)


@given(SPANS, st.integers(1, 5))
def test_no_more_values_are_told_than_are_wanted(bags: Bags, most: int) -> None:
    every = values_of("span.a", of_bags(bags))
    assert values_of("span.a", of_bags(bags), most=most) == every[:most]


FILTERED = [
    [span(1, name="one", status=[2, "boom"], attrs={"a": 1}), span(2, 1, name="two", attrs={"a": "x", "b": [1, 2]}, events=[{"t": 1, "name": "e"}])]
]


@pytest.mark.parametrize(
    ("tag", "condition", "expected"),
    [
        ("span.a", "{}", [("int", "1"), ("string", "x")]),
        ("span.a", "{ status = error }", [("int", "1")]),
        ("span.a", '{ name = "two" }', [("string", "x")]),
        ("span.b", "{}", [("int", "1"), ("int", "2")]),
        (".a", '{ name = "two" }', [("string", "x")]),
        ("name", "{}", [("string", "one"), ("string", "two")]),
        ("span:name", "{ status = error }", [("string", "one")]),
        ("event:name", "{}", [("string", "e")]),
        ("event:name", "{ status = error }", []),
        ("resource.service.name", "{}", [("string", "api")]),
        ("rootName", "{}", [("string", "one")]),
        ("duration", "{}", []),
        ("trace:id", "{}", []),
        ("span.nosuch", "{}", []),
        ("status", "{ false }", sorted(("keyword", word) for word in STATUSES)),
        ("kind", "{}", sorted(("keyword", word) for word in KINDS)),
    ],
)
def test_values_of_the_spans_that_pass_a_filter(tag: str, condition: str, expected: list[tuple[str, str]]) -> None:
    assert values_of(tag, table(*FILTERED), condition=condition) == expected


def test_a_filter_that_nothing_passes_leaves_no_names() -> None:
    assert names_of('{ name = "three" }', table(*FILTERED)) == {}
    assert names_of('{ name = "one" }', table(*FILTERED)) == {"resource": ["service.name"], "span": ["a"]}


def test_all_names_are_of_every_scope_but_the_intrinsics() -> None:
    names = TagNames()
    names.add(table(*FILTERED, resource={"region": "eu"}))
    assert names.all_names() == ["a", "b", "region", "service.name"]
    assert names.names("intrinsic") == list(INTRINSIC_TAGS) == sorted(INTRINSIC_TAGS)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a", ["1", "x"]),
        ("b", ["1", "2"]),
        ("region", ["eu"]),
        ("service.name", ["api"]),
        ("name", ["one", "two"]),
        ("root.name", ["one"]),
        ("e", []),
    ],
)
def test_the_older_endpoint_looks_in_spans_and_resources_and_tells_texts(key: str, expected: list[str]) -> None:
    values = BareTagValues(key)
    values.add(table(*FILTERED, resource={"region": "eu"}))
    assert values.values() == expected


def test_enough_values_are_not_added_to() -> None:
    values = TagValues(parse_tag("span.a"), most=1)
    assert not values.is_full
    values.add(table([span(1, attrs={"a": "y"})]))
    assert values.is_full
    values.add(table([span(1, attrs={"a": "b"})]))
    assert values.values() == [("string", "y")]
