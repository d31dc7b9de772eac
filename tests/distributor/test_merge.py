from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.pushes import TENANT, Entry, entries_of, metadata_of, rows_of
from lgtm.distributor.merge import Accepted, cap_columns, merge
from lgtm.model.labels import Labels
from lgtm.model.series import Series
from lgtm.model.signal import LOGS, META, REST

SERIES = [Series.of((("app", name),)) for name in "abc"]


def labels_of(accepted: Accepted) -> list[Labels]:
    return [series.labels or () for series in accepted.series]


REQUEST = st.builds(
    lambda order, rows, in_rest: Accepted(
        tuple(SERIES[at] for at in order),
        tuple("xyz"[at] for at in order),
        rows_of([(series % len(order), entry) for series, entry in rows], rest_names=sorted(in_rest)),
    ),
    st.permutations(range(3)).flatmap(lambda order: st.integers(1, 3).map(lambda count: order[:count])),
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.tuples(st.integers(0, 9), st.text(max_size=3), st.dictionaries(st.sampled_from(["m1", "m2", "m3"]), st.text(min_size=1, max_size=2))),
        ),
        max_size=5,
    ),
    st.sets(st.sampled_from(["m1", "m2"])),
)


@given(st.lists(REQUEST, min_size=1, max_size=4))
def test_a_merged_batch_holds_what_the_requests_held_in_their_order(requests: list[Accepted]) -> None:
    merged = merge(LOGS, TENANT, requests)
    merged.rows.validate(full=True)
    assert entries_of(labels_of(merged), merged.rows) == [e for one in requests for e in entries_of(labels_of(one), one.rows)]
    levels = {series.fingerprint: level for one in requests for series, level in zip(one.series, one.levels, strict=True)}
    assert {s.fingerprint: level for s, level in zip(merged.series, merged.levels, strict=True)} == levels
    assert len(set(merged.series)) == len(merged.series)


def test_dynamic_columns_are_in_order_of_their_names_and_rest_comes_back_where_there_is_room() -> None:
    one = Accepted((SERIES[0],), ("",), rows_of([(0, (1, "x", {"b": "1", "r": "2"}))], rest_names=["r"]))
    other = Accepted((SERIES[0],), ("",), rows_of([(0, (1, "x", {"a": "1"}))]))
    assert merge(LOGS, TENANT, [one, other]).rows.schema.names == ["series", "ts", "line", "meta.a", "meta.b", "meta.r"]


@pytest.mark.parametrize(("most", "columns"), [(3, ["a", "b", "c"]), (2, ["a", "b"]), (1, ["b"]), (0, [])])
def test_the_rarest_columns_go_to_rest(most: int, columns: list[str]) -> None:
    entries: list[tuple[int, Entry]] = [(0, (1, "x", {"b": "1", "a": "2"})), (0, (2, "y", {"b": "3", "c": "4", "r": "5"})), (0, (3, "z"))]
    rows = rows_of(entries, rest_names=["r"])
    capped = cap_columns(rows, most)
    capped.validate(full=True)
    assert capped.schema.field("ts").equals(rows.schema.field("ts"))
    assert [name.removeprefix(META) for name in capped.schema.names if name.startswith(META)] == columns
    assert capped.schema.names[-1] == REST
    assert metadata_of(capped) == metadata_of(rows)


def test_requests_with_many_names_stay_below_the_cap_together() -> None:
    requests = [
        Accepted((SERIES[0],), ("",), rows_of([(0, (1, "x", {f"k{number}": "v" for number in range(start, start + 600)}))])) for start in (0, 600)
    ]
    merged = merge(LOGS, TENANT, requests).rows
    assert sum(name.startswith(META) for name in merged.schema.names) == 1_000
    assert [len(found) for found in metadata_of(merged)] == [600, 600]
    assert isinstance(merged.column(REST), pa.MapArray)
