"""Deleting a block: first it is marked, and everybody stops seeing it; its objects go when no query can be reading them any more."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from lgtm.blocks.layout import META_FILE, TOMBSTONE_FILE, DamagedBlock
from lgtm.storage.objects import AlreadyExists, ObjectNotFound, ObjectStore


@dataclass(slots=True, frozen=True)
class Tombstone:
    deleted_ns: int
    reason: str
    """For people: `compacted into …`, `retention`, `request`."""

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, data: bytes, *, name: str) -> Tombstone:
        """Raises DamagedBlock."""
        try:
            fields = orjson.loads(data)
            if type(fields["deleted_ns"]) is not int:
                raise TypeError("deleted_ns is no integer")
            return cls(fields["deleted_ns"], str(fields["reason"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedBlock(name, str(error)) from error


async def delete_block(store: ObjectStore, block_path: str, *, now_ns: int, reason: str) -> None:
    """Marks the block; it disappears from catalogues at their next poll. Marking twice keeps the first mark."""
    try:
        await store.put(f"{block_path}/{TOMBSTONE_FILE}", Tombstone(now_ns, reason).to_json(), if_absent=True)
    except AlreadyExists:
        return


async def erase_block(store: ObjectStore, block_path: str, *, now_ns: int, delay_ns: int) -> bool:
    """Removes the block's objects when its mark is at least delay_ns old; whether it did. An interrupted one is finished by calling it again.

    The mark goes last: until then every remaining object is known to be rubbish. Raises DamagedBlock for a mark that cannot be read.
    """
    mark = f"{block_path}/{TOMBSTONE_FILE}"
    try:
        tombstone = Tombstone.from_json(await store.get(mark), name=mark)
    except ObjectNotFound:
        return False
    if now_ns - tombstone.deleted_ns < delay_ns:
        return False
    keys = [info.key async for info in store.list(f"{block_path}/")]
    for key in sorted(keys, key=lambda key: (key == mark, key.endswith(f"/{META_FILE}"), key)):
        await store.delete(key)
    return True
