"""The labels that a parser finds in one line: what makes way, what comes first, and how many there may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lgtm.logql.frame_source import EXTRACTED

LABELS_PER_LINE_MAX = 1_000
"""A hostile line may hold a hundred thousand keys, and each distinct one costs a column. What is beyond is left out and the row marked."""


class LineError(Exception):
    """What `__error_details__` says of a line; None where nothing more is said than that it failed."""

    def __init__(self, details: str | None) -> None:
        super().__init__(details)
        self.details = details


@dataclass(slots=True)
class LineLabels:
    """Collects labels in the order of the line.

    stored: names of the row's stream and metadata; a parsed label of that name becomes `<name>_extracted`. wanted: the names somebody reads, as
    they are after that; None = all. The first value of a name wins.
    """

    stored: frozenset[str] = frozenset()
    wanted: frozenset[str] | None = None
    found: dict[str, str] = field(default_factory=dict)
    line: str | None = None
    """The line from now on, where the parser replaces it."""

    def add(self, name: str, value: str) -> bool:
        """Answers whether everything that is wanted has been found, so that the rest of the line need not be read."""
        if name in self.stored:
            name += EXTRACTED
        if self.wanted is not None and name not in self.wanted:
            return False
        if name not in self.found:
            if len(self.found) == LABELS_PER_LINE_MAX:
                raise LineError(f"more than {LABELS_PER_LINE_MAX} labels")
            self.found[name] = without_replacement(value)
        return self.wanted is not None and len(self.found) == len(self.wanted)

    def fill(self, name: str) -> None:
        """Sets an empty value where the row has no label of that name."""
        if name not in self.found and name not in self.stored and (self.wanted is None or name in self.wanted):
            self.found[name] = ""


LineParser = Callable[[str, LineLabels], None]
"""Reads a line into labels. Raises LineError; what was found until then stays."""


def without_replacement(value: str) -> str:
    """U+FFFD stands for bytes that were no text; labels say a blank instead."""
    return value.replace("\ufffd", " ") if "\ufffd" in value else value
