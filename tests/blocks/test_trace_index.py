"""An index never leaves out a row group that has a row of a trace, and says of few others that they may."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks.layout import TRACES_FILE, DamagedBlock
from lgtm.blocks.trace_index import TraceIndex, TraceIndexBuilder, decode_trace_index, open_trace_index
from lgtm.blocks.writer import WrittenBlock
from lgtm.model.trace_ids import TraceIds
from support.blocks import DAY_START_NS, written_spans
from support.spans import span

Groups = list[list[int]]
"""Numbers of the traces in each row group."""
TRACES = st.integers(0, 40)


def ids(numbers: list[int] | set[int]) -> TraceIds:
    return TraceIds.of(number.to_bytes(16) for number in numbers)


def built(groups: Groups) -> bytes:
    builder = TraceIndexBuilder()
    for group in groups:
        builder.add(pa.array([number.to_bytes(16) for number in group], pa.binary(16)))
    return builder.finish()


def index_of(groups: Groups) -> TraceIndex:
    return decode_trace_index(built(groups))


@given(st.lists(st.lists(TRACES, min_size=1), max_size=32), st.sets(TRACES))
def test_row_groups_are_those_that_have_a_row_of_the_traces(groups: Groups, wanted: set[int]) -> None:
    index = index_of(groups)
    expected = [number for number, group in enumerate(groups) if wanted & set(group)]
    assert index.row_groups(ids(wanted)).tolist() == expected
    assert index.may_hold(ids(wanted)) == bool(expected)
    assert len(index) == len({number for group in groups for number in group})


@given(st.integers(33, 200), st.data())
def test_with_more_than_32_row_groups_neighbours_share_a_bit(count: int, data: st.DataObject) -> None:
    groups = [[number] for number in range(count)]
    wanted = data.draw(st.integers(0, count - 1))
    found = index_of(groups).row_groups(ids([wanted])).tolist()
    shared = -(-count // 32)
    first = wanted // shared * shared
    assert found == list(range(first, min(first + shared, count)))


@pytest.mark.parametrize(("group_count", "nbytes"), [(1, 9), (8, 9), (9, 10), (16, 10), (17, 12), (500, 12)])
def test_a_trace_takes_12_bytes_at_most(group_count: int, nbytes: int) -> None:
    groups = [list(range(1_000))] * group_count
    assert len(built(groups)) == 32 + 1_000 * nbytes


def header(**changes: int | bytes) -> bytes:
    fields = {"magic": b"lgtm.tid", "version": 1, "groups": 1, "per_bit": 1, "mask": 1, "traces": 2} | changes
    return struct.pack("<8sIIIIQ", *fields.values())


KEYS = struct.pack("<QQ", 4, 7) + b"\1\1"


def test_the_bytes_are_those_that_the_page_about_blocks_draws() -> None:
    assert decode_trace_index(header() + KEYS).keys.tolist() == [4, 7]
    assert built([[1]])[:32] == header(traces=1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        header()[:-1],
        header() + KEYS[:-1],
        header() + KEYS + b"\0",
        header(magic=b"lgtm.wal") + KEYS,
        header(version=2) + KEYS,
        header(groups=40) + KEYS,
        header(per_bit=0) + KEYS,
        header(per_bit=2) + KEYS,
        header(mask=0) + KEYS,
        header(mask=2) + KEYS,
        header(traces=1) + KEYS,
        header(traces=2**63) + KEYS,
        header() + struct.pack("<QQ", 7, 4) + b"\1\1",
        header() + struct.pack("<QQ", 7, 7) + b"\1\1",
    ],
)
def test_what_is_no_index_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_trace_index(data)


@pytest.fixture
def block(tmp_path: Path) -> WrittenBlock:
    spans = [span("shop", DAY_START_NS + number, number % 30, number) for number in range(100)]
    return written_spans(spans, tmp_path)


@pytest.mark.parametrize("kind", [Path, bytes])
def test_the_file_of_a_block_is_its_index(block: WrittenBlock, kind: type) -> None:
    path = block.files[TRACES_FILE]
    index = open_trace_index(path if kind is Path else path.read_bytes(), block.meta)
    assert (len(index), index.group_count) == (30, 1)
    path.unlink()
    assert index.may_hold(ids([29]))
    assert not index.may_hold(ids([30]))


Damage = Callable[[bytes, random.Random], bytes]


def flipped_bit(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def extended(data: bytes, rng: random.Random) -> bytes:
    return data + rng.randbytes(rng.randrange(1, 9))


@pytest.mark.parametrize("damage", [flipped_bit, cut, extended])
def test_damage_anywhere_in_the_file_is_found(block: WrittenBlock, damage: Damage) -> None:
    path, rng = block.files[TRACES_FILE], random.Random(3)
    whole = path.read_bytes()
    for _ in range(40):
        path.write_bytes(damage(whole, rng))
        with pytest.raises(DamagedBlock, match=TRACES_FILE):
            open_trace_index(path, block.meta)
    path.unlink()
    with pytest.raises(DamagedBlock, match=TRACES_FILE):
        open_trace_index(path, block.meta)


def test_the_index_of_another_block_is_refused(block: WrittenBlock) -> None:
    file = replace(block.meta.files[TRACES_FILE], xxh3="0" * 32)
    with pytest.raises(DamagedBlock, match="checksum"):
        open_trace_index(block.files[TRACES_FILE], replace(block.meta, files=block.meta.files | {TRACES_FILE: file}))
