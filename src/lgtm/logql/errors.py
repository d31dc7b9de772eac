"""What is wrong with the text of a query, in Loki's words."""

from __future__ import annotations

from lgtm.errors import BadRequest

QUERY_BYTES_MAX = 131_072


class ParseError(BadRequest):
    """line, column: where; 0 and 0 for what concerns more than one place, line 0 for tokens whose line Loki does not tell."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message, line, column)
        self.message, self.line, self.column = message, line, column

    def __str__(self) -> str:
        if self.line == 0 and self.column == 0:
            return f"parse error : {self.message}"
        return f"parse error at line {self.line}, col {self.column}: {self.message}"


class WrongKind(BadRequest):
    """A query of one kind where another is needed, such as a metric query where only a selector is."""
