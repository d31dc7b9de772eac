"""Columns of row groups as they were decoded, kept for the next query: a search looks at the same groups several times, dashboards ask again.

One for all readers of a process. What was not used for longest is forgotten first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

import pyarrow as pa

from lgtm.blocks.reader import ColumnKey
from lgtm.model.limits import MIB

BYTES_MAX = 128 * MIB
SHARE_MAX = 16
"""No column may take more than this part of the room: lines of a large scan would drive out all else, and be gone before anybody asks again."""


class ColumnCache:
    """Safe for many threads. bytes_max: of all columns together; 0 keeps nothing."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._columns: OrderedDict[ColumnKey, tuple[pa.Array, int]] = OrderedDict()
        self.nbytes = 0
        self.hits = self.misses = 0

    def get(self, key: ColumnKey) -> pa.Array | None:
        with self._lock:
            found = self._columns.get(key)
            if found is None:
                self.misses += 1
                return None
            self.hits += 1
            self._columns.move_to_end(key)
            return found[0]

    def put(self, key: ColumnKey, column: pa.Array) -> None:
        nbytes = int(column.nbytes)
        if nbytes * SHARE_MAX > self._bytes_max:
            return
        with self._lock:
            before = self._columns.pop(key, None)
            self.nbytes += nbytes - (before[1] if before else 0)
            self._columns[key] = (column, nbytes)
            while self.nbytes > self._bytes_max:
                _, (_, freed) = self._columns.popitem(last=False)
                self.nbytes -= freed
