"""Time zones: UTC, offsets with or without a name, and the zones of the IANA database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_MIN, _SECOND_MAX = -62_135_510_400, 253_402_214_400
"""A day inside of what `datetime` holds. The rules of a zone are those of the nearest such second."""


@dataclass(slots=True, frozen=True)
class Zone:
    """name: of the location, or the abbreviation when the offset is fixed. rules: of a zone whose offset changes."""

    name: str
    offset_s: int = 0
    rules: ZoneInfo | None = None

    def at(self, unix_s: int) -> tuple[str, int]:
        """Abbreviation and offset in seconds east of UTC at an instant."""
        if self.rules is None:
            return self.name, self.offset_s
        instant = _EPOCH + timedelta(seconds=min(max(unix_s, _SECOND_MIN), _SECOND_MAX))
        local = instant.astimezone(self.rules)
        offset = local.utcoffset()
        assert offset is not None
        return local.tzname() or "", int(offset.total_seconds())

    def unix(self, local_s: int) -> int:
        """The instant at which clocks show `local_s`; of two, or of none in a gap, one near it, as Go chooses."""
        _, offset = self.at(local_s)
        _, settled = self.at(local_s - offset)
        return local_s - settled


UTC_ZONE = Zone("UTC")


@lru_cache(maxsize=64)
def load_zone(name: str) -> Zone | None:
    """A zone by its IANA name; None when there is none. "" and "Local" are UTC here: a server's own zone must not change answers."""
    if name in ("", "UTC", "Local"):
        return UTC_ZONE
    try:
        return Zone(name, rules=ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return None
