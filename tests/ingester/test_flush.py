"""A generation becomes one block for each tenant and date, with names that repeat when it is done again."""

from __future__ import annotations

from pathlib import Path

from lgtm.blocks.layout import ROWS_FILE, SERIES_FILE
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.writer import WrittenBlock
from lgtm.ingester.flush import write_blocks
from lgtm.ingester.generation import Generation
from lgtm.model.limits import DAY_NS
from lgtm.model.part import Part, PartId
from lgtm.model.signal import LOGS
from lgtm.model.tenant import Tenant
from support.parts import WRITER, batch, lines_of, part


def written(generation: Generation, directory: Path) -> list[WrittenBlock]:
    return list(write_blocks(generation, 9, directory, created_ns=1))


def lines_in(block: WrittenBlock) -> list[str]:
    return lines_of(BlockReader(block.files[ROWS_FILE], block.files[SERIES_FILE], block.meta).read())


def test_every_tenant_and_date_gets_a_block_and_no_row_is_left_out(tmp_path: Path) -> None:
    generation = Generation("a1", 7, 0)
    generation.add(part(1, ["day 0", "day 1"], ts=[5, DAY_NS + 5]))
    generation.add(Part(PartId(WRITER, 1, 2), ("a",), batch(["other"], ts=[6], tenant=Tenant("other"))))
    blocks = written(generation, tmp_path)
    found = {(str(block.meta.tenant), block.meta.identity.date): lines_in(block) for block in blocks}
    assert found == {("t", "1970-01-01"): ["day 0"], ("t", "1970-01-02"): ["day 1"], ("other", "1970-01-01"): ["other"]}


def test_the_meta_says_which_segments_and_parts_it_holds(tmp_path: Path) -> None:
    generation = Generation("a1", 7, 0)
    for number in (1, 2, 4):
        generation.add(part(number, ["x"]))
    ((meta),) = [block.meta for block in written(generation, tmp_path)]
    identity = meta.identity
    assert (identity.wal_id, identity.first_segment, identity.last_segment) == ("a1", 7, 9)
    assert [(interval.first, interval.last) for interval in identity.parts] == [(1, 2), (4, 4)]
    assert identity.siblings == (meta.block_id,)


def test_a_record_that_came_twice_is_written_once_in_order_of_time(tmp_path: Path) -> None:
    generation = Generation("a1", 7, 0)
    generation.add(part(1, ["late", "early"], ts=[20, 10]))
    generation.add(part(2, ["late"], ts=[20]))
    (block,) = written(generation, tmp_path)
    assert lines_in(block) == ["early", "late"]


def test_done_again_it_makes_the_same_blocks(tmp_path: Path) -> None:
    generation = Generation("a1", 7, 0)
    generation.add(part(1, ["x", "y"], ts=[5, DAY_NS + 5]))
    assert [block.meta for block in written(generation, tmp_path / "1")] == [block.meta for block in written(generation, tmp_path / "2")]


def test_a_head_without_rows_makes_no_block(tmp_path: Path) -> None:
    generation = Generation("a1", 7, 0)
    generation.head(Tenant("empty"), LOGS)
    assert written(generation, tmp_path) == []
