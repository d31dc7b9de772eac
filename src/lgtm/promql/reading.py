"""What the parts of the parser share: the place in the text, and what was found wrong so far."""

from __future__ import annotations

from lgtm.parsing.cursor import Cursor
from lgtm.parsing.tokens import Token
from lgtm.promql.errors import ParseError
from lgtm.promql.features import Features
from lgtm.promql.lexer import describe, lex
from lgtm.promql.position import Position


class Reading:
    def __init__(self, text: str, features: Features) -> None:
        self.features = features
        self.cursor = Cursor(lex(text))
        self.errors: list[ParseError] = []

    def error(self, message: str, position: Position) -> None:
        """Notes what is wrong without giving up: a syntax error further on is less of it."""
        self.errors.append(ParseError(message, position))

    def unexpected(self, token: Token, context: str = "", expected: str = "") -> ParseError:
        """To be raised: nothing can be read from here on."""
        if token.error is not None:
            return ParseError(token.error, position_of(token))
        where = f" in {context}" if context else ""
        wanted = f", expected {expected}" if expected else ""
        return ParseError(f"unexpected {describe(token)}{where}{wanted}", position_of(token))


def position_of(token: Token) -> Position:
    return Position(token.line, token.column)
