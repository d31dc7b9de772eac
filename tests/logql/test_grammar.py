"""The tables of LogQL: every word the lexer makes is a token the grammar knows, and the states expect what Loki's do."""

from __future__ import annotations

import pytest

from lgtm.logql.grammar import FUNCTIONS, KEYWORDS, PRECEDENCE, SYMBOLS, TOKENS, automaton


def test_every_kind_of_token_is_in_the_table_once() -> None:
    assert len(set(TOKENS)) == len(TOKENS)
    assert {*FUNCTIONS.values(), *KEYWORDS, *SYMBOLS} <= set(TOKENS)


def test_precedence_goes_from_or_to_powers() -> None:
    order = ["or", "unless", "==", "-", "%", "^"]
    assert [PRECEDENCE.of(operator) for operator in order] == list(range(6))
    assert PRECEDENCE.of(",") is None


SELECTED = "{ IDENTIFIER = STRING }"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("{", "IDENTIFIER }"),
        ("{ IDENTIFIER", "= =~ !~ !="),
        ("{ IDENTIFIER = STRING", "} ,"),
        (f"{SELECTED} |=", "STRING ip"),
        (f"{SELECTED} | label_format IDENTIFIER =", "IDENTIFIER STRING"),
        (f"{SELECTED} |", ""),
        ("RATE (", "NUMBER { ("),
        (f"RATE ( {SELECTED}", ""),
        (f"RATE ( {SELECTED} RANGE", ")"),
        (f"RATE ( {SELECTED} | unwrap", "IDENTIFIER BYTES_CONV DURATION_CONV DURATION_SECONDS_CONV"),
        (f"RATE ( {SELECTED} | unwrap IDENTIFIER", "RANGE |"),
        (f"RATE ( {SELECTED} | unwrap IDENTIFIER |", "IDENTIFIER ("),
        ("SUM by (", "IDENTIFIER )"),
        ("SUM by ( IDENTIFIER", ", )"),
        ("NUMBER + +", "NUMBER"),
    ],
)
def test_what_may_follow(kinds: str, expected: str) -> None:
    words = kinds.split()
    rejection = automaton().first_rejected(words)
    assert rejection is not None
    assert (rejection.index, rejection.expected) == (len(words), tuple(expected.split()))
