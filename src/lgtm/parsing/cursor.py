"""A place in a sequence of tokens, and operator precedence over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from lgtm.parsing.tokens import Token

NESTING_MAX = 100
"""Height of a syntax tree, depth of brackets, and length of a chain of operators that group to the right. Trees are built and walked by
recursion, at most six frames a level, and Python stops at 1,000 frames. Queries that people or dashboards write stay below 20."""


class Unexpected(Exception):
    """The token at `index` cannot follow the ones before it. The language words this."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class TooDeep(Exception):
    """At the token at `index` the tree would grow higher than NESTING_MAX."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class Cursor:
    """tokens: the last one has the kind END, and the cursor never goes beyond it."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self._brackets = 0
        self._operators = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def kind(self) -> str:
        return self.tokens[self.index].kind

    def peek(self, ahead: int = 1) -> str:
        """Kind of a later token."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)].kind

    def advance(self) -> Token:
        token = self.tokens[self.index]
        if self.index < len(self.tokens) - 1:
            self.index += 1
        return token

    def accept(self, kind: str) -> bool:
        """Takes the token if it is of the kind."""
        if self.kind != kind:
            return False
        self.advance()
        return True

    def expect(self, kind: str) -> Token:
        """Takes the token; raises Unexpected if it is not of the kind."""
        if self.kind != kind:
            raise Unexpected(self.index)
        return self.advance()

    def unexpected(self) -> Unexpected:
        return Unexpected(self.index)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Counts one more level of brackets; raises TooDeep beyond NESTING_MAX."""
        self._brackets += 1
        self.check_height(self._brackets)
        yield
        self._brackets -= 1

    @contextmanager
    def behind_operator(self) -> Iterator[None]:
        """Counts one more operator whose right operand is not complete; raises TooDeep beyond NESTING_MAX."""
        self._operators += 1
        self.check_height(self._operators)
        yield
        self._operators -= 1

    def check_height(self, height: int) -> None:
        if height > NESTING_MAX:
            raise TooDeep(self.index)


T = TypeVar("T")

Grown = tuple[T, int]
"""A node and the height of its tree; a leaf has the height 0."""


@dataclass(slots=True, frozen=True)
class Infix(Generic[T]):
    """How an operator stands between two operands.

    binds: it takes what is left of it when this is at least what the surroundings ask for. right: what it asks for on its right:
    `binds + 1` makes it group to the left, `binds` to the right. join: makes the node; the operator's tokens are taken already.
    """

    binds: int
    right: int
    join: Callable[[T, T], T]


def climb(cursor: Cursor, operand: Callable[[], Grown[T]], infix: Callable[[int], Infix[T] | None], minimum: int = 0) -> Grown[T]:
    """An expression of operands and infix operators (Pratt 1973).

    infix: called with the least binding that is wanted; takes the operator at the cursor and its modifiers, or returns None and takes nothing.
    `operand` counts its brackets. Raises TooDeep for trees higher than NESTING_MAX, so that walking the result cannot exhaust the stack.
    """
    node, height = operand()
    while (operator := infix(minimum)) is not None:
        with cursor.behind_operator():
            right, right_height = climb(cursor, operand, infix, operator.right)
        node, height = operator.join(node, right), max(height, right_height) + 1
        cursor.check_height(height)
    return node, height
