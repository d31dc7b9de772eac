from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.parsing.tokens import END
from lgtm.promql.lexer import describe, lex, scan_number


def kinds(text: str) -> list[str]:
    return [token.kind for token in lex(text)[:-1]]


@given(st.text(max_size=40))
def test_any_text_ends_in_one_end_and_tokens_are_in_order(text: str) -> None:
    tokens = lex(text)
    assert [token.kind for token in tokens].count(END) == 1
    assert tokens[-1].kind == END
    places = [(token.line, token.column) for token in tokens]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a+b", ["identifier", "+", "identifier"]),
        ("a:b", ["metric identifier"]),
        ("5m", ["duration"]),
        ("1h30m5s", ["duration"]),
        ("1e5", ["number"]),
        ("0x1fe", ["number"]),
        ("x[5m:1m]", ["identifier", "[", "duration", ":", "duration", "]"]),
        ("x[step()*2]", ["identifier", "[", "step", "(", ")", "*", "number", "]"]),
        ("a >/ b </ c >= d", ["identifier", ">/", "identifier", "</", "identifier", ">=", "identifier"]),
        ('{a=~"b",c!="d"}', ["{", "identifier", "=~", "string", ",", "identifier", "!=", "string", "}"]),
        ("fill fill(0)", ["identifier", "fill", "(", "number", ")"]),
        ("NaN iNf", ["number", "number"]),
        ("a # comment\n@ `raw`", ["identifier", "@", "string"]),
    ],
)
def test_texts_and_their_tokens(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1.5.5", 'bad number or duration syntax: "1.5."'),
        ("1__0", 'bad number or duration syntax: "1__"'),
        ("1_", 'bad number or duration syntax: "1_"'),
        ("0x1_", 'bad number or duration syntax: "0x1_"'),
        ("1e5_", 'bad number or duration syntax: "1e5_"'),
        ("1e", 'bad number or duration syntax: "1e"'),
        (r'{a="\x"}', "illegal character U+0022 '\"' in escape sequence"),
        ("5mm", 'bad number or duration syntax: "5mm"'),
        ("a!b", "unexpected character after '!': 'b'"),
        ("a =~ b", "unexpected character after '=': '~'"),
        ("a)", "unexpected right parenthesis ')'"),
        ("a]", "unexpected right bracket ']'"),
        ("a[5m", "unexpected end of input in duration expression"),
        ("a[5m:", "unclosed left bracket"),
        ("a[5m::", "unexpected repeated colon in duration expression"),
        ("a[&]", "unexpected character in duration expression: '&'"),
        ("a[x]", "unexpected character in duration expression: 'x'"),
        ("{a!b}", "unexpected character after '!' inside braces: 'b'"),
        ("{{", "unexpected left brace '{'"),
        ("{a=1}", "unexpected character inside braces: '1'"),
        ("'abc", "unterminated quoted string"),
        ("`abc", "unterminated raw string"),
        ("a ~ b", "unexpected character: '~'"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, error: str) -> None:
    assert lex(text)[-1].error == error


def test_tokens_are_named_as_messages_name_them() -> None:
    named = [describe(token) for token in lex('a:b 5m sum on and + ( "a long string of text"')]
    assert named == [
        'metric identifier "a:b"',
        'duration "5m"',
        "<aggr:sum>",
        "<on>",
        "<op:and>",
        "<op:+>",
        '"("',
        'string "\\"a long st"...',
        "end of input",
    ]


def test_a_number_ends_where_it_cannot_go_on() -> None:
    assert scan_number("1_0.5e-3 ", 0) == (8, True)
    assert scan_number("5m", 0) == (1, False)
    assert scan_number("0x1.1", 0) == (4, False)
    assert scan_number("1_ + 2", 0) == (2, True)  # refused where it is read as a number
