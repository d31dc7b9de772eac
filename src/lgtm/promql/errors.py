"""What goes wrong with a query, in Prometheus' words."""

from __future__ import annotations

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.promql.position import Position


class ParseError(BadRequest):
    """The text is no query. position: where, or None when there is nothing to point at."""

    def __init__(self, message: str, position: Position | None) -> None:
        super().__init__(message, position)
        self.message, self.position = message, position

    def __str__(self) -> str:
        return f"{self.position or 'unknown position'}: parse error: {self.message}"


class EvaluationError(BadRequest):
    """The query is well formed, but cannot be answered from the data it meets."""


class TooManySamples(LimitExceeded):
    """The query holds more samples at a time than it may."""

    def __str__(self) -> str:
        return "query processing would load too many samples into memory in query execution"
