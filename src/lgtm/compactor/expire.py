"""What may go: blocks past their retention, and objects that belong to no block. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lgtm.blocks.layout import META_FILE, TOMBSTONE_FILE, block_path, parse_key
from lgtm.blocks.meta import BlockMeta
from lgtm.storage.objects import ObjectInfo


def expired(blocks: Iterable[BlockMeta], now_ns: int, retention_ns: int) -> list[BlockMeta]:
    """Blocks all of whose rows are older than the retention; 0 keeps them for ever."""
    return [block for block in blocks if retention_ns and block.max_ns < now_ns - retention_ns]


def orphans(objects: Iterable[ObjectInfo], now_ns: int, age_ns: int) -> list[str]:
    """Keys of data files older than age_ns whose block has neither a meta nor a mark: the flush or merge that put them was never completed.

    A try that is still going on puts its files anew before it completes, so erasing them costs it nothing but time.
    """
    complete: set[str] = set()
    old: list[tuple[str, str]] = []
    for info in objects:
        parsed = parse_key(info.key)
        if parsed is None:
            continue
        path = block_path(parsed.signal, parsed.tenant, parsed.date, parsed.block_id)
        if parsed.file in (META_FILE, TOMBSTONE_FILE):
            complete.add(path)
        elif now_ns - info.modified_ns >= age_ns:
            old.append((path, info.key))
    return [key for path, key in old if path not in complete]
