"""Where something stands in the text of a query."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

_WIDE = re.compile(r"[^\x00-\x7f]")


@dataclass(slots=True, frozen=True, order=True)
class Position:
    """Both start at 1; the column counts bytes of UTF-8, as Prometheus does."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class Positions:
    """Turns offsets in characters into positions. What takes more than one byte is counted once: a line may hold all of a long query."""

    def __init__(self, text: str) -> None:
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._wide = [match.start() for match in _WIDE.finditer(text)]
        extra = (len(text[offset].encode("utf-8", "surrogatepass")) - 1 for offset in self._wide)
        self._extra_bytes = list(accumulate(extra, initial=0))

    def at(self, offset: int) -> Position:
        line = bisect_left(self._newlines, offset)
        start = self._newlines[line - 1] + 1 if line else 0
        extra = self._extra_before(offset) - self._extra_before(start) if self._wide else 0
        return Position(line + 1, offset - start + extra + 1)

    def _extra_before(self, offset: int) -> int:
        return self._extra_bytes[bisect_left(self._wide, offset)]
