"""What stands between a binary operator and its right side: `bool`, `on`, `group_left`, `fill` …"""

from __future__ import annotations

from dataclasses import replace

from lgtm.parsing.tokens import Token
from lgtm.promql.label_parser import LabelParser
from lgtm.promql.lexer import DURATION, NUMBER
from lgtm.promql.numbers import parse_number
from lgtm.promql.reading import Reading, position_of
from lgtm.promql.syntax import COMPARISONS, Card, Matching


class MatchingParser:
    def __init__(self, reading: Reading, labels: LabelParser) -> None:
        self._reading, self._cursor, self._labels = reading, reading.cursor, labels

    def bool_modifier(self, operator: Token) -> bool:
        if self._cursor.kind != "bool":
            return False
        self._cursor.advance()
        if operator.kind not in COMPARISONS:
            self._reading.error("bool modifier can only be used on comparison operators", position_of(operator))
        return True

    def matching(self) -> Matching:
        matching = Matching()
        if self._cursor.kind in ("on", "ignoring"):
            on = self._cursor.advance().kind == "on"
            matching = Matching(on=on, labels=self._labels.grouping_labels())
            if self._cursor.kind in ("group_left", "group_right"):
                card = Card.MANY_TO_ONE if self._cursor.advance().kind == "group_left" else Card.ONE_TO_MANY
                include = self._labels.grouping_labels() if self._cursor.kind == "(" else ()
                matching = replace(matching, card=card, include=include)
        return self._fills(matching)

    def _fills(self, matching: Matching) -> Matching:
        while self._cursor.kind in ("fill", "fill_left", "fill_right"):
            word = self._cursor.advance()
            if not self._reading.features.fill:
                flag = "must be enabled with --enable-feature=promql-binop-fill-modifiers"
                self._reading.error(f"{word.kind} modifier is experimental and {flag}", position_of(word))
            value = self._fill_value()
            if word.kind != "fill_right":
                matching = replace(matching, fill_left=value)
            if word.kind != "fill_left":
                matching = replace(matching, fill_right=value)
        return matching

    def _fill_value(self) -> float:
        self._cursor.expect("(")
        sign = self._cursor.advance().kind if self._cursor.kind in ("+", "-") else "+"
        if self._cursor.kind not in (NUMBER, DURATION):
            raise self._cursor.unexpected()
        value = parse_number(self._cursor.advance(), self._reading.errors).value
        self._cursor.expect(")")
        return -value if sign == "-" else value
