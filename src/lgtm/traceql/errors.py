"""What is wrong with a query, in Tempo's words."""

from __future__ import annotations

from lgtm.errors import BadRequest

QUERY_BYTES_MAX = 131_072


class ParseError(BadRequest):
    """line, column: where; both 0 when there is no place, line 0 for tokens whose line Tempo does not tell."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message, line, column)
        self.message, self.line, self.column = message, line, column

    def __str__(self) -> str:
        if self.line == 0 and self.column == 0:
            return f"parse error : {self.message}"
        return f"parse error at line {self.line}, col {self.column}: {self.message}"


class InvalidQuery(BadRequest):
    """The query reads well and means nothing: types do not fit, a number is out of range."""


class Unsupported(InvalidQuery):
    """The language has it, but Tempo does not evaluate it, and neither do we."""


class NotMetrics(BadRequest):
    """A search where a metrics query is needed."""

    def __str__(self) -> str:
        return "not a metrics query"


class ManySpansets(BadRequest):
    """Two sides of a spanset operator of which one is grouped."""

    def __str__(self) -> str:
        return "spanset operators are not supported for multiple spansets per trace. consider using coalesce()"
