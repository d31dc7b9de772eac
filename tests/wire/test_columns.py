"""Pairs become columns: dense ones, sparse ones, and the rest beyond the cap."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, LOGS, REST, REST_TYPE
from lgtm.wire import columns
from lgtm.wire.bounds import MetadataTooLarge
from lgtm.wire.columns import MetadataColumns, Pairs, record_batch

MIB = 1024 * 1024
Triples = list[tuple[int, str, str]]
"""(row, name, value)."""


def pairs_of(triples: Triples) -> Pairs:
    keys = sorted({name for _, name, _ in triples})
    return Pairs(
        np.array([row for row, _, _ in triples], np.int64),
        np.array([keys.index(name) for _, name, _ in triples], np.int64),
        np.arange(len(triples)),
        keys,
        pa.array([value for _, _, value in triples], pa.string()),
    )


def batch_of(rows: int, *layers: Triples, first_wins: bool = False) -> pa.RecordBatch:
    metadata = MetadataColumns(bytes_max=MIB, first_wins=first_wins)
    for layer in layers:
        metadata.add(pairs_of(layer))
    return record_batch(np.zeros(rows, np.int64), np.arange(rows), pa.array([""] * rows, pa.string()), metadata)


def metadata_of(batch: pa.RecordBatch) -> list[dict[str, str]]:
    return [
        {name: value for name, value in row.items() if name.startswith("meta.") and value is not None} | dict(row.get(REST) or ())
        for row in batch.to_pylist()
    ]


triples = st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abcde"), st.text("xy\ufffd", max_size=3)), max_size=40)


@pytest.mark.parametrize("columns_max", [2, 100])
@given(layers=st.lists(triples, max_size=3), first_wins=st.booleans())
def test_columns_hold_what_a_dict_for_each_row_would(layers: list[Triples], first_wins: bool, columns_max: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "DYNAMIC_COLUMNS_MAX", columns_max)
        batch = batch_of(10, *layers, first_wins=first_wins)
    expected: list[dict[str, str]] = [{} for _ in range(10)]
    flat = [triple for layer in layers for triple in layer]
    for row, name, value in reversed(flat) if first_wins else flat:
        if value:
            expected[row][f"meta.{name}"] = value.replace("\ufffd", " ")
    assert metadata_of(batch) == expected
    batch.validate(full=True)
    dynamic = [name for name in batch.schema.names if name.startswith("meta.")]
    assert dynamic == sorted(dynamic)
    assert len(dynamic) <= columns_max


def test_the_layout_is_that_of_a_batch_of_logs() -> None:
    batch = batch_of(2, [(0, "b", "1"), (1, "a", "2")])
    assert batch.schema == pa.schema([*LOGS.columns, pa.field("meta.a", pa.string()), pa.field("meta.b", pa.string())])
    assert batch_of(0).schema == LOGS.columns


def test_the_rarest_names_beyond_the_cap_go_to_rest() -> None:
    common = [(row, f"common_{i}", "x") for row in (0, 1) for i in range(DYNAMIC_COLUMNS_MAX)]
    batch = batch_of(3, [*common, (1, "rare", "y")])
    assert batch.num_columns == 3 + DYNAMIC_COLUMNS_MAX + 1
    assert batch.schema.field(REST).type == REST_TYPE
    assert batch.column(REST).to_pylist() == [None, [("meta.rare", "y")], None]


def test_many_sparse_columns_of_many_rows_go_to_rest_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CELLS_MAX", 20)
    batch = batch_of(10, [(row, "often", "x") for row in range(10)] + [(1, "a", "1"), (2, "b", "2")])
    assert batch.schema.names[3:] == ["meta.a", "meta.often", REST]
    assert metadata_of(batch)[2] == {"meta.often": "x", "meta.b": "2"}


def test_a_value_repeated_for_rows_is_counted_for_each_of_them() -> None:
    metadata = MetadataColumns(bytes_max=MIB)
    rows = np.arange(100_000)
    pool = pa.array(["a value that a resource says once"])
    with pytest.raises(MetadataTooLarge, match="needs more than 1048576 bytes"):
        metadata.add(Pairs(rows, np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64), ("name",), pool))


def test_pairs_may_be_announced_before_they_are_made() -> None:
    metadata = MetadataColumns(bytes_max=MIB)
    with pytest.raises(MetadataTooLarge):
        metadata.announce(10**6, 0)
