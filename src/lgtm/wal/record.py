"""What a reader of the log gets, and the one payload that the log itself writes: the recovery record.

A recovery's verdict must be written down, because it cannot be reached a second time: the frames of the next process carry a later synced_lsn, and
in its light yesterday's unacknowledged hole would look like lost data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from lgtm.wal.errors import UnsupportedFormat
from lgtm.wal.frame import Kind
from lgtm.wal.lsn import LsnRange, Ranges, coarsen, merge


@dataclass(slots=True, frozen=True)
class Record:
    lsn: int
    segment: int
    kind: Kind
    payload: memoryview
    """Read-only, shares memory with its neighbours, starts on an 8-byte boundary. Keeping it keeps some 4 MiB alive."""


@dataclass(slots=True, frozen=True)
class RecoveryRecord:
    """Everything known to be missing below `end_lsn`, including what earlier recoveries found, so that losing one record loses no verdict."""

    end_lsn: int
    """The highest valid lsn that the recovery found, 0 for a new log."""
    holes: Ranges
    """Never acknowledged, lost with the power: normal."""
    damage: Ranges
    """Acknowledged and unreadable."""
    missing: tuple[int, ...] = ()
    """Segments whose files this recovery did not find."""

    def encode(self, bytes_max: int) -> bytes:
        """JSON. Beyond `bytes_max` neighbouring ranges are joined: damage inside them would be found later than it could be, nothing worse."""
        record = self
        while len(data := record._json()) > bytes_max and (len(record.holes) > 1 or len(record.damage) > 1 or record.missing):
            record = replace(record, holes=coarsen(record.holes), damage=coarsen(record.damage), missing=record.missing[: len(record.missing) // 2])
        return data

    @classmethod
    def decode(cls, data: bytes | memoryview, where: str) -> RecoveryRecord:
        """Raises UnsupportedFormat: the bytes passed their checksum, so nothing else can explain them."""
        try:
            fields: dict[str, Any] = json.loads(bytes(data))
            return cls(int(fields["end_lsn"]), _ranges(fields["holes"]), _ranges(fields["damage"]), tuple(map(int, fields["missing"])))
        except (ValueError, KeyError, TypeError, AssertionError, RecursionError) as error:
            raise UnsupportedFormat(where, "unknown recovery record") from error

    def _json(self) -> bytes:
        fields = {"end_lsn": self.end_lsn, "holes": _pairs(self.holes), "damage": _pairs(self.damage), "missing": self.missing}
        return json.dumps(fields, separators=(",", ":")).encode()


def _pairs(ranges: Ranges) -> list[tuple[int, int]]:
    return [(item.first, item.last) for item in ranges]


def _ranges(pairs: list[tuple[int, int]]) -> Ranges:
    return merge(LsnRange(int(first), int(last)) for first, last in pairs)
