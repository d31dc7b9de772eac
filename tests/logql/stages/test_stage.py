"""What stages are told of the rest of the query, and how they refuse."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from lgtm.logql.stages import InvalidStage, StageContext


@pytest.mark.parametrize(
    ("needed", "read", "before"),
    [
        (None, None, None),
        (None, {"a"}, None),
        ({"a"}, None, None),
        ({"a"}, (), {"a"}),
        ({"a"}, ["a", "b"], {"a", "b"}),
        (set(), {"a"}, {"a"}),
    ],
)
def test_before_a_stage_more_is_needed_by_what_it_reads(needed: set[str] | None, read: Iterable[str] | None, before: set[str] | None) -> None:
    assert StageContext(None if needed is None else frozenset(needed)).also(read).needed == before


def test_a_refusal_names_the_stage_where_it_is_given() -> None:
    assert str(InvalidStage("no good")) == "no good"
    assert str(InvalidStage("no good", stage="| json")) == "stage '| json' : no good"
