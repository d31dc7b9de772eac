"""Arrays that are laid out together are those that Arrow would make one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire import arrays
from lgtm.wire.arrays import Lists, Pool, Run, dense, numbers
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.protobuf import Buffer

ROWS = 5
CELLS = {
    pa.string(): st.text(max_size=3),
    pa.binary(): st.binary(max_size=3),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
}


def column_of(kind: pa.DataType) -> st.SearchStrategy[pa.Array]:
    cells = st.lists(st.none() | CELLS[kind], min_size=ROWS, max_size=ROWS)
    return cells.map(lambda values: pa.array(values, kind)).filter(lambda column: column.null_count < ROWS)


columns_by_type = st.tuples(*(st.lists(column_of(kind), max_size=4) for kind in CELLS))


def run_of(columns: list[pa.Array]) -> tuple[Run, Pool | None, bytes]:
    values = [value.as_py() for column in columns for value in column.drop_null()]
    kind = columns[0].type
    if kind not in (pa.string(), pa.binary()):
        return Run(kind, len(columns), np.array(values)), None, b""
    raw = [value.encode() if isinstance(value, str) else value for value in values]
    ends = np.cumsum([0, *map(len, raw)])
    pool = Pool(kind)
    pool.add(np.array([0]), np.array([0]), str)
    return Run(kind, len(columns), pool.add(ends[:-1], ends[1:], str)), pool, b"".join(raw)


@given(columns_by_type, st.sampled_from([1, 7, 10_000]))
def test_sparse_columns_become_dense(by_type: tuple[list[pa.Array], ...], at_once: int) -> None:
    columns = [column for of_type in by_type for column in of_type]
    runs = []
    for of_type in by_type:
        if of_type:
            run, pool, raw = run_of(of_type)
            runs.append(run)
            if pool is not None:
                pool.read(Buffer(raw))
    at = [np.flatnonzero(column.is_valid()) for column in columns]
    bounds = np.cumsum([0, *map(len, at)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "CELLS_AT_ONCE", at_once)
        made = list(dense(runs, np.concatenate(at) if at else np.empty(0, np.int64), bounds, ROWS))
    assert made == columns
    for array in made:
        array.validate(full=True)


@given(st.lists(st.none() | st.integers(0, 9), max_size=20))
def test_numbers_are_null_where_they_are_not_given(values: list[int | None]) -> None:
    given_at = np.array([value is not None for value in values], np.bool_)
    assert numbers(np.array([value or 0 for value in values], np.int64), pa.int64(), given_at) == pa.array(values, pa.int64())


@given(st.lists(st.integers(0, 3), max_size=9))
def test_lists_have_their_lengths_and_null_for_none(lengths: list[int]) -> None:
    lists = Lists(np.array(lengths, np.int64))
    values = pa.array(range(sum(lengths)), pa.int64())
    ends = np.cumsum(lengths)
    expected = [list(range(end - length, end)) or None for length, end in zip(lengths, ends, strict=True)]
    assert lists.of(values).to_pylist() == expected


def test_texts_are_read_together_and_named_one_by_one() -> None:
    pool = Pool(pa.string())
    first, second = pool.add(np.array([0, 4]), np.array([4, 4]), lambda i: f"a {i}"), pool.add(np.array([4]), np.array([6]), lambda i: f"b {i}")
    pool.read(Buffer("abcd\u00fc".encode()))
    assert (first.array(empty_is_null=True).to_pylist(), second.array().to_pylist()) == (["abcd", None], ["\u00fc"])
    damaged = Pool(pa.string())
    damaged.add(np.array([0]), np.array([1]), lambda i: f"a {i}")
    damaged.add(np.array([1, 2]), np.array([2, 3]), lambda i: f"b {i}")
    with pytest.raises(MalformedBody, match="b 1 is not valid UTF-8 at byte 0"):
        damaged.read(Buffer(b"ab\xff"))
