"""`| decolorize`: takes ANSI escape sequences out of the line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Decolorize:
    def __str__(self) -> str:
        return "| decolorize"
