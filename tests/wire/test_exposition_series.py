"""The text of one series: names of the old kind and any others, escapes, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition_series import parse_family_name, parse_label_set, parse_series, unescape, unescape_help

NAME = ("__name__", "m")


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b"m", [NAME]),
        (b"m{}", [NAME]),
        (b'm{a="b"}', [NAME, ("a", "b")]),
        (b'm {a="b",}', [NAME, ("a", "b")]),
        (b'm{ a = "b" , c="d" } ', [NAME, ("a", "b"), ("c", "d")]),
        (b'm{b="1",a="2",b="1"}', [NAME, ("b", "1"), ("a", "2"), ("b", "1")]),
        (rb'm{a="q\"b\\s\nn\x"}', [NAME, ("a", 'q"b\\s\nn\\x')]),
        (b'm{a="} 1 {,="}', [NAME, ("a", "} 1 {,=")]),
        (b"{}", []),
        (b'{a="b"}', [("a", "b")]),
        ('{"a.metric","ein Wort"="ü"}'.encode(), [("__name__", "a.metric"), ("ein Wort", "ü")]),
        (b'{a="b","m"}', [NAME, ("a", "b")]),
        (b'node:rule:sum{a=""}', [("__name__", "node:rule:sum"), ("a", "")]),
    ],
)
def test_series_are_read_in_the_order_of_their_text(text: bytes, pairs: list[tuple[str, str]]) -> None:
    assert list(parse_series(text)) == pairs


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"1m",
        b"m{",
        b"m{a}",
        b'm{a="b"',
        b'm{a="b}',
        b'm{a="b"} 1',
        b'm{a="b" c="d"}',
        b'm{"x"}',
        b'{"x","y"}',
        b"m{,}",
        b'm{a:b="c"}',
        b'm{a="\xff"}',
        b"m}",
        b"m n",
    ],
)
def test_what_is_no_series_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse_series(text)


def test_bounds_are_normal_where_the_family_has_bounds() -> None:
    text = b'm{le="1",quantile="2"}'
    assert parse_series(text)[1:] == (("le", "1"), ("quantile", "2"))
    assert parse_series(text, "histogram")[1:] == (("le", "1.0"), ("quantile", "2"))
    assert parse_series(text, "summary")[1:] == (("le", "1"), ("quantile", "2.0"))


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_any_name_and_value_can_be_written(name: str, value: str) -> None:
    def escaped(text: str) -> bytes:
        return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").encode()

    assert parse_series(b'm{"%b"="%b"}' % (escaped(name), escaped(value))) == (NAME, (name, value))


@given(st.binary())
def test_any_bytes_are_a_series_or_refused(data: bytes) -> None:
    for text in (data, b"m{" + data, b'm{a="' + data + b'"}'):
        try:
            parse_series(text)
        except MalformedBody:
            continue


def test_labels_of_an_exemplar_have_no_name() -> None:
    assert parse_label_set(b'{trace_id="a", x="y"}') == (("trace_id", "a"), ("x", "y"))
    assert parse_label_set(b"{}") == ()
    with pytest.raises(MalformedBody, match="expected label name"):
        parse_label_set(b'{"name"}')


@pytest.mark.parametrize(
    ("text", "found"),
    [(b"m counter", ("m", b"counter")), (b"  m\t counter", ("m", b"counter")), (b"m", ("m", b"")), (rb'"a \"m" gauge', ('a "m', b"gauge"))],
)
def test_comments_begin_with_the_name_of_a_family(text: bytes, found: tuple[str, bytes]) -> None:
    assert parse_family_name(text) == found


def test_a_comment_without_a_name_is_refused() -> None:
    with pytest.raises(MalformedBody, match="expected metric name"):
        parse_family_name(b"  ")


def test_help_texts_keep_the_backslash_before_a_quote() -> None:
    assert unescape_help(rb"a\"b\nc\\d") == 'a\\"b\nc\\d'
    assert unescape(rb"a\"b\nc\\d") == 'a"b\nc\\d'
