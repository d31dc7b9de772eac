"""Text to tokens: what LogQL adds to Go's lexical rules, and where tokens stand."""

from __future__ import annotations

import pytest

from lgtm.logql.lexer import lex
from lgtm.parsing.tokens import END

SECOND_NS = 1_000_000_000


def kinds(text: str) -> list[str]:
    return [token.kind for token in lex(text)[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{app="api"}', ["{", "IDENTIFIER", "=", "STRING", "}"]),
        ("|= |~ |> != !~ !> =~ == >= <= = > < |", ["|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "=", ">", "<", "|"]),
        ("===", ["==", "="]),
        ("rate", ["IDENTIFIER"]),
        ("rate(", ["RATE", "("]),
        ("RATE  (", ["RATE", "("]),
        ("sum by (", ["SUM", "by", "("]),
        ("sum without(", ["SUM", "without", "("]),
        ("sum by app (", ["IDENTIFIER", "by", "IDENTIFIER", "("]),
        ("sum bytes(", ["IDENTIFIER", "BYTES_CONV", "("]),
        ("ip ip(", ["IDENTIFIER", "ip", "("]),
        ("By JSON or", ["by", "json", "or"]),
        ("1 1.5 0x1F 1e3", ["NUMBER"] * 4),
        ("5m 1h30m 1.5s 100us 100µs 2d -5m", ["DURATION"] * 7),
        ("5x 5mm", ["NUMBER", "IDENTIFIER", "NUMBER", "IDENTIFIER"]),
        ("1-1", ["NUMBER", "-", "NUMBER"]),
        ("1-0", ["NUMBER", "-", "NUMBER"]),
        ("5KB 1.5MiB 3B 2k 0B", ["BYTES"] * 5),
        ("1.5mb", ["DURATION", "IDENTIFIER"]),
        ("[5m][1h30m]", ["RANGE", "RANGE"]),
        ("--strict --keep-empty", ["PARSER_FLAG", "PARSER_FLAG"]),
        ("--nope --strictly", ["-", "-", "IDENTIFIER", "-", "-", "IDENTIFIER"]),
        ("a # b\nc # d", ["IDENTIFIER", "IDENTIFIER"]),
        ("! & 'x' $", ["IDENTIFIER"] * 4),
        ("\ufeffa", ["IDENTIFIER"]),
        ("日本", ["IDENTIFIER"]),
        ("{日本}", ["{", "STRING", "}"]),
    ],
)
def test_kinds_of_tokens(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a\\tb"', "a\tb"),
        ("`a\\tb`", "a\\tb"),
        ("5m", 300 * SECOND_NS),
        ("1.5s", 1_500_000_000),
        ("-1h", -3_600 * SECOND_NS),
        ("[90s]", 90 * SECOND_NS),
        ("20MB", 20_000_000),
        ("1KiB", 1_024),
        ("Rate(", "rate"),
    ],
)
def test_values_of_tokens(text: str, value: object) -> None:
    assert lex(text)[0].value == value


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        ("{a", [(1, 1), (1, 2), (1, 3)]),
        ("{\n a", [(1, 1), (2, 2), (2, 3)]),
        ("a == b", [(1, 1), (0, 3), (1, 6), (1, 7)]),
        ("5m", [(0, 1), (1, 3)]),
        ("a [5m]", [(1, 1), (0, 3), (1, 7)]),
        ("a\n", [(1, 1), (2, 1)]),
        ("", [(0, 0)]),
    ],
)
def test_tokens_read_character_by_character_have_no_line(text: str, positions: list[tuple[int, int]]) -> None:
    assert [(token.line, token.column) for token in lex(text)] == positions


@pytest.mark.parametrize(
    ("text", "line", "column", "error"),
    [
        ('a "b', 1, 3, "literal not terminated"),
        ("a 'bc'", 1, 3, "invalid char literal"),
        ("a /* b", 1, 3, "comment not terminated"),
        ("a [5m", 0, 3, "missing closing ']' in duration"),
        ("a [5x]", 0, 3, 'unknown unit "x" in duration "5x"'),
        ('"\\400"', 1, 1, "invalid syntax"),
        ("ab\0", 1, 1, "invalid character NUL"),
        ("ab \0", 0, 1, "invalid character NUL"),
        ("\0", 0, 0, "invalid character NUL"),
        ("a \ud800", 0, 1, "invalid UTF-8 encoding"),
    ],
)
def test_what_cannot_be_read_ends_the_text(text: str, line: int, column: int, error: str) -> None:
    last = lex(text)[-1]
    assert (last.kind, last.line, last.column, last.error) == (END, line, column, error)
