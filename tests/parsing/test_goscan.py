"""Lexemes as Go's text/scanner finds them, and the values of strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import quote
from lgtm.parsing.goscan import Class, scan, unquote


def lexemes(text: str) -> list[tuple[str, str]]:
    found, offset = [], 0
    while (lexeme := scan(text, offset)).cls is not Class.END:
        found.append((lexeme.cls.name, text[lexeme.start : lexeme.end]))
        offset = lexeme.end
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  a_1 b ", [("IDENTIFIER", "a_1"), ("IDENTIFIER", "b")]),
        ("日本", [("IDENTIFIER", "日本")]),
        ("12 1.5 .5 1e9 1.e-3 0x1F", [("NUMBER", n) for n in ("12", "1.5", ".5", "1e9", "1.e-3", "0x1F")]),
        ("5m", [("NUMBER", "5"), ("IDENTIFIER", "m")]),
        ("a.b", [("IDENTIFIER", "a"), ("OTHER", "."), ("IDENTIFIER", "b")]),
        ('"a\\"b"', [("STRING", '"a\\"b"')]),
        ("`a\nb\\`", [("STRING", "`a\nb\\`")]),
        ("'x'", [("CHARACTER", "'x'")]),
        ("a // b\nc", [("IDENTIFIER", "a"), ("IDENTIFIER", "c")]),
        ("a /* b\n */ c", [("IDENTIFIER", "a"), ("IDENTIFIER", "c")]),
        ("a / b", [("IDENTIFIER", "a"), ("OTHER", "/"), ("IDENTIFIER", "b")]),
        ("=~", [("OTHER", "="), ("OTHER", "~")]),
    ],
)
def test_lexemes(text: str, expected: list[tuple[str, str]]) -> None:
    assert lexemes(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('"a', "literal not terminated"),
        ('"a\nb"', "literal not terminated"),
        ("`a", "literal not terminated"),
        ('"\\q"', "invalid char escape"),
        ('"\\xz0"', "invalid char escape"),
        ("'ab'", "invalid char literal"),
        ("''", "invalid char literal"),
        ("/* a", "comment not terminated"),
        ("08", "invalid digit '8' in octal literal"),
        ("0b12", "invalid digit '2' in binary literal"),
        ("0x", "hexadecimal literal has no digits"),
        ("1e", "exponent has no digits"),
        ("1e+", "exponent has no digits"),
        ("1__0", "'_' must separate successive digits"),
        ("1_", "'_' must separate successive digits"),
    ],
)
def test_complaints_of_go(text: str, error: str) -> None:
    assert scan(text, 0).error == error


@pytest.mark.parametrize("number", ["0", "010", "1_000", "0x1p-2", "0x_F", "0.8", "08.5", "0o17", "0b101"])
def test_numbers_in_every_notation_are_one_lexeme(number: str) -> None:
    lexeme = scan(number, 0)
    assert (lexeme.cls, lexeme.end, lexeme.error) == (Class.NUMBER, len(number), None)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('"a"', "a"),
        ("`\\n`", "\\n"),
        ('"\\a\\b\\f\\n\\r\\t\\v\\\\\\""', '\a\b\f\n\r\t\v\\"'),
        ('"\\101\\x42\\u0043\\U00000044"', "ABCD"),
        ('"\\xe2\\x82\\xac"', "€"),
        ('"\\xff"', "\ufffd"),
    ],
)
def test_values_of_strings(literal: str, value: str) -> None:
    assert unquote(literal) == value


@pytest.mark.parametrize("literal", ['"\\400"', '"\\ud800"', '"\\U00110000"'])
def test_escapes_that_name_no_character_are_refused(literal: str) -> None:
    with pytest.raises(ValueError, match="invalid syntax"):
        unquote(literal)


@given(st.text())
def test_what_is_quoted_reads_back(text: str) -> None:
    literal = quote(text)
    lexeme = scan(literal, 0)
    assert (lexeme.cls, lexeme.end, lexeme.error) == (Class.STRING, len(literal), None)
    assert unquote(literal) == text


@given(st.text(alphabet="ab_09.eExX+-\"'`\\/*\n é\0", max_size=40))
def test_any_text_is_scanned_to_its_end_without_standing_still(text: str) -> None:
    offset = 0
    while (lexeme := scan(text, offset)).cls is not Class.END and lexeme.error is None:
        assert offset <= lexeme.start < lexeme.end <= len(text)
        offset = lexeme.end
