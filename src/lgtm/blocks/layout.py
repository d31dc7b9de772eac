"""Where a block's objects live and what they are called: Hive-style paths, so that other engines find partitions by themselves.

    signal=logs/tenant=acme/date=2026-05-28/<block id>/meta.json                     makes the block exist
                                                      /tombstone.json                makes it disappear
                                                      /<attempt>/rows.parquet        data, named by its own digest
                                                      /<attempt>/series.parquet
                                                      /<attempt>/traces.index        of signals whose rows have a trace id

docs/formats/block.md says why.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from lgtm.errors import Corruption
from lgtm.model.limits import DAY_NS
from lgtm.model.signal import SIGNALS
from lgtm.model.tenant import InvalidTenant, Tenant

FORMAT_VERSION = 1
"""Raised when an older reader would misread a newer block; it must refuse instead."""

ROWS_FILE = "rows.parquet"
SERIES_FILE = "series.parquet"
META_FILE = "meta.json"
TOMBSTONE_FILE = "tombstone.json"
TRACES_FILE = "traces.index"
DATA_FILES = (ROWS_FILE, SERIES_FILE)
"""What every block has, and what reading its rows needs."""

_EPOCH = dt.date(1970, 1, 1)
_KEY = re.compile(r"signal=([a-z]+)/tenant=([^/]+)/date=(\d{4}-\d\d-\d\d)/([0-9a-f]{32})/(.+)")


class DamagedBlock(Corruption):
    """A block's bytes are not what was written, or not a block of this format. name: the file or object; nothing of it may be believed."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"damaged block: {self.name}: {self.reason}"


@dataclass(slots=True, frozen=True)
class BlockKey:
    """An object key inside a block, taken apart."""

    signal: str
    tenant: Tenant
    date: str
    block_id: str
    file: str
    """Path inside the block."""


BLOCKS_PREFIX = "signal="
"""What the keys of all blocks begin with, whatever their signal: one listing finds them."""


def tenant_prefix(signal: str, tenant: Tenant) -> str:
    """Ends in a slash: the prefix of tenant `a` is not one of tenant `ab`."""
    return f"{BLOCKS_PREFIX}{signal}/tenant={tenant}/"


def block_path(signal: str, tenant: Tenant, date: str, block_id: str) -> str:
    return f"{tenant_prefix(signal, tenant)}date={date}/{block_id}"


def parse_key(key: str) -> BlockKey | None:
    """None for a key that is not inside a block."""
    match = _KEY.fullmatch(key)
    if match is None or match[1] not in SIGNALS:
        return None
    try:
        tenant = Tenant(match[2])
    except InvalidTenant:
        return None
    return BlockKey(match[1], tenant, match[3], match[4], match[5])


def day_of(ts_ns: int) -> int:
    """UTC days since the epoch; before 1970 they are negative."""
    return ts_ns // DAY_NS


def date_of_day(day: int) -> str:
    return (_EPOCH + dt.timedelta(days=day)).isoformat()


def date_of(ts_ns: int) -> str:
    return date_of_day(day_of(ts_ns))


def day_of_date(date: str) -> int:
    """Raises ValueError when it is no date."""
    return (dt.date.fromisoformat(date) - _EPOCH).days
