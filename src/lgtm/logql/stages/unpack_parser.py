"""`| unpack`: undoes promtail's `pack`. String fields become labels and `_entry` the line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class UnpackParser:
    def __str__(self) -> str:
        return "| unpack"
