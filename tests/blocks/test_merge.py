from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks import union
from lgtm.blocks.merge import dedupe_mask, merge_rows, sort_and_dedupe
from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.series import Series
from lgtm.model.signal import REST
from lgtm.model.tenant import Tenant
from support.rows import Entry, batch_of, entries_of, entry

NAMES = ("a", "b", "c", "d")
PAIRS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", "x", "y"]), max_size=3)


@st.composite
def batches(draw: st.DrawFn) -> list[Batch]:
    """Small values, so that copies are common; in each batch a name travels either as a column or in rest."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        in_rest = draw(st.sets(st.sampled_from(NAMES)))
        rows = []
        for _ in range(draw(st.integers(0, 6))):
            pairs = draw(PAIRS)
            columns = {n: v for n, v in pairs.items() if n not in in_rest}
            rest = {n: v for n, v in pairs.items() if n in in_rest}
            rows.append(entry(draw(st.sampled_from("zyx")), draw(st.integers(-2, 2)), draw(st.sampled_from(["", "one", "two"])), rest, **columns))
        found.append(batch_of(rows))
    return found


def in_order(batches: list[Batch]) -> list[Entry]:
    return [Entry(e.labels, e.ts, e.line, e.metadata) for e in entries_of(batches)]


@given(batches(), st.sampled_from([1, 2, 1_000]))
def test_merging_keeps_every_row_in_order_of_arrival_whatever_the_cap_on_columns(batches: list[Batch], cap: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(union, "DYNAMIC_COLUMNS_MAX", cap)
        merged = merge_rows(batches)
    assert [e.identity for e in entries_of(merged)] == [e.identity for e in in_order(batches)]
    if len(batches) > 1:
        assert len({s.fingerprint for s in merged.series}) == len(merged.series)
        assert sum(name.startswith("meta.") for name in merged.rows.schema.names) <= cap


@given(batches())
def test_a_row_survives_iff_it_is_the_first_of_its_record(batches: list[Batch]) -> None:
    merged = merge_rows(batches)
    seen = set()
    expected = []
    for e in entries_of(merged):
        expected.append(e.identity not in seen)
        seen.add(e.identity)
    assert dedupe_mask(merged).tolist() == expected


@given(batches())
def test_sorting_orders_by_label_set_then_time_and_keeps_each_record_once(batches: list[Batch]) -> None:
    rows = sort_and_dedupe(merge_rows(batches))
    distinct = {e.identity: e for e in in_order(batches)}
    assert [e.identity for e in entries_of(rows)] == sorted(distinct, key=lambda identity: identity[:2])
    assert [s.labels for s in rows.series] == sorted({e.labels for e in in_order(batches)})


@given(batches())
def test_sorting_twice_changes_nothing_more(batches: list[Batch]) -> None:
    once = sort_and_dedupe(merge_rows(batches))
    assert sort_and_dedupe(once).rows.equals(once.rows)


def test_many_rows_of_one_moment_are_compared_by_content() -> None:
    rows = [entry("api", 7, f"line {n % 5_000}") for n in range(100_000)]
    assert len(sort_and_dedupe(batch_of(rows))) == 5_000


def test_rows_that_differ_only_in_a_pair_of_rest_are_two_records() -> None:
    rows = batch_of([entry("api", 1, "x", {"k": "1"}), entry("api", 1, "x", {"k": "2"}), entry("api", 1, "x"), entry("api", 1, "x", {"k": "2"})])
    assert dedupe_mask(rows).tolist() == [True, True, True, False]


def test_a_null_and_an_empty_value_are_two_records() -> None:
    assert dedupe_mask(batch_of([entry("api", 1, "x", k=""), entry("api", 1, "x")])).tolist() == [True, True]


def test_the_rarest_names_go_to_rest() -> None:
    common = [entry("api", n, "x", None, **{f"common{c}": "1" for c in range(1_000)}) for n in range(2)]
    rare = [entry("api", 5, "x", rare="1")]
    merged = merge_rows([batch_of(rare), batch_of(common)])
    assert "meta.rare" not in merged.rows.schema.names
    assert merged.rows.column(REST).to_pylist() == [[("meta.rare", "1")], None, None]


def test_slices_with_rest_keep_their_own_pairs() -> None:
    whole = batch_of([entry("api", n, "x", {"k": str(n)} if n % 2 else {}) for n in range(6)])
    part = Batch(whole.signal, whole.tenant, whole.series, whole.rows.slice(2, 3))
    assert [e.metadata for e in entries_of(merge_rows([part, part]))] == [{}, {"k": "3"}, {}] * 2


def test_labels_known_to_one_batch_serve_all() -> None:
    known = batch_of([entry("api", 1, "x")])
    labels = labels_of({"app": "api"})
    nameless = Batch(known.signal, known.tenant, (Series(Series.of(labels).fingerprint, None),), known.rows)
    assert merge_rows([nameless, known]).series == (Series.of(labels),)


def test_projected_batches_merge_without_the_columns_they_lack() -> None:
    rows = batch_of([entry("api", 1, "x")])
    keys = Batch(rows.signal, rows.tenant, rows.series, rows.rows.select(["series", "ts"]))
    assert merge_rows([keys, keys]).rows.schema.names == ["series", "ts"]


def test_dictionary_encoded_columns_merge_with_plain_ones() -> None:
    plain = batch_of([entry("api", 1, "x", level="info")])
    position = plain.rows.schema.get_field_index("meta.level")
    encoded = plain.rows.set_column(position, "meta.level", pa.array(["warn"]).dictionary_encode())
    merged = merge_rows([plain, Batch(plain.signal, plain.tenant, plain.series, encoded)])
    assert [e.metadata for e in entries_of(merged)] == [{"level": "info"}, {"level": "warn"}]


def test_batches_of_two_tenants_never_merge() -> None:
    with pytest.raises(ValueError, match="tenants"):
        merge_rows([batch_of([]), batch_of([], tenant=Tenant("other"))])
    with pytest.raises(ValueError, match="no batches"):
        merge_rows([])
