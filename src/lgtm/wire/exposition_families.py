"""What the comments of a scraped page say of its metric families, and which rows belong to which."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from lgtm.wire.decoded_samples import Metadata

UNKNOWN = "unknown"


@dataclass(slots=True)
class Family:
    name: str
    type: str = UNKNOWN
    help: str = ""
    unit: str = ""


@dataclass(slots=True)
class Families:
    """Families in the order of the page. Rows belong to the family that was typed last, as in Prometheus' parser."""

    by_name: dict[str, Family] = field(default_factory=dict)
    _starts: list[int] = field(default_factory=list)
    _types: list[Family] = field(default_factory=list)

    def of(self, name: str) -> Family:
        return self.by_name.setdefault(name, Family(name))

    def begin(self, family: Family, row: int) -> None:
        """The rows from `row` on are of this family."""
        if self._starts and self._starts[-1] == row:
            self._types[-1] = family
        else:
            self._starts.append(row)
            self._types.append(family)

    def at(self, row: int) -> Family | None:
        """The family of a row, None before the first."""
        at = bisect_right(self._starts, row) - 1
        return self._types[at] if at >= 0 else None

    def type_at(self, row: int) -> str:
        family = self.at(row)
        return family.type if family else UNKNOWN

    def runs(self, rows: int) -> list[tuple[Family, int, int]]:
        """Each family with its rows [start, end)."""
        return list(zip(self._types, self._starts, [*self._starts[1:], rows], strict=False))

    def metadata(self) -> tuple[Metadata, ...]:
        return tuple(Metadata(f.name, f.type, f.help, f.unit) for f in self.by_name.values())
