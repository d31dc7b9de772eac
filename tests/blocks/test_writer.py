from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.layout import ROWS_FILE, SERIES_FILE
from lgtm.blocks.union import RowUnion
from lgtm.blocks.writer import BlockWriter, dates_of, write_block
from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.limits import DAY_NS
from lgtm.model.series import Series
from support.blocks import DATE, DAY_START_NS, day_of_entries, identity, open_block, written
from support.rows import Entry, batch_of, entries_of, entry

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=4)
ENTRIES = st.builds(
    Entry,
    labels=st.dictionaries(st.sampled_from(["app", "env"]), st.sampled_from(["", "a", "ü"])).map(labels_of),
    ts=st.integers(DAY_START_NS, DAY_START_NS + 3) | st.integers(DAY_START_NS, DAY_START_NS + DAY_NS - 1),
    line=TEXT,
    metadata=st.dictionaries(TEXT, TEXT, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.lists(ENTRIES, min_size=1, max_size=8), min_size=1, max_size=3), st.integers(1, 5))
def test_what_is_read_is_what_was_given_sorted_each_record_once(tmp_path: Path, batches: list[list[Entry]], row_group_rows: int) -> None:
    block = written([batch_of(rows) for rows in batches], tmp_path, options=WriteOptions(row_group_rows=row_group_rows))
    distinct = {e.identity for rows in batches for e in rows}
    found = entries_of(list(open_block(block).read()))
    assert {e.identity for e in found} == distinct
    assert len(found) == len(distinct) == block.meta.row_count
    assert entries_of(list(open_block(block).read())) == found
    in_file = pq.read_table(block.files[ROWS_FILE]).select(["series", "ts"]).to_pylist()
    assert [(row["series"], row["ts"]) for row in in_file] == sorted((row["series"], row["ts"]) for row in in_file)


def test_the_same_rows_make_the_same_bytes_and_attempt(tmp_path: Path) -> None:
    first, second = written(day_of_entries(), tmp_path / "1"), written(day_of_entries(), tmp_path / "2")
    assert first.meta == second.meta
    assert first.files[ROWS_FILE].read_bytes() == second.files[ROWS_FILE].read_bytes()


def test_the_meta_counts_what_the_block_holds(tmp_path: Path) -> None:
    meta = written([entry("api", DAY_START_NS, "wörld", trace="abc"), entry("web", DAY_START_NS + 5, "x", {"odd": "1"})], tmp_path).meta
    assert (meta.row_count, meta.series_count, meta.min_ns, meta.max_ns) == (2, 2, DAY_START_NS, DAY_START_NS + 5)
    assert (meta.line_bytes, meta.metadata_bytes) == (len("wörld".encode()) + 1, len("abc") + len("1"))
    assert (meta.label_names, meta.dynamic_columns, meta.has_rest) == (("app",), ("meta.odd", "meta.trace"), False)


def test_sizes_and_digests_in_the_meta_are_those_of_the_files(tmp_path: Path) -> None:
    block = written(day_of_entries(), tmp_path)
    for name, path in block.files.items():
        data = path.read_bytes()
        assert (block.meta.files[name].nbytes, block.meta.files[name].sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_rows_of_several_dates_make_a_block_a_date(tmp_path: Path) -> None:
    rows = [
        entry("api", DAY_START_NS - 1, "old", only_old="1"),
        entry("web", DAY_START_NS, "new"),
        entry("api", DAY_START_NS - 1, "old", only_old="1"),
    ]
    batches = [batch_of(rows)]
    assert dates_of(batches) == ("2024-10-03", DATE)
    union = RowUnion(batches)
    found = {}
    for date in dates_of(batches):
        (tmp_path / date).mkdir()
        block = write_block(union, identity(date), tmp_path / date, created_ns=7)
        found[date] = [e.line for e in entries_of(list(open_block(block).read()))], block.meta.dynamic_columns, block.meta.series_count
    assert found == {"2024-10-03": (["old"], ("meta.only_old",), 1), DATE: (["new"], (), 1)}


@pytest.mark.parametrize("ts", [-(2**63), -1, 0, 2**63 - 1])
def test_any_time_that_64_bits_hold_is_stored(tmp_path: Path, ts: int) -> None:
    assert [e.ts for e in entries_of(list(open_block(written([entry("api", ts, "x")], tmp_path)).read()))] == [ts]


@pytest.mark.parametrize(
    ("options", "groups"),
    [
        (WriteOptions(), 1),
        (WriteOptions(row_group_rows=10), 4),
        (WriteOptions(row_group_bytes=50), 8),  # 347 bytes of lines and traces
        (WriteOptions(row_group_bytes=1), 40),  # never less than a row
    ],
)
def test_row_groups_are_bounded_in_rows_and_in_bytes(tmp_path: Path, options: WriteOptions, groups: int) -> None:
    block = written(day_of_entries(), tmp_path, options=options)
    assert pq.read_metadata(block.files[ROWS_FILE]).num_row_groups == groups
    assert len(entries_of(list(open_block(block).read()))) == 40


def encodings(path: Path) -> dict[str, Any]:
    group = pq.read_metadata(path).row_group(0)
    return {group.column(at).path_in_schema: set(group.column(at).encodings) for at in range(group.num_columns)}


def test_repeating_columns_get_a_dictionary_and_varied_ones_do_not(tmp_path: Path) -> None:
    rows = [entry("api", DAY_START_NS + n, f"line {n}", level="info", trace=f"{n:032x}") for n in range(100)]
    found = encodings(written(rows, tmp_path).files[ROWS_FILE])
    assert "RLE_DICTIONARY" in found["meta.level"]
    assert "DELTA_LENGTH_BYTE_ARRAY" in found["line"] & found["meta.trace"]
    assert "DELTA_BINARY_PACKED" in found["ts"] & found["time"]


def test_the_microsecond_column_rounds_down_also_before_1970(tmp_path: Path) -> None:
    block = written([entry("api", -1, "x")], tmp_path)
    assert pq.read_table(block.files[ROWS_FILE]).column("time").cast(pa.int64()).to_pylist() == [-1]


def test_no_row_of_the_date_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no row has the date"):
        write_block([batch_of([entry("api", 0, "x")])], identity(), tmp_path, created_ns=7)


def test_a_series_without_labels_cannot_be_stored(tmp_path: Path) -> None:
    rows = batch_of([entry("api", DAY_START_NS, "x")])
    nameless = Batch(rows.signal, rows.tenant, (Series(rows.series[0].fingerprint, None),), rows.rows)
    with pytest.raises(ValueError, match="labels"):
        written([nameless], tmp_path)


def test_a_series_without_rows_cannot_be_stored(tmp_path: Path) -> None:
    rows = batch_of([entry("api", DAY_START_NS, "x")])
    writer = BlockWriter(identity(), [*rows.series, Series.of(())], rows.rows.schema, tmp_path, WriteOptions())
    writer.append(rows.rows)
    with pytest.raises(ValueError, match="each series"):
        writer.finish(created_ns=7)


def test_statistics_of_series_add_up_over_row_groups(tmp_path: Path) -> None:
    table = open_block(written(day_of_entries(), tmp_path, options=WriteOptions(row_group_rows=7))).table
    assert [s.labels for s in table.all] == [(("app", "api"),), (("app", "db"),), (("app", "web"),)]
    assert table.row_count.tolist() == [13, 13, 14]
    assert table.first_row.tolist() == [0, 13, 26]
    assert (table.min_ns - DAY_START_NS).tolist() == [1_000_000_000, 2_000_000_000, 0]
    assert (table.max_ns - DAY_START_NS).tolist() == [37_000_000_000, 38_000_000_000, 39_000_000_000]
    assert SERIES_FILE in written(day_of_entries(), tmp_path).files
