"""Tokens and where they stand in a text."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

END = "$end"
"""Kind of the token behind the last one; yacc's name for it."""


@dataclass(slots=True, frozen=True)
class Token:
    """kind: the name that error messages use, such as `IDENTIFIER` or `|=`. text: as written. value: what it stands for.

    line and column start at 1 and count characters; line 0 means that the language does not tell it.
    error: why the text cannot be read from here on. Such a token has the kind END and is the last.
    """

    kind: str
    text: str
    value: object
    line: int
    column: int
    error: str | None = None


class Lines:
    """Turns offsets into lines and columns."""

    def __init__(self, text: str) -> None:
        self._newlines = [index for index, character in enumerate(text) if character == "\n"]

    def position(self, offset: int) -> tuple[int, int]:
        line = bisect_left(self._newlines, offset)
        return line + 1, offset - (self._newlines[line - 1] if line else -1)
