from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lgtm.blocks.lineage import compacted_identity, flushed_identities, stored_parts
from lgtm.blocks.meta import BlockIdentity, BlockMeta, PartInterval
from lgtm.model.signal import LOGS
from lgtm.model.tenant import Tenant
from support.blocks import day_of_entries, identity, written

PART = PartInterval(b"w" * 16, 1, 0, 9)


def of_two_dates(generation: int = 1, wal_id: str = "a1") -> list[BlockIdentity]:
    return flushed_identities(
        LOGS, Tenant("t"), ["2024-10-04", "2024-10-03"], wal_id=wal_id, first_segment=generation, last_segment=generation, parts=[PART]
    )


@pytest.fixture
def meta(tmp_path: Path) -> BlockMeta:
    return written(day_of_entries(), tmp_path).meta


def block(meta: BlockMeta, identity: BlockIdentity) -> BlockMeta:
    return replace(meta, identity=identity)


def test_a_repeated_flush_has_the_same_names() -> None:
    assert of_two_dates() == of_two_dates()


def test_ids_differ_wherever_the_origin_does() -> None:
    found = [i.block_id for g, w in ((1, "a1"), (2, "a1"), (1, "a2")) for i in of_two_dates(g, w)]
    found += [identity(tenant=Tenant("x")).block_id, identity(tenant=Tenant("y")).block_id]
    assert len(set(found)) == len(found)


def test_parts_count_as_stored_once_all_dates_of_their_generation_are(meta: BlockMeta) -> None:
    first, second = (block(meta, i) for i in of_two_dates())
    assert stored_parts([first]) == set()
    assert stored_parts([first, second]) == {PART}


def test_parts_stay_stored_when_a_sibling_is_compacted(meta: BlockMeta) -> None:
    first, second = (block(meta, i) for i in of_two_dates())
    compacted = block(meta, compacted_identity([first]))
    assert stored_parts([compacted]) == set()
    assert stored_parts([compacted, second]) == {PART}
    twice = block(meta, compacted_identity([compacted]))
    assert stored_parts([twice, second]) == {PART}


def test_a_compacted_block_names_what_it_replaces(meta: BlockMeta) -> None:
    metas = [block(meta, identity(generation=g)) for g in (1, 2)]
    compacted = compacted_identity(metas)
    assert compacted == compacted_identity(metas[::-1])
    assert set(compacted.sources) == {m.block_id for m in metas}
    assert compacted.level == 1
    assert compacted.parts == (PartInterval(b"w" * 16, 1, 100, 299),), "neighbouring intervals are one"


def test_blocks_of_two_places_are_never_compacted_together(meta: BlockMeta) -> None:
    with pytest.raises(ValueError, match="one tenant"):
        compacted_identity([block(meta, i) for i in of_two_dates()])
    with pytest.raises(ValueError, match="one tenant"):
        compacted_identity([])
