"""The search by tags, as a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.errors import InvalidQuery
from lgtm.traceql.legacy import parse_tags, tag_search
from lgtm.traceql.parser import parse


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        ("  a=b   c.d=e ", {"a": "b", "c.d": "e"}),
        ("a b=", {"a": "", "b": ""}),
        ('a="x y" b=""', {"a": "x y", "b": ""}),
        ('a="x\\"\\\\y"', {"a": 'x"\\y'}),
    ],
)
def test_tags_are_logfmt(text: str, tags: dict[str, str]) -> None:
    assert parse_tags(text) == tags


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=x", "invalid tags: unexpected '=' at pos 1"),
        ("a=b=c", "invalid tags: unexpected '=' at pos 4"),
        ('a="x', "invalid tags: unexpected '\"' at pos 3"),
        ("a=b a=c", "invalid tags: tag a has been set twice"),
    ],
)
def test_what_is_no_logfmt_is_told_with_its_position(text: str, message: str) -> None:
    with pytest.raises(InvalidQuery) as raised:
        tag_search(text)
    assert str(raised.value) == message


@given(st.dictionaries(st.text("abc.", min_size=1), st.text('ab "\\=é')))
def test_quoted_tags_are_read_back(tags: dict[str, str]) -> None:
    quoted = (f'{key}="{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"' for key, value in tags.items())
    assert parse_tags(" ".join(quoted)) == tags


@pytest.mark.parametrize(
    ("tags", "query"),
    [
        ("", "{}"),
        ("a=b", '{ span.a = "b" || resource.a = "b" }'),
        ("a=b c=1", '{ span.a = "b" || resource.a = "b" } && { span.c = "1" || resource.c = "1" }'),
        ("service.name=shop", '{ resource.service.name =~ ".*shop.*" }'),
        ("name=a.b", "{ name =~ `.*a\\.b.*` }"),
        ("root.name=GET", '{ rootName =~ ".*GET.*" }'),
        ("root.service.name=shop", '{ rootServiceName =~ ".*shop.*" }'),
        ("status.code=error", "{ status = error }"),
        ("status.code=odd", "{ false }"),
    ],
)
def test_the_query_that_tags_mean(tags: str, query: str) -> None:
    assert tag_search(tags) == parse(query)


def test_bounds_are_of_the_duration_of_the_trace() -> None:
    assert tag_search("", duration_ns_min=5, duration_ns_max=7) == parse("{ traceDuration >= 5ns } && { traceDuration <= 7ns }")
    assert tag_search("status.code=ok", duration_ns_max=7) == parse("{ status = ok } && { traceDuration <= 7ns }")
