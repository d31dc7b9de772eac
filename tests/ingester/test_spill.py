"""Second copies in the object store: what was answered is there, in one piece, with its labels."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import ManualClock
from lgtm.errors import Corruption
from lgtm.ingester.spill import Spill, SpillFailed, decode_spill, encode_spill
from lgtm.model.part import Part
from lgtm.storage.memory import MemoryStore
from support.faultystore import Fault, FaultyStore
from support.parts import lines_of, part


async def lines_in(store: MemoryStore) -> list[str]:
    found = []
    async for info in store.list("spill/"):
        found += [line for one in decode_spill(await store.get(info.key)) for line in lines_of([one.batch])]
    return found


def spill_into(store: FaultyStore | MemoryStore, clock: ManualClock | None = None) -> Spill:
    return Spill(store, "a1", clock or ManualClock(), timeout_s=5)


async def test_parts_that_come_while_an_object_is_under_way_share_the_next_one() -> None:
    store = MemoryStore()
    spill = spill_into(store)
    await asyncio.gather(*(spill.add(7, part(number, [f"line {number}"])) for number in range(20)))
    assert sorted(await lines_in(store)) == sorted(f"line {number}" for number in range(20))
    assert len([info async for info in store.list("spill/a1/7/")]) <= 2


async def test_objects_of_a_generation_go_once_it_is_stored() -> None:
    store = MemoryStore()
    spill = spill_into(store)
    await spill.add(7, part(1, ["a"]))
    await spill.add(8, part(2, ["b"]))
    await spill.drop(7)
    assert await lines_in(store) == ["b"]


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.LOSE_ANSWER])
async def test_a_store_that_does_not_answer_is_no_second_home(fault: Fault) -> None:
    spill = spill_into(FaultyStore(MemoryStore(), [fault]))
    with pytest.raises(SpillFailed):
        await spill.add(7, part(1, ["a"]))
    await spill.add(7, part(2, ["b"]))


async def test_a_store_that_hangs_is_not_waited_for_longer_than_the_timeout() -> None:
    clock = ManualClock()
    spill = spill_into(FaultyStore(MemoryStore(), [Fault.SLOW], clock=clock), clock)
    adding = asyncio.ensure_future(spill.add(7, part(1, ["a"])))
    while not clock._sleepers:  # noqa: ASYNC110 # encoding happens on a thread
        await asyncio.sleep(0)
    await clock.advance(6)
    with pytest.raises(SpillFailed, match="within 5 s"):
        await adding


@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=3), min_size=1, max_size=4), st.data())
def test_an_object_that_was_cut_gives_the_parts_before_the_damage(groups: list[list[str]], data: st.DataObject) -> None:
    parts = [part(number, lines) for number, lines in enumerate(groups)]
    encoded = encode_spill(parts)
    cut = data.draw(st.integers(1, len(encoded)))
    found: list[Part] = []
    whole = True
    try:
        for one in decode_spill(encoded[:-cut]):
            found.append(one)  # noqa: PERF402 # what came before the damage counts
    except Corruption:
        whole = False
    assert [each.id for each in found] == [each.id for each in parts[: len(found)]]
    assert whole == (encode_spill(found) == encoded[:-cut])
