"""Where something stands in the text of a query."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass


@dataclass(slots=True, frozen=True, order=True)
class Position:
    """Both start at 1; the column counts bytes of UTF-8, as Prometheus does."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class Positions:
    """Turns offsets in characters into positions."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newlines = [index for index, character in enumerate(text) if character == "\n"]

    def at(self, offset: int) -> Position:
        line = bisect_left(self._newlines, offset)
        start = self._newlines[line - 1] + 1 if line else 0
        return Position(line + 1, len(self._text[start:offset].encode("utf-8", "surrogatepass")) + 1)
