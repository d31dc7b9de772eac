"""Binary operations between vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.vectors.match import Matching, MatchingError, combine, combine_sets
from vectors.matrices import matrix, text

APPS = '{app="a"} 10 20 _\n{app="b"} 30 _ 40\n{app="c"} 1 1 1'
LIMITS = '{app="a"} 1 2 3\n{app="b"} 3 5 _\n{app="d"} 9 9 9'
PODS = '{app="a", pod="1"} 1 2\n{app="a", pod="2"} 3 _\n{app="b", pod="3"} 5 6'
TEAMS = '{app="a", team="x"} 10 10\n{app="b", team="y"} 100 _'
ONE_TO_ONE = Matching()


@pytest.mark.parametrize(
    ("op", "options", "expected"),
    [
        ("+", {}, ['{app="a"} 11 22 _', '{app="b"} 33 _ _']),
        (">", {}, ['{app="a"} 10 20 _', '{app="b"} 30 _ _']),
        ("<", {}, []),
        ("<", {"return_bool": True}, ['{app="a"} 0 0 _', '{app="b"} 0 _ _']),
    ],
)
def test_series_of_equal_labels_meet(op: str, options: dict[str, Any], expected: list[str]) -> None:
    assert text(combine(op, matrix(APPS), matrix(LIMITS), ONE_TO_ONE, **options)) == expected


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("and", ['{app="a"} 10 20 _', '{app="b"} 30 _ _']),
        ("unless", ['{app="b"} _ _ 40', '{app="c"} 1 1 1']),
        ("or", ['{app="a"} 10 20 3', '{app="b"} 30 5 40', '{app="c"} 1 1 1', '{app="d"} 9 9 9']),
    ],
)
def test_set_operators_ask_only_who_is_there(op: str, expected: list[str]) -> None:
    assert text(combine_sets(op, matrix(APPS), matrix(LIMITS), ONE_TO_ONE)) == expected


def test_a_comparison_that_filters_gives_the_left_value_even_when_the_left_is_the_one_side() -> None:
    got = combine("<", matrix(TEAMS.replace("100", "4")), matrix(PODS), Matching(on=True, labels=("app",), card="one-to-many"))
    assert text(got) == ['{app="b", pod="3"} 4 _']


@pytest.mark.parametrize(
    ("left", "right", "matching", "expected"),
    [
        (PODS, TEAMS, Matching(True, ("app",), "many-to-one"),
            ['{app="a", pod="1"} 11 12', '{app="a", pod="2"} 13 _', '{app="b", pod="3"} 105 _']),
        (
            PODS,
            TEAMS,
            Matching(True, ("app",), "many-to-one", ("team",)),
            ['{app="a", pod="1", team="x"} 11 12', '{app="a", pod="2", team="x"} 13 _', '{app="b", pod="3", team="y"} 105 _'],
        ),
        (TEAMS, PODS, Matching(False, ("pod", "team"), "one-to-many"),
            ['{app="a", pod="1"} 11 12', '{app="a", pod="2"} 13 _', '{app="b", pod="3"} 105 _']),
        ('{a="1", b="2"} 1', '{a="1", c="3"} 2', Matching(True, ("a",)), ['{a="1"} 3']),
        ('{a="1", b="2"} 1', '{a="1", c="3"} 2', Matching(False, ("b", "c")), ['{a="1"} 3']),
        ('{a="1"} 1', "{} 2", Matching(True, ()), ["{} 3"]),
        # two series that take turns are one partner, and one result where only the signature remains
        ('{a="1", b="1"} 1 _\n{a="1", b="2"} _ 2', '{a="1", c="1"} _ 10\n{a="1", c="2"} 20 _', Matching(True, ("a",)), ['{a="1"} 21 12']),
        # an included label may change from step to step
        ('{a="1"} 1 1', '{a="1", c="1"} _ 10\n{a="1", c="2"} 20 _', Matching(True, ("a",), "many-to-one", ("c",)),
            ['{a="1", c="2"} 21 _', '{a="1", c="1"} _ 11']),
        # including a label that the one side lacks removes it
        ('{a="1", c="9"} 1', '{a="1"} 2', Matching(True, ("a",), "many-to-one", ("c",)), ['{a="1"} 3']),
    ],
)  # fmt: skip
def test_labels_of_the_result_follow_the_matching(left: str, right: str, matching: Matching, expected: list[str]) -> None:
    got = combine("+", matrix(left), matrix(right), matching)
    assert sorted(text(got)) == sorted(expected)


DUPLICATE = "found duplicate series on the {} hand-side;many-to-many matching not allowed: matching labels must be unique on one side"
EXPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


@pytest.mark.parametrize(
    ("left", "right", "matching", "message"),
    [
        (TEAMS, PODS, Matching(True, ("app",)), DUPLICATE.format("right")),
        (PODS, TEAMS, Matching(True, ("app",), "one-to-many"), DUPLICATE.format("left")),
        (PODS, TEAMS, Matching(True, ("app",)), EXPLICIT),
        ('{a="1", b="1"} 1\n{a="1", b="2"} 1', '{a="1"} 1\n{a="2"} 1\n{a="3"} 1', Matching(True, ("a",)), EXPLICIT),
        (PODS.replace('"2"', '"1", team="z"'), TEAMS, Matching(True, ("app",), "many-to-one", ("team",)), UNIQUE),
    ],
)
def test_pairs_that_are_not_unique_are_refused(left: str, right: str, matching: Matching, message: str) -> None:
    with pytest.raises(MatchingError) as refused:
        combine("+", matrix(left), matrix(right), matching)
    assert str(refused.value) == message


def test_nothing_meets_nothing() -> None:
    nothing = matrix("", steps=3)
    assert text(combine("+", matrix(APPS), nothing, ONE_TO_ONE)) == []
    assert text(combine("+", nothing, matrix(APPS), ONE_TO_ONE)) == []
    assert text(combine_sets("or", nothing, matrix(APPS), ONE_TO_ONE)) == text(matrix(APPS))
    assert text(combine_sets("and", matrix(APPS), nothing, ONE_TO_ONE)) == []


sides = st.dictionaries(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("12")), st.lists(st.none() | st.integers(1, 9), min_size=2, max_size=2), max_size=5
)


def written(side: dict[tuple[str, str], list[int | None]], *, name: str) -> str:
    return "\n".join(f'{{a="{a}", {name}="{b}"}} ' + " ".join("_" if v is None else str(v) for v in row) for (a, b), row in side.items())


@given(left=sides, right=sides)
def test_one_to_one_matching_equals_the_plain_one_at_each_step(
    left: dict[tuple[str, str], list[int | None]], right: dict[tuple[str, str], list[int | None]]
) -> None:
    expected: dict[tuple[str, int], float] = {}
    clash = False
    for step in range(2):
        lefts, rights = ([(a, row[step]) for (a, _), row in side.items() if row[step] is not None] for side in (left, right))
        clash |= len({a for a, _ in rights}) < len(rights)
        met = [(a, value) for a, value in lefts if a in dict(rights)]
        clash |= len({a for a, _ in met}) < len(met)
        expected |= {(a, step): float((value or 0) * (dict(rights)[a] or 0)) for a, value in met}
    arguments = (matrix(written(left, name="b"), steps=2), matrix(written(right, name="c"), steps=2), Matching(on=True, labels=("a",)))
    if clash:
        with pytest.raises(MatchingError):
            combine("*", *arguments)
        return
    got = combine("*", *arguments)
    assert {(got.labels[i][0][1], s): got.values[i, s] for i, s in np.argwhere(got.present).tolist()} == expected
