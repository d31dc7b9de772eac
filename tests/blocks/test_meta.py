from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from lgtm.blocks.layout import DATA_FILES, TRACES_FILE, DamagedBlock
from lgtm.blocks.meta import BlockMeta, PartInterval
from lgtm.model.part import PartId
from lgtm.model.window import Window
from support.blocks import DAY_START_NS, day_of_entries, without_index, written, written_spans
from support.spans import span


@pytest.fixture
def meta(tmp_path: Path) -> BlockMeta:
    return written(day_of_entries(), tmp_path).meta


def test_a_meta_reads_back_as_itself(meta: BlockMeta) -> None:
    for one in (meta, replace(meta, flushed_ns=5)):
        assert BlockMeta.from_json(one.to_json(), name="meta.json") == one


def test_blocks_are_ordered_by_their_first_flush(meta: BlockMeta) -> None:
    compacted = replace(meta, created_ns=9, flushed_ns=1)
    assert sorted([meta, compacted], key=lambda one: one.arrived) == [compacted, meta]


def test_a_block_of_spans_has_an_index_of_traces_or_is_older_than_them(tmp_path: Path) -> None:
    meta = written_spans([span("shop", DAY_START_NS, 1, 1)], tmp_path).meta
    assert set(meta.files) == {*DATA_FILES, TRACES_FILE}
    for one in (meta, without_index(meta)):
        assert BlockMeta.from_json(one.to_json(), name="meta.json") == one


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "edit",
    [
        lambda f: f.update(format_version=2),
        lambda f: f.update(format_version="1"),
        lambda f: f.pop("row_count"),
        lambda f: f.update(row_count=True),
        lambda f: f.update(row_count=1.5),
        lambda f: f.update(tenant="../escape"),
        lambda f: f.update(tenant=None),
        lambda f: f.update(signal="dreams"),
        lambda f: f.update(date="2024-10-05"),
        lambda f: f.update(date="yesterday"),
        lambda f: f.update(min_ns=f["max_ns"] + 1),
        lambda f: f.update(max_ns=2**63),
        lambda f: f.update(label_names="app"),
        lambda f: f.update(label_names=[1]),
        lambda f: f.update(has_rest="yes"),
        lambda f: f.update(parts={"nonsense": [[1, 2]]}),
        lambda f: f.update(parts={"00-1": [[1]]}),
        lambda f: f.update(parts=[]),
        lambda f: f.update(files={}),
        lambda f: f["files"]["rows.parquet"].update(path="../../secret"),
        lambda f: f["files"].update(more=f["files"]["rows.parquet"]),
        lambda f: f["files"].update({TRACES_FILE: f["files"]["rows.parquet"] | {"path": f"{f['attempt']}/{TRACES_FILE}"}}),
        lambda f: f.update(unknown=1),
    ],
)
def test_a_meta_that_we_did_not_write_is_refused(meta: BlockMeta, edit: Edit) -> None:
    fields = orjson.loads(meta.to_json())
    edit(fields)
    with pytest.raises(DamagedBlock, match=r"some/meta\.json"):
        BlockMeta.from_json(orjson.dumps(fields), name="some/meta.json")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"format_version": 1}'])
def test_what_is_no_meta_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedBlock):
        BlockMeta.from_json(data, name="meta.json")


def test_a_cut_meta_is_refused_at_every_length(meta: BlockMeta) -> None:
    whole = meta.to_json().rstrip()
    for length in range(len(whole)):
        with pytest.raises(DamagedBlock):
            BlockMeta.from_json(whole[:length], name="meta.json")


def test_a_flipped_bit_is_refused_or_changes_a_value_never_crashes(meta: BlockMeta) -> None:
    whole, rng = meta.to_json(), random.Random(5)
    for _ in range(300):
        at = rng.randrange(len(whole))
        damaged = whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]
        try:
            assert BlockMeta.from_json(damaged, name="meta.json") != meta or damaged.split() == whole.split()
        except DamagedBlock:
            continue


def test_equal_rows_written_at_another_time_are_the_same_content(meta: BlockMeta) -> None:
    assert meta.same_content(replace(meta, created_ns=99, attempt="0" * 16))
    assert not meta.same_content(replace(meta, row_count=1))


@pytest.mark.parametrize(
    ("part", "inside"),
    [
        (PartId(b"w" * 16, 1, 5), True),
        (PartId(b"w" * 16, 1, 9), True),
        (PartId(b"w" * 16, 1, 4), False),
        (PartId(b"w" * 16, 1, 10), False),
        (PartId(b"w" * 16, 2, 5), False),
        (PartId(b"x" * 16, 1, 5), False),
    ],
)
def test_an_interval_holds_both_its_ends(part: PartId, inside: bool) -> None:
    assert (part in PartInterval(b"w" * 16, 1, 5, 9)) is inside


def test_a_block_overlaps_a_window_that_holds_its_first_or_last_moment(meta: BlockMeta) -> None:
    assert meta.overlaps(Window(meta.max_ns, meta.max_ns + 1))
    assert meta.overlaps(Window(meta.min_ns, meta.min_ns + 1))
    assert not meta.overlaps(Window(meta.max_ns + 1, meta.max_ns + 2))
    assert not meta.overlaps(Window(meta.min_ns - 1, meta.min_ns))
