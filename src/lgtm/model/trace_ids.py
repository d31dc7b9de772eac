"""Sets of trace ids as sorted columns, so that a million rows are tested in one call, and the 64-bit keys that an index of ids is made of.

An id is 16 bytes. Its key is a digest of them: two ids may share one, so whoever finds a key looks at the id afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from lgtm.model.spans import Mask

TRACE_ID_BYTES = 16
Keys = np.ndarray[tuple[int], np.dtype[np.uint64]]

_IDS = np.dtype(f"S{TRACE_ID_BYTES}")
"""NumPy compares these as bytes padded with zeros, which for a fixed length is the order of the bytes; it only shows them without the zeros."""
_WORDS = np.dtype("<u8")
_ODD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(32)


class TraceIds:
    """Distinct ids in the order of their bytes; immutable. keys: of all of them, sorted, distinct."""

    __slots__ = ("_ids", "keys")

    def __init__(self, data: bytes) -> None:
        """data: ids one behind the other, in any order, also repeated. Raises ValueError when the last one is cut."""
        if len(data) % TRACE_ID_BYTES:
            raise ValueError(f"{len(data)} bytes are no trace ids of {TRACE_ID_BYTES} bytes each")
        self._ids = np.unique(np.frombuffer(data, _IDS))
        self.keys: Keys = np.unique(_keys(np.frombuffer(data, _WORDS)))

    @classmethod
    def of(cls, ids: Iterable[bytes]) -> TraceIds:
        """Raises ValueError for an id of another length than 16 bytes."""
        found = list(ids)
        if wrong := [one for one in found if len(one) != TRACE_ID_BYTES]:
            raise ValueError(f"{len(wrong[0])} bytes are no trace id")
        return cls(b"".join(found))

    @classmethod
    def of_column(cls, column: Any) -> TraceIds:
        """Of the rows of a column of type binary(16), those without a value left out."""
        return cls(_words(column.drop_null()).tobytes())

    def to_bytes(self) -> bytes:
        """What the constructor takes: the ids one behind the other, sorted."""
        return self._ids.tobytes()

    def mask(self, column: Any) -> Mask:
        """One truth a row of a column of type binary(16): whether its id is in the set, exactly. A null is not."""
        found = within(self.keys, keys_of(column))
        rows = np.flatnonzero(found)  # mostly few: the exact test compares bytes, which takes twice as long
        found[rows] = within(self._ids, _words(column).view(_IDS)[rows])
        if column.null_count:
            found &= column.is_valid().to_numpy(zero_copy_only=False)
        return found

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[bytes]:
        data = self.to_bytes()
        return (data[at : at + TRACE_ID_BYTES] for at in range(0, len(data), TRACE_ID_BYTES))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TraceIds) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        return f"TraceIds({len(self)} ids)"


def keys_of(column: Any) -> Keys:
    """The key of each row of a column of type binary(16). Files hold keys: another way to make them is another version of the file."""
    return _keys(_words(column))


def within(held: Any, wanted: Any) -> Mask:
    """One truth for each of `wanted`: whether `held`, which is sorted, has it."""
    if not len(held):
        return np.zeros(len(wanted), bool)
    at = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    found: Mask = held[at] == wanted
    return found


def _keys(words: Any) -> Keys:
    """Both halves go through a multiplication and a shift, so that ids which count up, or repeat a half, still have keys of their own."""
    mixed: Keys = words[0::2] * _ODD[0]
    mixed ^= mixed >> _SHIFT
    mixed += words[1::2]
    mixed *= _ODD[1]
    mixed ^= mixed >> _SHIFT
    return mixed


def _words(column: Any) -> Any:
    """Two 64-bit words a row, as the bytes lie in memory."""
    assert column.type == pa.binary(TRACE_ID_BYTES), column.type
    data = column.buffers()[1]
    if not len(column):
        return np.empty(0, _WORDS)
    return np.frombuffer(data, _WORDS, 2 * len(column), column.offset * TRACE_ID_BYTES)
