from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import quote
from lgtm.promql.strings import BadString, string_end, unquote_keeping_bytes


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"a\"b"', 'a"b'),
        (r"'a\'b'", "a'b"),
        (r"`a\b`", r"a\b"),
        (r'"\x41\u00e9\n"', "Aé\n"),
        (r'"\U0001f600\101"', "😀A"),
        (r'"\xff"', "\udcff"),
        (r'"\\xff"', r"\xff"),
        (r'"\xc3\xa9"', "é"),
        (r'"\377"', "\udcff"),
        ('"it\'s"', "it's"),
    ],
)
def test_strings_keep_their_bytes(literal: str, value: str) -> None:
    assert unquote_keeping_bytes(literal) == value


@given(st.text(max_size=40))
def test_what_was_quoted_reads_back(text: str) -> None:
    assert unquote_keeping_bytes(quote(text)) == text


@pytest.mark.parametrize(
    ("literal", "complaint"),
    [
        (r'"\q"', "unknown escape sequence U+0071 'q'"),
        (r'"\'"', "unknown escape sequence U+0027 '''"),
        (r"'\"'", "unknown escape sequence U+0022 '\"'"),
        (r'"\xzz"', "illegal character U+007A 'z' in escape sequence"),
        (r'"\x4"', "illegal character U+0022 '\"' in escape sequence"),
        (r'"\u12"', "illegal character U+0022 '\"' in escape sequence"),
        (r'"\08"', "illegal character U+0038 '8' in escape sequence"),
        (r'"\777"', "escape sequence is an invalid Unicode code point"),
        (r'"\ud800"', "escape sequence is an invalid Unicode code point"),
        (r'"\U00110000"', "escape sequence is an invalid Unicode code point"),
        (r'"\n\z', "unknown escape sequence U+007A 'z'"),
        ('"\\', "escape sequence not terminated"),
        (r'"\x', "escape sequence not terminated"),
        ('"a\nb"', "unterminated quoted string"),
        ("'a\"", "unterminated quoted string"),
        ("`a", "unterminated raw string"),
    ],
)
def test_what_no_string_may_hold_is_refused(literal: str, complaint: str) -> None:
    with pytest.raises(BadString) as refused:
        string_end(literal, 0)
    assert str(refused.value) == complaint


def test_a_string_ends_at_its_own_quotes() -> None:
    assert string_end("x 'a\"b' y", 2) == 7
    with pytest.raises(BadString):
        unquote_keeping_bytes("'a' ")
