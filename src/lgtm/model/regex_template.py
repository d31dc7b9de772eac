"""Replacement texts with references to groups of a match, `$1`, `${name}` and `$$`: what Go's Regexp.Expand makes of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
"""A `$` that starts none of these stays as it is."""


@dataclass(slots=True, frozen=True)
class Template:
    """parts: texts as they are, and references as tuples of one name."""

    parts: tuple[str | tuple[str], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        parts: list[str | tuple[str]] = []
        position = 0
        for reference in _REFERENCE.finditer(text):
            parts.append(text[position : reference.start()])
            name = reference[1] or reference[2]
            parts.append("$" if name is None else (name,))
            position = reference.end()
        return cls(tuple(part for part in (*parts, text[position:]) if part))

    @property
    def refers(self) -> bool:
        """Whether the text depends on the match."""
        return any(isinstance(part, tuple) for part in self.parts)

    def expand(self, match: Any, pattern: Any) -> str:
        """A group that took no part, or does not exist, is empty."""
        return "".join(part if isinstance(part, str) else _group(part[0], match, pattern) for part in self.parts)


def _group(name: str, match: Any, pattern: Any) -> str:
    group = int(name) if name.isdecimal() and len(name) < 10 else pattern.groupindex.get(name, -1)
    return (match.group(group) or "") if 0 <= group <= pattern.groups else ""
