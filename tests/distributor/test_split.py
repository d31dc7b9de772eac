from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.fake_ingesters import FakeIngester
from distributor.pushes import TENANT, entries_of, rows_of
from lgtm.distributor.ingesters import Ingester
from lgtm.distributor.split import PART_BYTES_MAX, SHARDS, bounded, parts_worth, split, split_by_trace, trace_shards
from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.series import Series
from lgtm.model.signal import LOGS
from support.spans import span, spans_batch, spans_of

SERIES = tuple(Series.of((("app", str(number)),)) for number in range(5))
PAIRS = ["ab", "ac", "ba", "bc", "ca", "cb"]
LABELS = [series.labels or () for series in SERIES]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.tuples(st.integers(0, 9), st.text(max_size=2))), min_size=5, max_size=20),
    st.lists(st.sampled_from(["ab", "ba", "a", "bc"]), min_size=5, max_size=5),
)
def test_every_row_goes_to_the_owners_of_its_series(rows: list[tuple[int, tuple[int, str]]], owned: list[str]) -> None:
    rows += [(number, (0, "x")) for number in range(5)]
    batch = Batch(LOGS, TENANT, SERIES, rows_of(rows))
    ingesters = {name: FakeIngester(name) for name in "abc"}
    owners = {s.fingerprint: tuple[Ingester, ...](ingesters[name] for name in names) for s, names in zip(SERIES, owned, strict=True)}
    parts = {"".join(owner.id for owner in found): part for found, part in split(batch, owners.__getitem__)}
    assert set(parts) == set(owned)
    for names, part in parts.items():
        part.rows.validate(full=True)
        expected = entries_of(LABELS, rows_of([(number, entry) for number, entry in rows if owned[number] == names]))
        assert entries_of([s.labels or () for s in part.series], part.rows) == expected
        assert len(part.series) == owned.count(names)


def test_a_batch_with_one_set_of_owners_stays_as_it_is() -> None:
    batch = Batch(LOGS, TENANT, SERIES, rows_of([(number, (1, "x")) for number in range(5)]))
    owner = FakeIngester()
    ((found, part),) = split(batch, lambda key: (owner,))
    assert found == (owner,)
    assert part is batch


@given(
    st.lists(st.tuples(st.integers(0, 4), st.tuples(st.integers(0, 9), st.text(max_size=2))), min_size=5, max_size=20),
    st.lists(st.sampled_from(["ab", "ba", "ac", "bc", "ca"]), min_size=5, max_size=5),
    st.integers(1, 5),
    st.integers(0, 20),
)
def test_a_small_batch_is_cut_into_few_parts_and_no_row_is_left_out(
    rows: list[tuple[int, tuple[int, str]]], owned: list[str], parts_max: int, turn: int
) -> None:
    rows += [(number, (0, "x")) for number in range(5)]
    batch = Batch(LOGS, TENANT, SERIES, rows_of(rows))
    ingesters = {name: FakeIngester(name) for name in "abc"}
    owners = {s.fingerprint: tuple[Ingester, ...](ingesters[name] for name in names) for s, names in zip(SERIES, owned, strict=True)}
    parts = list(split(batch, owners.__getitem__, parts_max=parts_max, turn=turn))
    assert len(parts) == min(parts_max, len(set(owned)))
    assert {"".join(owner.id for owner in found) for found, _ in parts} <= set(owned)
    stored = [entry for _, part in parts for entry in entries_of([s.labels or () for s in part.series], part.rows)]
    assert sorted(map(repr, stored)) == sorted(map(repr, entries_of(LABELS, batch.rows)))


def test_parts_are_as_many_as_their_size_is_worth() -> None:
    small = Batch(LOGS, TENANT, SERIES, rows_of([(0, (1, "x"))]))
    large = Batch(LOGS, TENANT, SERIES, rows_of([(0, (1, "x" * 3_500_000))]))
    assert (parts_worth(small), parts_worth(large)) == (1, 3)


def test_what_owners_raises_passes() -> None:
    def nobody(key: bytes) -> tuple[Ingester, ...]:
        raise Unavailable("empty ring")

    with pytest.raises(Unavailable, match="empty ring"):
        list(split(Batch(LOGS, TENANT, SERIES, rows_of([(0, (1, "x"))])), nobody))


def test_a_batch_too_large_for_a_frame_is_cut_into_pieces_that_hold_every_row_once_in_order() -> None:
    lines = [f"{i:06d}" + "x" * 4_000 for i in range(5_000)]
    series = tuple(Series.of((("app", str(i)),)) for i in range(10))
    rows = pa.record_batch(
        {"series": pa.array([i % 10 for i in range(5_000)], pa.uint32()), "ts": pa.array(range(5_000), pa.int64()), "line": pa.array(lines)}
    )

    pieces = list(bounded(Batch(LOGS, TENANT, series, rows)))

    assert all(piece.rows.nbytes <= PART_BYTES_MAX for piece in pieces)
    assert [line for piece in pieces for line in piece.rows.column("line").to_pylist()] == lines
    found = [piece.series[n].labels for piece in pieces for n in piece.rows.column("series").to_pylist()]
    assert found == [series[i % 10].labels for i in range(5_000)]


@given(
    st.lists(st.tuples(st.integers(1, 2**128 - 1), st.sampled_from("abc")), min_size=1, max_size=40),
    st.lists(st.sampled_from(PAIRS), min_size=64, max_size=64),
)
def test_spans_of_a_trace_share_a_primary_and_none_is_left_out(given_spans: list[tuple[int, str]], lists: list[str]) -> None:
    ingesters = {name: FakeIngester(name) for name in "abc"}
    dealt = iter(lists)
    batch = spans_batch([span(service, number, trace, number + 1) for number, (trace, service) in enumerate(given_spans)])
    parts = list(split_by_trace(batch, lambda _: tuple[Ingester, ...](ingesters[name] for name in next(dealt))))
    primaries = [found[0].id for found, _ in parts]
    assert len(primaries) == len(set(primaries))
    traces = [set(part.rows.column("trace_id").to_pylist()) for _, part in parts]
    assert sum(map(len, traces)) == len({trace for trace, _ in given_spans})
    for _, part in parts:
        part.rows.validate(full=True)
        assert set(part.rows.column("series").to_pylist()) == set(range(len(part.series)))
    stored = [one.record for _, part in parts for one in spans_of(part)]
    assert sorted(map(repr, stored)) == sorted(repr(one.record) for one in spans_of(batch))


def test_shards_are_spread_evenly_whether_ids_are_random_or_counted() -> None:
    chance = random.Random(7)
    for ids in ([number.to_bytes(16, "big") for number in range(6_400)], [chance.randbytes(16) for _ in range(6_400)]):
        counts = np.bincount(trace_shards(pa.array(ids, pa.binary(16))), minlength=SHARDS)
        assert counts.min() > 50
        assert counts.max() < 150
    sliced = pa.array([b"a" * 16, b"b" * 16], pa.binary(16)).slice(1)
    assert trace_shards(sliced).tolist() == trace_shards(pa.array([b"b" * 16], pa.binary(16))).tolist()
