"""As much of a query as can be understood while it is being typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.errors import InvalidQuery
from lgtm.traceql.field_syntax import Attribute, Field, Intrinsic
from lgtm.traceql.lenient import parse_filter, parse_tag
from traceql.expressions import QUERIES


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("", "true"),
        ("{", "true"),
        ("{ true }", "true"),
        ("{ span.a = 1 }", "span.a = 1"),
        ("{ span.a = 1 && status = error", "(span.a = 1) && (status = error)"),
        ("{ span.a = 1 && span.b = }", "span.a = 1"),
        ('{ span.a = 1 && span.b = "x', "span.a = 1"),
        ("{ foo && span.a = 1 }", "span.a = 1"),
        ("{ span.a = 1 || span.b = }", "true"),
        ("{ .a = 1 && span.b = 2 }", "span.b = 2"),
        ("{ name = 1 && span.a = 1 }", "span.a = 1"),
        ("{ span.a = 1 } > { span.b = 2 }", "true"),
        ("{ span.a = 1 } | count() > 1", "span.a = 1"),
        ("{ span.a = 1 } | { span.b = 2 } | rate()", "span.a = 1"),
    ],
)
def test_conditions_that_are_complete_and_say_where_to_look(text: str, understood: str) -> None:
    assert str(parse_filter(text)) == understood


@given(QUERIES, st.integers(0, 60))
def test_no_beginning_of_a_query_is_an_error(text: str, length: int) -> None:
    understood = parse_filter(text[:length])
    assert parse_filter(f"{{ {understood} }}") == understood


@pytest.mark.parametrize(
    ("tag", "field"),
    [
        ("span.a", Attribute("span", "a")),
        (".a", Attribute("", "a")),
        ('span."a b"', Attribute("span", "a b")),
        ("resource.service.name", Attribute("resource", "service.name")),
        ("name", Intrinsic("name")),
        ("span:name", Intrinsic("name")),
        ("event:name", Intrinsic("event:name")),
    ],
)
def test_the_field_that_the_name_of_a_tag_means(tag: str, field: Field) -> None:
    assert parse_tag(tag) == field


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("1", "please provide a valid tagName: failed to parse identifier 1"),
        ("span.a = 1", "please provide a valid tagName: failed to parse identifier span.a = 1"),
        ("foo", "please provide a valid tagName: failed to parse identifier foo: parse error at line 1, col 2: unknown identifier: foo"),
    ],
)
def test_what_is_no_tag(tag: str, message: str) -> None:
    with pytest.raises(InvalidQuery) as raised:
        parse_tag(tag)
    assert str(raised.value) == message
