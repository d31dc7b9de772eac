"""Second copies whose node does not come back are adopted: any node appends their parts to its own log, and they take the usual way into a block.

    spilled object ── its node lives ──▶ left alone: it has the rows itself
                   ── all its parts are in visible blocks ──▶ deleted
                   ── else ──▶ its parts are appended here; a later round finds them in blocks and deletes the object

A node treats what it spilled itself in an earlier life likewise, once the rows are not in its memory: they are in blocks, or its log was damaged.
Two nodes that adopt the same object do no harm, for a part keeps its id.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lgtm.errors import Corruption
from lgtm.ingester.spill import PREFIX, decode_spill, generation_of, wal_id_of
from lgtm.model.part import Part
from lgtm.storage.objects import ObjectNotFound, ObjectStore
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

Append = Callable[[Part], Awaitable[object]]
"""Returns once the part is on this node's synced log; a part that it has already is acknowledged again."""


@dataclass(slots=True)
class Adoption:
    """wal_ids: of nodes with spilled objects that are still there."""

    wal_ids: set[str] = field(default_factory=set)
    adopted_parts: int = 0
    deleted_objects: int = 0
    damaged_objects: int = 0


async def adopt(
    store: ObjectStore,
    *,
    is_gone: Callable[[str, int], bool],
    is_stored: Callable[[Part], bool],
    append: Append,
) -> Adoption:
    """One round over all spilled objects. is_gone: whether the node with a wal_id will not bring a generation of it into blocks itself.
    Raises Unavailable."""
    done = Adoption()
    async for info in store.list(f"{PREFIX}/"):
        wal_id = wal_id_of(info.key)
        if not is_gone(wal_id, generation_of(info.key)):
            done.wal_ids.add(wal_id)
        elif await _adopt_one(store, info.key, is_stored, append, done):
            done.deleted_objects += 1
        else:
            done.wal_ids.add(wal_id)
    return done


async def take_back(store: ObjectStore, wal_id: str, *, is_stored: Callable[[Part], bool], append: Append) -> Adoption:
    """What a log with this id spilled in earlier lives comes back into it where it is in no block: its own copy may have been damaged since. A part
    that is there is acknowledged again, no more. Raises Unavailable."""
    done = Adoption()
    async for info in store.list(f"{PREFIX}/{wal_id}/"):
        done.deleted_objects += await _adopt_one(store, info.key, is_stored, append, done)
    return done


async def _adopt_one(store: ObjectStore, key: str, is_stored: Callable[[Part], bool], append: Append, done: Adoption) -> bool:
    """Whether the object was not needed any more."""
    is_needed = False
    try:
        for part in decode_spill(await store.get(key)):
            if not is_stored(part):
                await append(part)
                done.adopted_parts += 1
                is_needed = True
    except ObjectNotFound:
        return False
    except Corruption as error:
        # What came before the damage was adopted; the rest may be on the node's own disk. It is kept for an operator.
        done.damaged_objects += 1
        event(logger, logging.ERROR, "a spilled object is damaged", key=key, error=str(error))
        return False
    if is_needed:
        event(logger, logging.WARNING, "adopted the second copies of a node that is gone", key=key)
        return False
    await store.delete(key)
    return True
