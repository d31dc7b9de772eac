"""Label text parses as Prometheus parses it, and its errors are told in the same words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import format_labels
from lgtm.wire.labels_text import LABELS_BYTES_MAX, InvalidLabels, parse_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{app="api"}', [("app", "api")]),
        ('{b="2", a="1"}', [("b", "2"), ("a", "1")]),
        ('  { a = "1" ,\n\tb="2" , } ', [("a", "1"), ("b", "2")]),
        ("{a='single', b=`raw\\n`}", [("a", "single"), ("b", "raw\\n")]),
        (r'{a="esc\"aped\\ \n \u00e9 \x41 \101 \U0001F680"}', [("a", 'esc"aped\\ \n é A A 🚀')]),
        (r"{a='it\'s'}", [("a", "it's")]),
        ('{a="ü 🚀 {}=,"}', [("a", "ü 🚀 {}=,")]),
        ('{a="1", empty=""}', [("a", "1")]),
        ('{a="1", a="2"}', [("a", "1"), ("a", "2")]),
        ('{"quoted"="1", "with.dot"="2"}', [("quoted", "1"), ("with.dot", "2")]),
        ('metric{a="1"}', [("__name__", "metric"), ("a", "1")]),
        ("metric:sum", [("__name__", "metric:sum")]),
        ("{}", []),
        ("", []),
    ],
)
def test_label_text_is_read(text: str, labels: list[tuple[str, str]]) -> None:
    assert list(parse_labels(text.encode())) == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{case=p248}", '1:7: parse error: unexpected identifier "p248" in label set, expected string'),
        ('{case=~"x"}', '1:6: parse error: unexpected <op:=~> in label set, expected "="'),
        ('{case!="x"}', '1:6: parse error: unexpected <op:!=> in label set, expected "="'),
        ('{case="p253", a-b="x"}', "1:16: parse error: unexpected character inside braces: '-'"),
        ('{9a="x"}', "1:2: parse error: unexpected character inside braces: '9'"),
        ('{="x"}', '1:2: parse error: unexpected "=" in label set, expected identifier or "}"'),
        ('{a b="x"}', '1:4: parse error: unexpected identifier "b" in label set, expected "="'),
        ('{a="1", ünï="x"}', "1:9: parse error: unexpected character inside braces: 'ü'"),
        (r'{case="p257", a="\q"}', "1:17: parse error: unknown escape sequence U+0071 'q'"),
        ('{a="1"', "1:7: parse error: unexpected end of input inside braces"),
        ('{a="1', "1:4: parse error: unterminated quoted string"),
        ('{a="1\n"}', "1:4: parse error: unterminated quoted string"),
        ("{a=`1", "1:4: parse error: unterminated raw string"),
        ('{a="1" b="2"}', '1:8: parse error: unexpected identifier "b" in label set, expected "," or "}"'),
        ('{a="1",,}', '1:8: parse error: unexpected "," in label set, expected identifier or "}"'),
        ('{a="1"} x', '1:9: parse error: unexpected identifier "x"'),
        ('{a="1"}}', '1:8: parse error: unexpected "}"'),
        ('{{a="1"}', "1:2: parse error: unexpected left brace '{'"),
        ("{\na=b}", '2:3: parse error: unexpected identifier "b" in label set, expected string'),
        ('{"a long string"}', '1:17: parse error: unexpected "}" in label set, expected "="'),
        ('{a="1" "a longer string"}', '1:8: parse error: unexpected string "\\"a longer "... in label set, expected "," or "}"'),
        (r'{a="\x4"}', "1:4: parse error: illegal character U+0022 '\"' in escape sequence"),
        (r'{a="\ud800"}', "1:4: parse error: escape sequence is an invalid Unicode code point"),
        (r'{a="\777"}', "1:4: parse error: escape sequence is an invalid Unicode code point"),
        ('{a="\\', "1:4: parse error: escape sequence not terminated"),
        ("!", "1:1: parse error: unexpected character: '!'"),
    ],
)
def test_errors_name_place_and_reason(text: str, message: str) -> None:
    with pytest.raises(InvalidLabels) as caught:
        parse_labels(text.encode())
    assert str(caught.value) == f"couldn't parse labels: {message}"


@pytest.mark.parametrize("text", [b'{a="\xff"}', b'{a="\\xff"}', b"{a='\xc3'}", b"{`\xff`='1'}"])
def test_values_are_valid_utf8(text: bytes) -> None:
    with pytest.raises(InvalidLabels, match="invalid UTF-8"):
        parse_labels(text)


def test_ten_thousand_labels_are_read() -> None:
    labels = tuple((f"name_{i}", f"value {i}") for i in range(10_000))
    assert parse_labels(format_labels(labels).encode()) == labels


def test_endless_text_is_not_parsed() -> None:
    with pytest.raises(InvalidLabels, match="longer than"):
        parse_labels(b'{a="' + b"x" * LABELS_BYTES_MAX + b'"}')


names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(names, values), max_size=8))
def test_what_prints_parses_back(labels: list[tuple[str, str]]) -> None:
    assert list(parse_labels(format_labels(labels).encode())) == labels


@given(st.one_of(st.binary(max_size=40), st.text("{}=,\"'`\\ab!~ \n", max_size=30).map(str.encode)))
def test_any_bytes_parse_or_are_refused(text: bytes) -> None:
    with contextlib.suppress(InvalidLabels):
        parse_labels(text)
