"""Matching against a dumb pairing of every sample with every other, one step at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import Labels, labels_of
from lgtm.promql.errors import EvaluationError
from lgtm.promql.times import Times
from promql.memory import Memory
from promql.notation import Sample

STEPS = Times(0, 180_000, 60_000)
LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2)
SIDE = st.dictionaries(
    LABELS.map(labels_of), st.dictionaries(st.sampled_from(STEPS.steps_ms.tolist()), st.integers(0, 3).map(float), min_size=1), max_size=4
)
Side = dict[Labels, dict[int, float]]
_LOOKBACK_MS = 1_000


def evaluated(query: str, left: Side, right: Side) -> dict[Labels, dict[int, float]]:
    memory = Memory()
    for name, side in (("l", left), ("r", right)):
        memory.add({labels_of([*labels, ("__name__", name)]): [Sample(ts, held[ts]) for ts in sorted(held)] for labels, held in side.items()})
    # One second of lookback, so that each step sees its own samples only.
    result = memory.query(query.replace("l ", "last_over_time(l[1s]) ").replace(" r", " last_over_time(r[1s])"), STEPS)
    return {labels: dict(zip(floats.ts_ms.tolist(), floats.values.tolist(), strict=True)) for labels, floats, _ in result.series()}


def at_steps(side: Side) -> Iterator[tuple[int, dict[Labels, float]]]:
    for ts in STEPS.steps_ms.tolist():
        yield ts, {labels: held[ts] for labels, held in side.items() if ts in held}


@given(SIDE, SIDE)
def test_sums_of_all_pairs_with_equal_labels(left: Side, right: Side) -> None:
    wanted: dict[Labels, dict[int, float]] = {}
    for (ts, ours), (_, theirs) in zip(at_steps(left), at_steps(right), strict=True):
        for labels in ours.keys() & theirs.keys():
            wanted.setdefault(labels, {})[ts] = ours[labels] + theirs[labels]
    assert evaluated("l + r", left, right) == wanted


@given(SIDE, SIDE)
def test_many_to_one_copies_the_labels_of_the_one_side(left: Side, right: Side) -> None:
    wanted: dict[Labels, dict[int, float]] = {}
    unique = True
    for (ts, ours), (_, theirs) in zip(at_steps(left), at_steps(right), strict=True):
        by_key: dict[str, tuple[Labels, float]] = {}
        for labels, value in theirs.items():
            key = dict(labels).get("a", "")
            unique &= key not in by_key or not ours
            by_key[key] = labels, value
        seen: set[Labels] = set()
        for labels, value in ours.items():
            if (found := by_key.get(dict(labels).get("a", ""))) is not None:
                result = labels_of({**dict(labels), "b": dict(found[0]).get("b", "")})
                unique &= result not in seen
                seen.add(result)
                wanted.setdefault(result, {})[ts] = value - found[1]
    if unique:
        assert evaluated("l - on (a) group_left (b) r", left, right) == wanted
    else:
        with pytest.raises(EvaluationError, match="match"):
            evaluated("l - on (a) group_left (b) r", left, right)


@pytest.mark.parametrize("op", ["and", "or", "unless"])
@given(SIDE, SIDE)
def test_sets_keep_the_left_side_whole(op: str, left: Side, right: Side) -> None:
    wanted: dict[tuple[str, Labels], dict[int, float]] = {}
    for (ts, ours), (_, theirs) in zip(at_steps(left), at_steps(right), strict=True):
        left_keys, right_keys = ({dict(labels).get("a", "") for labels in side} for side in (ours, theirs))
        for labels, value in ours.items():
            if op == "or" or (dict(labels).get("a", "") in right_keys) == (op == "and"):
                wanted.setdefault(("l", labels), {})[ts] = value
        for labels, value in theirs.items() if op == "or" else ():
            if dict(labels).get("a", "") not in left_keys:
                wanted.setdefault(("r", labels), {})[ts] = value
    expected = {labels_of([*labels, ("__name__", name)]): held for (name, labels), held in wanted.items()}
    assert evaluated(f"l {op} on (a) r", left, right) == expected


@given(SIDE, SIDE)
def test_fill_lets_lonely_series_meet_a_constant(left: Side, right: Side) -> None:
    wanted: dict[Labels, dict[int, float]] = {}
    for (ts, ours), (_, theirs) in zip(at_steps(left), at_steps(right), strict=True):
        for labels in ours.keys() | theirs.keys():
            wanted.setdefault(labels, {})[ts] = ours.get(labels, 10.0) - theirs.get(labels, 20.0)
    assert evaluated("l - fill_left (10) fill_right (20) r", left, right) == wanted


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("m / on (a) o", "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"),
        (
            "o / on (a) m",
            'found duplicate series for the match group {a="1"} on the right hand-side of the operation: [{__name__="m", a="1", b="1"}, '
            '{__name__="m", a="1", b="2"}];many-to-many matching not allowed: matching labels must be unique on one side',
        ),
        ("m * on (a) group_left (b) o", "multiple matches for labels: grouping labels must ensure unique matches"),
    ],
)
def test_series_that_do_not_pair_are_refused(query: str, error: str) -> None:
    memory = Memory.of('m{a="1",b="1"} 1\nm{a="1",b="2"} 2\no{a="1"} 3')
    with pytest.raises(EvaluationError) as caught:
        memory.query(query, Times(0, 0))
    assert str(caught.value) == error


def test_who_meets_whom_may_change_from_step_to_step() -> None:
    memory = Memory.of('m{a="1"} 1 1 1\no{a="1",b="1"} 10 stale _\no{a="1",b="2"} _ 20 30')
    result = memory.query("m * on (a) group_left (b) o", Times(0, 120_000, 60_000))
    assert [(labels, floats.values.tolist()) for labels, floats, _ in result.series()] == [
        ((("a", "1"), ("b", "1")), [10.0]),
        ((("a", "1"), ("b", "2")), [20.0, 30.0]),
    ]
