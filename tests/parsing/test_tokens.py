"""Offsets as lines and columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.parsing.tokens import Lines


@pytest.mark.parametrize(
    ("text", "offset", "position"),
    [("abc", 0, (1, 1)), ("abc", 3, (1, 4)), ("a\nb", 2, (2, 1)), ("a\nb", 1, (1, 2)), ("\n\n", 2, (3, 1)), ("é\n日本", 4, (2, 3))],
)
def test_lines_and_columns_start_at_one_and_count_characters(text: str, offset: int, position: tuple[int, int]) -> None:
    assert Lines(text).position(offset) == position


@given(st.text(alphabet="a\n", max_size=30), st.data())
def test_a_position_is_what_counting_gives(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    before = text[:offset]
    assert Lines(text).position(offset) == (before.count("\n") + 1, len(before) - before.rfind("\n"))
