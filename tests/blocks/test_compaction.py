from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks.compaction import compact_blocks
from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.layout import ROWS_FILE
from lgtm.blocks.lineage import compacted_identity
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.writer import WrittenBlock
from lgtm.model.signal import VALUE
from support.blocks import DAY_START_NS, day_of_entries, identity, open_block, written, written_samples
from support.rows import Entry, entries_of, entry
from support.samples import NS_PER_MS, metric

UP, DAY_START_MS = metric("up"), DAY_START_NS // NS_PER_MS
SMALL_GROUPS = WriteOptions(row_group_rows=7)


def compacted(readers: Sequence[BlockReader], directory: Path, *, chunk_bytes: int = 1 << 20) -> WrittenBlock:
    directory.mkdir(parents=True)
    of = compacted_identity([reader.meta for reader in readers])
    return compact_blocks(readers, of, directory, created_ns=9, options=SMALL_GROUPS, chunk_bytes=chunk_bytes)


def rows_of(block: WrittenBlock) -> list[Entry]:
    return [one for batch in open_block(block).read() for one in entries_of(batch)]


def blocks_of(parts: Sequence[Sequence[Entry]], directory: Path) -> list[BlockReader]:
    return [
        open_block(written(entries, directory / str(at), of=identity(generation=at + 1), options=SMALL_GROUPS)) for at, entries in enumerate(parts)
    ]


Identity = tuple[object, ...]


def identities(entries: Sequence[Entry]) -> list[Identity]:
    return [one.identity for one in entries]


def _entry(app: str, ns: int, line: str, names: set[str]) -> Entry:
    return entry(app, DAY_START_NS + ns, line, None, **dict.fromkeys(names, line))


ENTRIES = st.builds(
    _entry,
    st.sampled_from(["api", "db", "web"]),
    st.integers(0, 9),
    st.sampled_from(["a", "b"]),
    st.sets(st.sampled_from(["x", "y", "z"])),
)


@given(parts=st.lists(st.lists(ENTRIES, min_size=1, max_size=30), min_size=1, max_size=4), chunk_bytes=st.sampled_from([1, 200, 1 << 20]))
def test_a_compacted_block_holds_each_record_of_its_sources_once_and_in_order(
    parts: list[list[Entry]], chunk_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("blocks")
    readers = blocks_of(parts, directory)
    block = compacted(readers, directory / "out", chunk_bytes=chunk_bytes)
    wanted = [one for part in parts for one in part]
    assert sorted(identities(rows_of(block))) == sorted(set(identities(wanted)))
    stored = pq.read_table(block.files[ROWS_FILE], columns=["series", "ts"]).to_pylist()
    assert stored == sorted(stored, key=lambda row: (row["series"], row["ts"]))


def test_the_order_in_which_blocks_are_given_changes_nothing(tmp_path: Path) -> None:
    entries = day_of_entries(60)
    readers = blocks_of([entries[:40], entries[20:]], tmp_path)
    one, other = compacted(readers, tmp_path / "x"), compacted(readers[::-1], tmp_path / "y")
    assert one.meta == other.meta


def test_of_samples_of_one_time_the_one_flushed_first_stays_also_when_it_was_compacted_later(tmp_path: Path) -> None:
    first, second, third = (open_block(written_samples([(UP, DAY_START_MS, float(at))], tmp_path / str(at), generation=at)) for at in (1, 2, 3))
    earlier = open_block(compacted([third, first], tmp_path / "earlier"))
    assert earlier.meta.created_ns > second.meta.created_ns
    block = compacted([second, earlier], tmp_path / "all")
    assert [batch.rows.column(VALUE).to_pylist() for batch in open_block(block).read()] == [[1.0]]
    assert block.meta.flushed_ns == 1


def test_the_size_of_chunks_changes_no_content(tmp_path: Path) -> None:
    entries = day_of_entries(200)
    readers = blocks_of([entries[:120], entries[80:]], tmp_path)
    one, other = compacted(readers, tmp_path / "x"), compacted(readers, tmp_path / "y", chunk_bytes=300)
    assert one.meta.same_content(other.meta)
    assert sorted(identities(rows_of(one))) == sorted(identities(rows_of(other)))
    assert one.meta.row_count == 200


def test_statistics_are_those_of_a_block_that_was_flushed_with_the_same_rows(tmp_path: Path) -> None:
    entries = day_of_entries(60)
    meta = compacted(blocks_of([entries[:40], entries[20:]], tmp_path), tmp_path / "out").meta
    flushed = written(entries, tmp_path / "flushed").meta
    for name in ("row_count", "series_count", "min_ns", "max_ns", "line_bytes", "metadata_bytes", "label_names", "dynamic_columns", "has_rest"):
        assert getattr(meta, name) == getattr(flushed, name), name


def test_names_beyond_the_cap_go_to_rest_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("lgtm.blocks.union", "lgtm.blocks.compaction"):
        monkeypatch.setattr(f"{module}.DYNAMIC_COLUMNS_MAX", 3)
    first = [entry("web", DAY_START_NS + n, f"l{n}", None, **{f"k{n % 5}": "v", "often": "w"}) for n in range(20)]
    second = [entry("api", DAY_START_NS + n, f"l{n}", None, **{f"k{n % 2}": "u", "seldom": "x"} if n == 3 else {"k1": "z"}) for n in range(20)]
    readers = blocks_of([first, second], tmp_path)
    block = compacted(readers, tmp_path / "out", chunk_bytes=100)
    assert block.meta.has_rest
    assert len(block.meta.dynamic_columns) == 3
    assert sorted(identities(rows_of(block))) == sorted(identities(first + second))
