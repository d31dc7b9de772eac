"""Second copies of a node that is gone come back through any other node, and go once they are in blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.ingester.adopt import Adoption, adopt
from lgtm.ingester.spill import encode_spill
from lgtm.model.part import Part, PartId
from lgtm.storage.memory import MemoryStore
from support.parts import lines_of, part


@dataclass
class Node:
    store: MemoryStore = field(default_factory=MemoryStore)
    gone: set[str] = field(default_factory=set)
    stored: set[PartId] = field(default_factory=set)
    log: dict[PartId, Part] = field(default_factory=dict)

    async def append(self, part: Part) -> None:
        self.log[part.id] = part

    async def round(self) -> Adoption:
        return await adopt(
            self.store, is_gone=lambda wal_id, _: wal_id in self.gone, is_stored=lambda part: part.id in self.stored, append=self.append
        )

    async def keys(self) -> list[str]:
        return [info.key async for info in self.store.list("spill/")]


async def spilled() -> Node:
    node = Node()
    await node.store.put("spill/a1/7/x", encode_spill([part(1, ["a"]), part(2, ["b"])]))
    return node


async def test_what_a_living_node_spilled_is_left_alone() -> None:
    node = await spilled()
    assert (await node.round()).wal_ids == {"a1"}
    assert node.log == {}


async def test_what_a_gone_node_spilled_is_appended_here_and_deleted_once_it_is_in_blocks() -> None:
    node = await spilled()
    node.gone.add("a1")
    assert (await node.round()).adopted_parts == 2
    assert lines_of(each.batch for each in node.log.values()) == ["a", "b"]
    assert await node.keys() == ["spill/a1/7/x"], "until it is in a block the object is a home"

    node.stored.add(part(1, []).id)
    node.log.clear()
    await node.round()
    assert lines_of(each.batch for each in node.log.values()) == ["b"]

    node.stored.add(part(2, []).id)
    assert (await node.round()).deleted_objects == 1
    assert await node.keys() == []
    assert (await node.round()).wal_ids == set()


async def test_a_damaged_object_gives_what_came_before_the_damage_and_is_kept() -> None:
    node = await spilled()
    node.gone.add("a1")
    data = bytearray(await node.store.get("spill/a1/7/x"))
    data[-5] ^= 1
    await node.store.put("spill/a1/7/x", bytes(data))
    done = await node.round()
    assert (done.damaged_objects, done.adopted_parts, done.wal_ids) == (1, 1, {"a1"})
    assert await node.keys() == ["spill/a1/7/x"]
