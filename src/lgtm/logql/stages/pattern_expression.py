"""The little language of `pattern` and `|>`: literals and captures, `<ip> - <_> "<method> <path>"`.

A capture is `<` name `>` where the name is an identifier; `<_>` captures without a name. Anything else is literal text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lgtm.logql.columns import escaped

_CAPTURE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")
UNNAMED = "_"


@dataclass(slots=True, frozen=True)
class Capture:
    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"


@dataclass(slots=True, frozen=True)
class PatternExpression:
    """parts: str are literals, never two in a row."""

    parts: tuple[str | Capture, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.parts if isinstance(p, Capture) and p.name != UNNAMED)

    def check_parser(self) -> None:
        """Raises ValueError where the stage `pattern` does not take the expression."""
        if not self.names:
            raise ValueError("at least one capture is required")
        self._check_neighbours()
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise ValueError(f"duplicate capture name ({name}): invalid expression")
            seen.add(name)

    def check_filter(self) -> None:
        """Raises ValueError where a line filter does not take the expression."""
        if self.names:
            raise ValueError("named captures are not allowed")
        self._check_neighbours()

    def fits(self, line: str) -> bool:
        """Whether a line has the literals in this order with something for each capture; an open beginning may be anything.

        Each literal is taken where it occurs first; what is left of the line must be there exactly if a capture ends the pattern.
        """
        at = 0
        for index, part in enumerate(self.parts):
            if isinstance(part, str):
                found = line.find(part, at)
                if found < 0 or (index > 0 and found == at):
                    return False
                at = found + len(part)
        return (at < len(line)) == isinstance(self.parts[-1], Capture)

    def captures(self, line: str) -> dict[str, str]:
        """What stands for each named capture. A literal that is missing ends the reading: the capture before it takes the rest."""
        parts, at, found = self.parts, 0, dict[str, str]()
        if not line:
            return {}
        if isinstance(first := parts[0], str):
            if not line.startswith(first):
                return {}
            at, parts = len(first), parts[1:]
        for index in range(0, len(parts), 2):
            capture = parts[index]
            assert isinstance(capture, Capture)
            literal = parts[index + 1] if index + 1 < len(parts) else None
            end = line.find(str(literal), at) if literal is not None else -1
            if capture.name != UNNAMED:
                found[capture.name] = line[at:] if end < 0 else line[at:end]
            if end < 0:
                break
            at = end + len(str(literal))
        return found

    def regex(self) -> str:
        """What `captures` does, as a regex whose groups are named like the captures.

        A capture runs to the first place of its literal, or to the end where there is none: groups behind that take no part.
        """
        text = ""
        for part in reversed(self.parts):
            if isinstance(part, str):
                text = escaped(part) + text
            else:
                group = "(?:" if part.name == UNNAMED else f"(?P<{part.name}>"
                text = f"{group}.*?)(?:{text}|$)" if text else f"{group}.*)$"
        return f"(?s)^{text}"

    def _check_neighbours(self) -> None:
        for left, right in zip(self.parts, self.parts[1:], strict=False):
            if isinstance(left, Capture) and isinstance(right, Capture):
                raise ValueError(f"found consecutive capture '{left}{right}': invalid expression")


def parse_pattern(text: str) -> PatternExpression:
    """Raises ValueError for the empty text."""
    if not text:
        raise ValueError("parse error at line 1, col 1: syntax error: unexpected $end, expecting IDENTIFIER or LITERAL")
    parts: list[str | Capture] = []
    for index, piece in enumerate(_CAPTURE.split(text)):
        if index % 2:
            parts.append(Capture(piece))
        elif piece:
            parts.append(piece)
    return PatternExpression(tuple(parts))
