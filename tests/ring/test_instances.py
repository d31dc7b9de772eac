"""The ring's state is a maximum per instance: any order of any news ends in the same view."""

from __future__ import annotations

import contextlib
import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.instances import ENTRY_BYTES_MAX, Instance, InstanceState, MalformedEntry, merge, newer, purged
from lgtm.ring.tokens import tokens_of

entries = st.builds(
    Instance,
    id=st.sampled_from("abc"),
    version=st.integers(1, 5),
    state=st.sampled_from(InstanceState),
    rpc=st.sampled_from(["", "10.0.0.1:3101"]),
    zone=st.sampled_from(["", "z"]),
    tokens=st.sets(st.integers(0, 2**32 - 1), max_size=3).map(lambda found: tuple(sorted(found))),
    single_copy_rows=st.integers(0, 2),
)
views = st.lists(entries, max_size=6)


def merged(*news: list[Instance]) -> dict[str, Instance]:
    view: dict[str, Instance] = {}
    for each in news:
        view, _ = merge(view, each)
    return view


@given(views, views, views)
def test_order_and_repetition_of_news_do_not_matter(a: list[Instance], b: list[Instance], c: list[Instance]) -> None:
    views = [merged(*order) for order in itertools.permutations((a, b, c))]
    assert all(view == views[0] for view in views)
    assert merged(a, b, c, a, b) == views[0]
    assert merged(list(merged(a, b).values()), list(merged(b, c).values())) == views[0]


@given(views, views)
def test_what_changed_is_what_must_be_passed_on(mine: list[Instance], theirs: list[Instance]) -> None:
    before = merged(mine)
    after, changed = merge(before, theirs)
    assert merged(list(before.values()), changed) == after
    assert all(after[each.id] != before.get(each.id) for each in changed)
    assert merge(after, theirs)[1] == []


@given(entries)
def test_an_entry_reads_back(entry: Instance) -> None:
    assert Instance.from_bytes(entry.to_bytes()) == entry


def test_an_entry_with_all_its_tokens_fits_into_a_packet() -> None:
    entry = Instance("a" * 16, 2**60, rpc="10.123.123.123:12345", http="10.123.123.123:12345", wal_id="a" * 32, tokens=tokens_of("x"))
    assert len(entry.to_bytes()) < 1_150


def test_fields_of_newer_versions_are_left_out() -> None:
    fields = orjson.loads(Instance("a", 1).to_bytes())
    assert Instance.from_bytes(orjson.dumps({**fields, "colour": "blue"})) == Instance("a", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "x" * 129},
        {"id": 7},
        {"version": -1},
        {"version": "1"},
        {"version": True},
        {"state": "ASLEEP"},
        {"tokens": "AAA"},
        {"tokens": "AAAA"},
        {"tokens": 5},
        {"settled": "yes"},
        {"rpc": "x" * ENTRY_BYTES_MAX},
    ],
)
def test_what_is_no_entry_is_refused(change: dict[str, object]) -> None:
    fields = orjson.loads(Instance("a", 1).to_bytes())
    with pytest.raises(MalformedEntry):
        Instance.from_bytes(orjson.dumps({**fields, **change}))


@given(st.binary(max_size=40))
def test_any_bytes_are_an_entry_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedEntry):
        Instance.from_bytes(data)


def test_a_tombstone_wins_over_what_it_buries() -> None:
    entry = Instance("a", 10, InstanceState.ACTIVE, tokens=(1,), single_copy_rows=3)
    assert newer(entry, entry.forgotten(11)).state is InstanceState.LEFT
    assert entry.forgotten(11).tokens == ()


def test_tombstones_go_when_they_are_old_and_living_entries_never() -> None:
    day_ns = 24 * 3_600 * 10**9
    buried = Instance("a", 1).forgotten(2)
    living = Instance("b", 1)
    assert purged({"a": buried, "b": living}, now_ns=day_ns, tombstone_ns=day_ns + 1).keys() == {"a", "b"}
    assert purged({"a": buried, "b": living}, now_ns=day_ns, tombstone_ns=day_ns).keys() == {"b"}
