from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.position import Position, Positions


def test_lines_and_columns_start_at_one_and_columns_count_bytes() -> None:
    positions = Positions("aé\nb\n\nc")
    assert [str(positions.at(offset)) for offset in range(8)] == ["1:1", "1:2", "1:4", "2:1", "2:2", "3:1", "4:1", "4:2"]


@given(st.text(st.sampled_from("aé€😀\n"), max_size=20))
def test_columns_are_the_bytes_since_the_line_began(text: str) -> None:
    positions = Positions(text)
    for offset in range(len(text) + 1):
        before = text[:offset]
        assert positions.at(offset) == Position(before.count("\n") + 1, len(before[before.rfind("\n") + 1 :].encode()) + 1)


def test_positions_are_ordered_as_they_are_read() -> None:
    assert Position(1, 9) < Position(2, 1) < Position(2, 2)
