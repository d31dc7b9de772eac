"""The yacc automaton: sentences, what is expected, precedence, default reductions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.parsing.lalr import Automaton, Precedence, Rejection, read_rules

PRECEDENCE = Precedence(levels=("+", "*", "^"), right=frozenset("^"))
ARITHMETIC = """
sum:
    sum + sum
    sum * sum
    sum ^ sum
    ( sum )
    n
"""
LISTS = """
list:
    [ items ]
    [ ]
items:
    item
    items , item
item:
    name marks
marks:
    empty
    marks !
"""


def arithmetic() -> Automaton:
    return Automaton(read_rules(ARITHMETIC, PRECEDENCE), ("n", "(", ")", "+", "*", "^"), PRECEDENCE)


def lists() -> Automaton:
    none = Precedence(())
    return Automaton(read_rules(LISTS, none), ("name", "[", "]", ",", "!"), none)


@pytest.mark.parametrize("sentence", ["n", "n + n * n ^ n", "( n + n ) * n", "( ( n ) )"])
def test_sentences_are_accepted(sentence: str) -> None:
    assert arithmetic().first_rejected(sentence.split()) is None


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        ("", 0, ("n", "(")),
        ("n n", 1, ("+", "*", "^")),
        ("n +", 2, ("n", "(")),
        ("( n", 2, (")", "+", "*", "^")),
        ("n )", 1, ("+", "*", "^")),
    ],
)
def test_a_rejection_names_the_tokens_that_can_be_shifted_in_the_order_of_the_table(text: str, index: int, expected: tuple[str, ...]) -> None:
    assert arithmetic().first_rejected(text.split()) == Rejection(index, expected)


def test_more_than_four_expected_tokens_are_not_named() -> None:
    none = Precedence(())
    many = Automaton(read_rules("start:\n" + "".join(f"    {token}\n" for token in "abcde"), none), tuple("abcdex"), none)
    assert many.first_rejected(["x"]) == Rejection(0, ())


def test_reductions_that_need_no_lookahead_happen_before_a_token_is_refused() -> None:
    """After a name `!` could follow too, but by then the item is complete by default, and the message names what follows items."""
    assert lists().first_rejected(["[", "name", "name"]) == Rejection(2, ("]", ","))
    assert lists().first_rejected(["[", "name", "!", "!", "name"]) == Rejection(4, ("]", ","))
    assert lists().first_rejected(["[", "name", ",", "]"]) == Rejection(3, ("name",))
    assert lists().first_rejected(["[", ","]) == Rejection(1, ("name", "]"))


def test_a_name_is_either_a_token_or_has_rules() -> None:
    none = Precedence(())
    with pytest.raises(AssertionError):
        Automaton(read_rules("a:\n    b\n", none), ("a", "b"), none)
    with pytest.raises(AssertionError):
        Automaton(read_rules("a:\n    c\n", none), ("b",), none)


@given(st.lists(st.sampled_from(["n", "(", ")", "+", "*", "^"]), max_size=12))
def test_it_accepts_what_python_accepts(kinds: list[str]) -> None:
    text = " ".join({"n": "1", "^": "**", "+": "-"}.get(kind, kind) for kind in kinds)
    try:
        compile(text.replace("-", "|").replace("**", "@"), "<test>", "eval")
        python_accepts = "( )" not in text and ") (" not in text and "1 (" not in text
    except (SyntaxError, SyntaxWarning):
        python_accepts = False
    assert (arithmetic().first_rejected(kinds) is None) == python_accepts
