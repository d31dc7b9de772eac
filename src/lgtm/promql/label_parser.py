"""Selectors and lists of labels."""

from __future__ import annotations

from lgtm.model.matchers import InvalidRegex, Matcher, MatchOp
from lgtm.promql.lexer import AGGREGATORS, IDENTIFIER, KEYWORDS, METRIC_IDENTIFIER, STRING, WORD_OPERATORS
from lgtm.promql.reading import Reading, position_of
from lgtm.promql.syntax import VectorSelector

_NO_METRIC = ("bool", "on", "ignoring", "group_left", "group_right", "atan2")
METRIC_WORDS = frozenset({IDENTIFIER, METRIC_IDENTIFIER} | (KEYWORDS | WORD_OPERATORS | AGGREGATORS) - set(_NO_METRIC))
_LABEL_WORDS = frozenset({IDENTIFIER} | KEYWORDS | WORD_OPERATORS | AGGREGATORS)
_MATCH_OPERATORS = {"=": MatchOp.EQ, "!=": MatchOp.NE, "=~": MatchOp.RE, "!~": MatchOp.NRE}


class LabelParser:
    def __init__(self, reading: Reading) -> None:
        self._reading, self._cursor = reading, reading.cursor

    def vector_selector(self) -> VectorSelector:
        first = self._cursor.token
        name = self._cursor.advance().text if first.kind != "{" else ""
        matchers = self._label_matchers() if self._cursor.kind == "{" else []
        if name:
            matchers.append(Matcher("__name__", MatchOp.EQ, name))
        return VectorSelector(name, tuple(matchers), position_of(first))

    def _label_matchers(self) -> list[Matcher]:
        self._cursor.expect("{")
        found: list[Matcher] = []
        while not self._cursor.accept("}"):
            matcher = self._label_matcher()
            if matcher is not None:
                found.append(matcher)
            if self._cursor.kind not in (",", "}"):
                raise self._reading.unexpected(self._cursor.token, "label matching", '"," or "}"')
            self._cursor.accept(",")
        return found

    def _label_matcher(self) -> Matcher | None:
        token = self._cursor.token
        if token.kind not in (IDENTIFIER, STRING):
            raise self._reading.unexpected(token, "label matching", 'identifier or "}"')
        self._cursor.advance()
        name = str(token.value) if token.kind == STRING else token.text
        operator = self._cursor.token
        if token.kind == STRING and operator.kind in (",", "}"):
            return Matcher("__name__", MatchOp.EQ, name)
        if operator.kind not in _MATCH_OPERATORS:
            raise self._reading.unexpected(operator, "label matching", "label matching operator")
        self._cursor.advance()
        value = self._cursor.token
        if value.kind != STRING:
            raise self._reading.unexpected(value, "label matching", "string")
        self._cursor.advance()
        try:
            return Matcher(name, _MATCH_OPERATORS[operator.kind], str(value.value))
        except InvalidRegex as error:
            self._reading.error(str(error), position_of(token))
            return None

    def grouping_labels(self) -> tuple[str, ...]:
        if self._cursor.kind != "(":
            raise self._reading.unexpected(self._cursor.token, "grouping opts", '"("')
        self._cursor.advance()
        labels: list[str] = []
        while not self._cursor.accept(")"):
            token = self._cursor.token
            if token.kind != STRING and token.kind not in _LABEL_WORDS:
                raise self._reading.unexpected(token, "grouping opts", "label")
            self._cursor.advance()
            labels.append(str(token.value) if token.kind == STRING else token.text)
            if self._cursor.kind not in (",", ")"):
                raise self._reading.unexpected(self._cursor.token, "grouping opts", '"," or ")"')
            self._cursor.accept(",")
        return tuple(labels)
