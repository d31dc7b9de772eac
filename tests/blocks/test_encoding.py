from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.layout import ROWS_FILE
from lgtm.blocks.writer import WrittenBlock
from lgtm.model.signal import SAMPLES
from support.blocks import DAY_START_NS, day_of_entries, identity, written
from support.rows import entry
from support.samples import metric, samples_batch


@pytest.fixture
def block(tmp_path: Path) -> WrittenBlock:
    return written(day_of_entries(), tmp_path)


def sql(query: str, block: WrittenBlock) -> list[Any]:
    return list(duckdb.sql(query.format(rows=f"'{block.files[ROWS_FILE]}'")).fetchall())


def test_pages_have_checksums_statistics_and_an_index(block: WrittenBlock) -> None:
    group = pq.read_metadata(block.files[ROWS_FILE]).row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    assert {name for name, column in columns.items() if column.is_stats_set} == {"series", "ts", "time", "meta.trace"}
    assert all(column.has_column_index and column.has_offset_index for name, column in columns.items() if name != "line")


def test_a_file_names_its_block_and_order(block: WrittenBlock) -> None:
    footer = pq.read_metadata(block.files[ROWS_FILE])
    assert footer.metadata[b"lgtm.block_id"].decode() == block.meta.block_id
    assert [(c.column_index, c.descending) for c in footer.row_group(0).sorting_columns] == [(0, False), (1, False)]


def test_other_engines_prune_varied_columns_by_bloom_filter(tmp_path: Path) -> None:
    rows = [entry("api", DAY_START_NS + n, "x", trace=f"{n:032x}", level="info") for n in range(2_000)]
    block = written(rows, tmp_path, options=WriteOptions(row_group_rows=500))
    absent = "f" * 16 + "0" * 16
    probes = sql(f"select bloom_filter_excludes from parquet_bloom_probe({{rows}}, 'meta.trace', '{absent}')", block)
    assert probes == [(True,)] * 4
    assert sql("select bloom_filter_excludes from parquet_bloom_probe({rows}, 'meta.level', 'none')", block) == [(False,)] * 4


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("select count(*), count(distinct series), min(ts) from {rows}", [(40, 3, DAY_START_NS)]),
        ("""select "meta.trace" from {rows} where line = 'line 7'""", [("t7",)]),
        (
            "select typeof(series), typeof(ts), typeof(time), typeof(line) from {rows} limit 1",
            [("UINTEGER", "BIGINT", "TIMESTAMP WITH TIME ZONE", "VARCHAR")],
        ),
        ("select bool_and(epoch_us(time) = ts // 1000) from {rows}", [(True,)]),
    ],
)
def test_duckdb_reads_a_block_as_a_plain_table(block: WrittenBlock, query: str, answer: list[Any]) -> None:
    assert sql(query, block) == answer


@pytest.mark.parametrize(
    ("values", "has_dictionary"),
    [([float(n * n) for n in range(20_000)], False), (random.Random(7).choices([0.0, 1.0, 2.0, 3.0, 4.0], k=20_000), True)],
    ids=["a counter", "a gauge of few values"],
)
def test_values_of_samples_have_a_dictionary_where_it_makes_them_smaller(tmp_path: Path, values: list[float], has_dictionary: bool) -> None:
    batch = samples_batch([(metric("m"), DAY_START_NS // 10**6 + n, value) for n, value in enumerate(values)])
    block = written([batch], tmp_path, of=identity(signal=SAMPLES))
    group = pq.read_metadata(block.files[ROWS_FILE]).row_group(0)
    (column,) = [group.column(at) for at in range(group.num_columns) if group.column(at).path_in_schema == "value"]
    assert column.has_dictionary_page == has_dictionary
    assert pq.read_table(block.files[ROWS_FILE]).column("value").to_pylist() == values
