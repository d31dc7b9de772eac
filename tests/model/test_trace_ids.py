from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.trace_ids import TraceIds, keys_of

IDS = st.one_of(
    st.binary(min_size=16, max_size=16),
    st.integers(0, 300).map(lambda number: number.to_bytes(16)),
    st.integers(0, 300).map(lambda number: number.to_bytes(16, "little")),
    st.tuples(st.sampled_from([b"\0" * 8, b"x" * 8]), st.binary(min_size=8, max_size=8)).map(b"".join),
)


def column_of(ids: Sequence[bytes | None]) -> pa.Array:
    return pa.array(ids, pa.binary(16))


@given(st.lists(IDS), st.lists(st.none() | IDS), st.data())
def test_it_is_a_set_of_ids(ids: list[bytes], others: list[bytes | None], data: st.DataObject) -> None:
    rows = data.draw(st.permutations([*ids, *others]))
    cut = data.draw(st.integers(0, len(rows)))
    traces = TraceIds.of(ids)
    assert list(traces) == sorted(set(ids))
    assert len(traces) == len(set(ids))
    assert traces.mask(column_of(rows).slice(cut)).tolist() == [one in set(ids) for one in rows[cut:]]


@given(st.lists(st.none() | IDS))
def test_it_travels_as_bytes_and_is_made_of_columns(ids: list[bytes | None]) -> None:
    traces = TraceIds.of_column(column_of(ids))
    assert traces == TraceIds.of(one for one in ids if one is not None) == TraceIds(traces.to_bytes())
    assert hash(traces) == hash(TraceIds(traces.to_bytes()))


@given(st.lists(IDS, min_size=1))
def test_keys_are_sorted_and_those_of_the_rows(ids: list[bytes]) -> None:
    assert TraceIds.of(ids).keys.tolist() == sorted(set(keys_of(column_of(ids)).tolist()))


@pytest.mark.parametrize(
    "ids",
    [
        [number.to_bytes(16) for number in range(100_000)],
        [number.to_bytes(16, "little") for number in range(100_000)],
        [number.to_bytes(8) + other.to_bytes(8) for number in range(300) for other in range(300)],
        [number.to_bytes(8, "little") * 2 for number in range(100_000)],
    ],
)
def test_ids_that_count_up_have_keys_of_their_own(ids: list[bytes]) -> None:
    assert len(TraceIds.of(ids).keys) == len(ids)


@given(st.lists(IDS))
def test_keys_are_those_that_the_page_about_blocks_defines(ids: list[bytes]) -> None:
    def key(one: bytes) -> int:
        first, second = int.from_bytes(one[:8], "little"), int.from_bytes(one[8:], "little")
        mixed = first * 0x9E3779B97F4A7C15 % 2**64
        mixed = (mixed ^ mixed >> 32) + second
        mixed = mixed * 0xBF58476D1CE4E5B9 % 2**64
        return mixed ^ mixed >> 32

    assert keys_of(column_of(ids)).tolist() == [key(one) for one in ids]


def test_ids_of_another_length_are_refused() -> None:
    for wrong in (b"", b"x" * 8, b"x" * 17):
        with pytest.raises(ValueError, match="no trace id"):
            TraceIds.of([wrong])
    with pytest.raises(ValueError, match="no trace ids"):
        TraceIds(b"x" * 24)


def test_a_trace_whose_key_is_shared_by_another_id_is_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgtm.model.trace_ids._keys", lambda words: np.zeros(len(words) // 2, np.uint64))
    assert TraceIds.of([b"a" * 16, b"b" * 16]).mask(column_of([b"b" * 16, b"c" * 16, b"a" * 16])).tolist() == [True, False, True]
