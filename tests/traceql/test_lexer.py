"""Text to tokens: what TraceQL adds to Go's lexical rules, and where tokens stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.parsing.tokens import END
from lgtm.traceql.lexer import INT_MAX, INT_MIN, duration_ns, lex, needs_quotes

SECOND_NS = 1_000_000_000
NAME = ["IDENTIFIER", "END_ATTRIBUTE"]


def kinds(text: str) -> list[str]:
    return [token.kind for token in lex(text)[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("{ } ( ) , |", ["{", "}", "(", ")", ",", "|"]),
        (
            "> < >> << ~ !> !< !>> !<< !~ &> &< &>> &<< &~",
            [">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!<<", "!~", "&>", "&<", "&>>", "&<<", "&~"],
        ),
        ("&&>", ["&&", ">"]),
        ("!=~", ["!=", "~"]),
        (">>=", [">>", "="]),
        ("by(name)", ["by", "(", "name", ")"]),
        ("Name", ["WORD"]),
        (".a", [".", *NAME]),
        ("span.a", ["span.", *NAME]),
        ("parent.resource.a", ["parent.", "resource.", *NAME]),
        ("parent.event.a", ["parent.", *NAME]),
        ("span.", ["span.", "END_ATTRIBUTE"]),
        ("span.a=1", ["span.", *NAME, "=", "INTEGER"]),
        ("span.a+1", ["span.", *NAME]),
        ("span.a +1", ["span.", *NAME, "+", "INTEGER"]),
        ("span:id", ["span:", "id"]),
        ("span :id", ["WORD", "WORD", "id"]),
        ("1 1.5 .5 1e3", ["INTEGER", "FLOAT", "FLOAT", "FLOAT"]),
        ("1s 1.5h 1h30m 1d 1w .5s 1.s 7us 7µs", ["DURATION"] * 9),
        ("7 s", ["INTEGER", "WORD"]),
        ("5x", ["INTEGER", "WORD"]),
        ("-5", ["-", "INTEGER"]),
        ("minInt maxInt", ["INTEGER", "INTEGER"]),
        ("\"a\" `b` 'c'", ["STRING", "STRING", "WORD"]),
        ("// a remark\n{ /* another */ }", ["{", "}"]),
        ("\ufeff{", ["{"]),
    ],
)
def test_kinds_of_tokens(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a\\tb"', "a\tb"),
        ("`a\\tb`", "a\\tb"),
        ("1d2h", 26 * 3_600 * SECOND_NS),
        ("1.5s", 3 * SECOND_NS // 2),
        ("100us", 100_000),
        ("9223372036854775807", INT_MAX),
        ("minInt", INT_MIN),
        ("1e3", 1000.0),
    ],
)
def test_literals_have_their_value(text: str, value: object) -> None:
    assert lex(text)[0].value == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (".http.method", "http.method"),
        (".a-b/c:d[0]", "a-b/c:d[0]"),
        ('.a."b c"', "a.b c"),
        ('."{}"d', "{}d"),
        ('."a\\"b\\\\c"', 'a"b\\c'),
        (".été", "été"),
    ],
)
def test_a_name_runs_until_a_blank_or_a_sign(text: str, name: str) -> None:
    assert lex(text)[1].value == name


@pytest.mark.parametrize(
    ("text", "line", "column", "error"),
    [
        ('{ "a', 1, 3, "literal not terminated"),
        ('"a\\q"', 1, 1, "invalid char escape"),
        ("{\n /* a", 2, 2, "comment not terminated"),
        ("{ \x00 }", 1, 3, "invalid character NUL"),
        ("99999999999999999999", 1, 1, 'strconv.Atoi: parsing "99999999999999999999": value out of range'),
        ("0x1", 1, 1, 'strconv.Atoi: parsing "0x1": invalid syntax'),
        ("1_0", 1, 1, 'strconv.Atoi: parsing "1_0": invalid syntax'),
        ('span."a', 0, 1, 'unexpected EOF, expecting "'),
        ('span."\\n"', 0, 1, "invalid escape sequence"),
    ],
)
def test_what_cannot_be_read_ends_the_text(text: str, line: int, column: int, error: str) -> None:
    last = lex(text)[-1]
    assert (last.kind, last.line, last.column, last.error) == (END, line, column, error)


@pytest.mark.parametrize(
    ("text", "index", "place"),
    [
        ("{ span.a = 1 }", 0, (1, 1)),
        ("{ span.a = 1 }", 1, (0, 3)),
        ("{ span.a = 1 }", 2, (0, 3)),
        ("{ .a }", 1, (1, 3)),
        ("{ .a }", 2, (0, 3)),
        ("{} &>> {}", 2, (0, 4)),
        ("{} > {}", 2, (1, 4)),
        ("{ duration > 1s }", 3, (0, 14)),
        ("{\n\n  }", 1, (3, 3)),
        ("{\n }", 2, (2, 3)),
        ("", 0, (0, 0)),
    ],
)
def test_where_tokens_stand(text: str, index: int, place: tuple[int, int]) -> None:
    """Line 0 for what Tempo reads character by character: attributes, durations and operators of several characters."""
    token = lex(text)[index]
    assert (token.line, token.column) == place


@given(st.text(alphabet='{}()|&<>=!~.,"`\\ \n1059smh_aspnbé:e-+*/', max_size=40) | st.text(max_size=20))
def test_any_text_is_read_and_every_token_stands_where_it_says(text: str) -> None:
    lines = text.split("\n")
    tokens = lex(text)
    assert [token.kind for token in tokens].count(END) == 1
    assert tokens[-1].kind == END
    for token in tokens[:-1]:
        if token.line and "\n" not in token.text:
            assert lines[token.line - 1].startswith(token.text, token.column - 1)


@given(st.text(min_size=1, max_size=12))
def test_a_name_that_needs_no_quotes_is_read_back_as_it_is(name: str) -> None:
    tokens = lex("span." + name)
    if not needs_quotes(name) and tokens[-1].error is None:
        assert (tokens[1].value, len(tokens)) == (name, 4)


@pytest.mark.parametrize(("text", "ns"), [("1d", 86_400 * SECOND_NS), ("1.5h", 5_400 * SECOND_NS), ("5", None), ("5parsecs", None), ("", None)])
def test_durations_are_in_the_form_of_prometheus_or_of_go(text: str, ns: int | None) -> None:
    assert duration_ns(text) == ns
