from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.literals import Number, character, format_float, number, parse_integer, quote, quote_rune, read_float, unquote


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Number("0", 0, 0, 0.0)),
        ("-0", Number("-0", 0, 0, 0.0)),
        ("42", Number("42", 42, 42, 42.0)),
        ("-42", Number("-42", -42, None, -42.0)),
        ("+42", Number("+42", 42, None, 42.0)),
        ("0x1F", Number("0x1F", 31, 31, 31.0)),
        ("017", Number("017", 15, 15, 15.0)),
        ("0b101", Number("0b101", 5, 5, 5.0)),
        ("1_000", Number("1_000", 1000, 1000, 1000.0)),
        ("18446744073709551615", Number("18446744073709551615", None, 2**64 - 1, 2.0**64)),
        ("1.5", Number("1.5", None, None, 1.5)),
        ("1e3", Number("1e3", 1000, 1000, 1000.0)),
        ("-1.0", Number("-1.0", -1, None, -1.0)),
        ("0x1p4", Number("0x1p4", 16, 16, 16.0)),
        ("2i", Number("2i", complex=2j)),
        ("0i", Number("0i", 0, 0, 0.0, 0j)),
        ("1-2.5i", Number("1-2.5i", complex=1 - 2.5j)),
        ("1e2+0i", Number("1e2+0i", 100, 100, 100.0, 100 + 0j)),
    ],
)
def test_a_number_has_every_type_that_can_hold_it(text: str, expected: Number) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-", 'illegal number syntax: "-"'),
        ("0x", 'illegal number syntax: "0x"'),
        ("089", 'integer overflow: "089"'),
        ("1__0", 'illegal number syntax: "1__0"'),
        ("1+xi", 'illegal number syntax: "1+xi"'),
        ("18446744073709551616", 'integer overflow: "18446744073709551616"'),
        ("1e999", 'illegal number syntax: "1e999"'),
    ],
)
def test_what_is_no_number_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("+", r"\+")):
        number(text)


@pytest.mark.parametrize(
    ("text", "code"), [("'a'", 97), ("'é'", 233), (r"'\n'", 10), (r"'\''", 39), (r"'\x41'", 65), (r"'\u65e5'", 0x65E5), (r"'\101'", 65)]
)
def test_characters_are_integers(text: str, code: int) -> None:
    assert character(text) == Number(text, code, code, float(code))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("0x_1f", 31),
        ("0o17", 15),
        ("-017", -15),
        ("0", 0),
        ("08", None),
        ("", None),
        ("1_", None),
        ("_1", None),
        ("x", None),
        ("1" * 5_000, None),
    ],
)
def test_integers_tell_their_base(text: str, value: int | None) -> None:
    assert parse_integer(text) == value


@pytest.mark.parametrize(("text", "value"), [("1_23.50_0_0e+1_2", 1.235e14), ("-1_0", -10.0), ("1.5", 1.5), ("inf", math.inf)])
def test_floats_may_have_underscores_between_digits(text: str, value: float) -> None:
    assert read_float(text) == value


@pytest.mark.parametrize("text", ["1__0", "_1", "1_", "1_.5", "1._5", "1e_5", "1 ", ""])
def test_underscores_elsewhere_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid syntax"):
        read_float(text)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('"a"', "a"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\x41\101\u00e9\U0001F680"', "AAé🚀"),
        (r'"\xc3\xa9"', "é"),
        (r'"\xff"', "\udcff"),
        ("`\\n\r`", "\\n"),
    ],
)
def test_strings_unquote(literal: str, value: str) -> None:
    assert unquote(literal) == value


@pytest.mark.parametrize("literal", [r'"\q"', r'"\x4"', r'"\'"', r'"\400"', r'"\ud800"', r'"\U00110000"'])
def test_an_escape_that_is_none_is_invalid(literal: str) -> None:
    with pytest.raises(ValueError, match="invalid syntax"):
        unquote(literal)


@given(st.text())
def test_what_is_quoted_unquotes(text: str) -> None:
    assert unquote(quote(text)) == text
    assert unquote(quote(text, ascii_only=True)) == text


@pytest.mark.parametrize(
    ("text", "quoted"),
    [('a"\\', '"a\\"\\\\"'), ("é\u200b", '"é\\u200b"'), ("\x00\x7f", '"\\x00\\x7f"'), ("\udcff", '"\\xff"'), ("🚀\U000e0001", '"🚀\\U000e0001"')],
)
def test_quoting_escapes_what_does_not_print(text: str, quoted: str) -> None:
    assert quote(text) == quoted


@pytest.mark.parametrize(("code", "quoted"), [(97, "'a'"), (39, "'\\''"), (34, "'\"'"), (10, "'\\n'"), (-1, "'\ufffd'"), (0x1F680, "'🚀'")])
def test_runes_quote(code: int, quoted: str) -> None:
    assert quote_rune(code) == quoted


@pytest.mark.parametrize(
    ("value", "verb", "precision", "text"),
    [
        (0.0, "g", -1, "0"),
        (-0.0, "g", -1, "-0"),
        (1.5, "g", -1, "1.5"),
        (100000.0, "g", -1, "100000"),
        (1e6, "g", -1, "1e+06"),
        (1234567.5, "g", -1, "1.2345675e+06"),
        (0.0001, "g", -1, "0.0001"),
        (0.00001, "g", -1, "1e-05"),
        (1e100, "g", -1, "1e+100"),
        (5e-324, "g", -1, "5e-324"),
        (123456.0, "g", 3, "1.23e+05"),
        (1e21, "f", -1, "1000000000000000000000"),
        (1.5, "f", 0, "2"),
        (1.5, "e", -1, "1.5e+00"),
        (1e-7, "G", -1, "1E-07"),
        (math.inf, "g", -1, "+Inf"),
        (-math.inf, "f", 2, "-Inf"),
        (math.nan, "e", -1, "NaN"),
    ],
)
def test_floats_format(value: float, verb: str, precision: int, text: str) -> None:
    assert format_float(value, verb, precision) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from("efg"))
def test_the_shortest_text_reads_back(value: float, verb: str) -> None:
    assert float(format_float(value, verb)) == value
