"""Operator precedence over tokens, and the bound on nesting."""

from __future__ import annotations

import pytest

from lgtm.parsing.cursor import NESTING_MAX, Cursor, Grown, Infix, TooDeep, Unexpected, climb
from lgtm.parsing.tokens import END, Token

BINDS = {"+": 0, "*": 1, "^": 2}


class Arithmetic:
    """Prints each operation in brackets."""

    def __init__(self, text: str) -> None:
        kinds = [*text, END]
        self.cursor = Cursor([Token(kind, kind, None, 1, column) for column, kind in enumerate(kinds, 1)])

    def parse(self) -> str:
        text, _ = climb(self.cursor, self._operand, self._infix)
        self.cursor.expect(END)
        return text

    def _operand(self) -> Grown[str]:
        if self.cursor.accept("("):
            with self.cursor.nested():
                inner = climb(self.cursor, self._operand, self._infix)
            self.cursor.expect(")")
            return inner
        return self.cursor.expect("n").text, 0

    def _infix(self, minimum: int) -> Infix[str] | None:
        kind = self.cursor.kind
        if kind not in BINDS or BINDS[kind] < minimum:
            return None
        self.cursor.advance()
        return Infix(BINDS[kind], BINDS[kind] + (kind != "^"), lambda left, right: f"({left}{kind}{right})")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("n", "n"),
        ("n+n+n", "((n+n)+n)"),
        ("n+n*n", "(n+(n*n))"),
        ("n*n+n", "((n*n)+n)"),
        ("n^n^n", "(n^(n^n))"),
        ("n*(n+n)", "(n*(n+n))"),
        ("n*n^n*n", "((n*(n^n))*n)"),
    ],
)
def test_operators_take_their_operands_by_precedence(text: str, tree: str) -> None:
    assert Arithmetic(text).parse() == tree


@pytest.mark.parametrize(("text", "index"), [("", 0), ("n+", 2), ("nn", 1), ("(n", 2), ("n)", 1)])
def test_a_token_out_of_place_is_named_by_its_index(text: str, index: int) -> None:
    with pytest.raises(Unexpected) as caught:
        Arithmetic(text).parse()
    assert caught.value.index == index


@pytest.mark.parametrize("make", [lambda n: "(" * n + "n" + ")" * n, lambda n: "n" + "+n" * n, lambda n: "n" + "^n" * n])
def test_trees_have_a_greatest_height(make: object) -> None:
    assert callable(make)
    assert Arithmetic(make(NESTING_MAX)).parse()
    with pytest.raises(TooDeep):
        Arithmetic(make(NESTING_MAX * 100)).parse()


def test_chains_inside_brackets_inside_chains_cannot_add_up_beyond_it() -> None:
    text = "n"
    for _ in range(20):
        text = f"({text}" + "+n" * 20 + ")"
    with pytest.raises(TooDeep):
        Arithmetic(text).parse()
