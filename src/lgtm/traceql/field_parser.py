"""Tokens to expressions over the fields of a span, by operator precedence.

The tokens are a sentence of the grammar: `parser.py` has run the automaton over them. So whatever stands at the cursor fits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from lgtm.parsing.cursor import Cursor, Grown, Infix, climb
from lgtm.traceql import folding
from lgtm.traceql.field_syntax import FALSE, NIL, SCOPED, TRUE, Attribute, Field, FieldExpr, Intrinsic, Static
from lgtm.traceql.grammar import COLONS, ENUMS, INTRINSICS, PRECEDENCE, SCOPES
from lgtm.traceql.types import KINDS, STATUSES, Type

_LITERALS = {"STRING": Type.STRING, "INTEGER": Type.INT, "FLOAT": Type.FLOAT, "DURATION": Type.DURATION}
_UNARY = {"-": PRECEDENCE.of("-"), "!": PRECEDENCE.of("!")}
_WORDS: dict[str, Static] = (
    {"true": TRUE, "false": FALSE, "nil": NIL}
    | {word: Static(Type.STATUS, number) for number, word in enumerate(STATUSES)}
    | {word: Static(Type.KIND, number) for number, word in enumerate(KINDS)}
)
assert set(ENUMS) <= _WORDS.keys()


class FieldParser:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def field_expression(self) -> FieldExpr:
        return self._expression(0)[0]

    def fields(self) -> tuple[Field, ...]:
        """Names with commas between them."""
        found = [self.field()]
        while self.cursor.accept(","):
            found.append(self.field())
        return tuple(found)

    def field(self) -> Field:
        token = self.cursor.advance()
        if token.kind in COLONS:
            spelling = token.kind + self.cursor.advance().kind
            return Intrinsic(SCOPED.get(spelling, spelling))
        if token.kind != "." and token.kind not in SCOPES:
            return Intrinsic(token.kind)
        parent, scope = token.kind == "parent.", token.kind[:-1]
        if parent:
            scope = self.cursor.advance().kind[:-1] if self.cursor.kind in SCOPES else ""
        name = cast(str, self.cursor.expect("IDENTIFIER").value)
        self.cursor.expect("END_ATTRIBUTE")
        return Attribute(scope, name, parent)

    def static(self) -> Static:
        token = self.cursor.advance()
        if token.kind in _LITERALS:
            return Static(_LITERALS[token.kind], cast(int | float | str, token.value))
        return _WORDS[token.kind]

    def _expression(self, minimum: int) -> Grown[FieldExpr]:
        return climb(self.cursor, self._operand, self._infix, minimum)

    def _infix(self, minimum: int) -> Infix[FieldExpr] | None:
        symbol = self.cursor.kind
        binds = PRECEDENCE.of(symbol)
        if binds is None or binds < minimum or symbol == "|":
            return None
        self.cursor.advance()
        return Infix(binds, binds if symbol in PRECEDENCE.right else binds + 1, _join(symbol))

    def _operand(self) -> Grown[FieldExpr]:
        kind = self.cursor.kind
        if kind in _UNARY:
            self.cursor.advance()
            with self.cursor.nested():
                operand, height = self._expression(cast(int, _UNARY[kind]) + 1)
            return folding.unary(kind, operand), height + 1
        if self.cursor.accept("("):
            with self.cursor.nested():
                inner = self._expression(0)
            self.cursor.expect(")")
            return inner
        if kind in _LITERALS or kind in _WORDS:
            return self.static(), 0
        assert kind in INTRINSICS or kind in COLONS or kind in SCOPES or kind == ".", kind
        return self.field(), 0


def _join(symbol: str) -> Callable[[FieldExpr, FieldExpr], FieldExpr]:
    return partial(_with_nil, symbol)


def _with_nil(symbol: str, left: FieldExpr, right: FieldExpr) -> FieldExpr:
    """Comparing with nil asks whether there is a value."""
    if NIL in (left, right):
        return folding.exists(left if right == NIL else right, absent=symbol == "=")
    return folding.binary(symbol, left, right)
