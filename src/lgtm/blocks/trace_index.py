"""`traces.index`: for each trace of a block the row groups that it reaches into, so that a look-up by id reads nothing else, and of most
blocks no row.

Rows lie by series and time, so a trace is spread over its block. The file has two columns of fixed width, for it is mapped and not decoded: keys of
the ids (`model/trace_ids.py`), sorted, and for each key a mask with a bit for each row group, or for each few neighbours when there are more than 32.
Lists of row groups would be exact for large blocks and twice as long; the price of a bit for five groups is the `trace_id` column of four more.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lgtm.blocks.checked import Source, check_file, damage
from lgtm.blocks.layout import TRACES_FILE
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.series_table import Ints
from lgtm.model.spans import Mask
from lgtm.model.trace_ids import Keys, TraceIds, keys_of, within

MAGIC = b"lgtm.tid"
VERSION = 1
BITS_MAX = 32
_HEADER = struct.Struct("<8sIIIIQ")
"""Magic, version, row groups, row groups a bit, bytes a mask, traces."""
_KEYS = np.dtype("<u8")


@dataclass(slots=True, frozen=True, eq=False)
class TraceIndex:
    """keys: sorted, distinct. masks: one a key, bit n for the row groups from n * groups_per_bit on. Both may lie in a mapped file."""

    group_count: int
    groups_per_bit: int
    keys: Keys
    masks: Any

    def __len__(self) -> int:
        """How many traces the block has; less by those that share a key."""
        return len(self.keys)

    def may_hold(self, traces: TraceIds) -> bool:
        """Whether the block may have rows of any of these traces. False is certain."""
        return len(self._places(traces)) > 0

    def row_groups(self, traces: TraceIds) -> Ints:
        """Numbers of the row groups that may have rows of any of these traces, rising. All others have none."""
        bits = int(np.bitwise_or.reduce(self.masks[self._places(traces)], initial=0))
        groups = np.arange(self.group_count)
        return np.flatnonzero(bits >> groups // self.groups_per_bit & 1)

    def _places(self, traces: TraceIds) -> Ints:
        """Where keys of the traces are, or others like them: the shorter side is looked for in the longer one."""
        if len(self) < len(traces.keys):
            return np.flatnonzero(within(traces.keys, self.keys))
        return np.searchsorted(self.keys, traces.keys[within(self.keys, traces.keys)])


class TraceIndexBuilder:
    """Takes the ids of one row group after another. Holds 8 bytes a trace and row group, four times as much while it finishes."""

    def __init__(self) -> None:
        self._keys: list[Keys] = []

    def add(self, ids: Any) -> None:
        """ids: the `trace_id` column of the next row group."""
        self._keys.append(np.unique(keys_of(ids)))

    def finish(self) -> bytes:
        """The file."""
        group_count = len(self._keys)
        groups_per_bit = max(1, -(-group_count // BITS_MAX))
        mask = _mask_type(-(-group_count // groups_per_bit))
        numbers = np.repeat((np.arange(group_count) // groups_per_bit).astype(mask), [len(keys) for keys in self._keys])
        keys = np.concatenate([np.empty(0, _KEYS), *self._keys])
        order = np.argsort(keys)
        keys, bits = keys[order], np.left_shift(mask.type(1), numbers[order])
        starts = np.flatnonzero(_differs_from_the_one_before(keys))
        masks = np.bitwise_or.reduceat(bits, starts) if len(starts) else bits
        header = _HEADER.pack(MAGIC, VERSION, group_count, groups_per_bit, mask.itemsize, len(starts))
        return header + keys[starts].astype(_KEYS).tobytes() + masks.astype(mask).tobytes()


def open_trace_index(source: Source, meta: BlockMeta) -> TraceIndex:
    """Maps the file, whose digest is compared. Raises DamagedBlock when it is not what the meta says.

    A disk that fails under a mapped file ends the process. In memory instead, the indexes of all blocks that a search has met would have no bound.
    """
    with damage(meta.key_of(TRACES_FILE)):
        data = memoryview(source) if isinstance(source, bytes) else _mapped(source)
        check_file(data, meta, TRACES_FILE, verify=True)
        return decode_trace_index(data)


def decode_trace_index(data: bytes | memoryview) -> TraceIndex:
    """Raises ValueError for anything that the builder does not write."""
    if len(data) < _HEADER.size:
        raise ValueError(f"{len(data)} bytes")
    magic, version, group_count, groups_per_bit, mask_bytes, trace_count = _HEADER.unpack_from(data)
    if (magic, version) != (MAGIC, VERSION):
        raise ValueError(f"{magic!r} version {version} is not {MAGIC!r} version {VERSION}, which this program reads")
    if groups_per_bit != max(1, -(-group_count // BITS_MAX)) or mask_bytes != _mask_type(-(-group_count // groups_per_bit)).itemsize:
        raise ValueError(f"{group_count} row groups do not make {groups_per_bit} a bit in {mask_bytes} bytes")
    if len(data) != _HEADER.size + trace_count * (_KEYS.itemsize + mask_bytes):
        raise ValueError(f"{len(data)} bytes are not those of {trace_count} traces")
    keys: Keys = np.frombuffer(data, _KEYS, trace_count, _HEADER.size)
    if not (keys[1:] > keys[:-1]).all():
        raise ValueError("keys do not rise")
    return TraceIndex(group_count, groups_per_bit, keys, np.frombuffer(data, f"<u{mask_bytes}", trace_count, _HEADER.size + keys.nbytes))


def _mask_type(bits: int) -> Any:
    return np.dtype("<u1" if bits <= 8 else "<u2" if bits <= 16 else "<u4")


def _differs_from_the_one_before(keys: Keys) -> Mask:
    return np.concatenate([np.ones(min(1, len(keys)), bool), keys[1:] != keys[:-1]])


def _mapped(path: Path) -> memoryview:
    """Arrow lets go of the file and keeps what it mapped as long as somebody uses it; a mapping of Python's holds a descriptor all the time."""
    with pa.memory_map(str(path)) as file:
        return memoryview(file.read_buffer())
