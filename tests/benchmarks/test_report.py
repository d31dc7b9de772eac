from __future__ import annotations

import pytest

from benchmarks.report import Figure, number, table


@pytest.mark.parametrize(
    ("value", "text"), [(1_234_567.0, "1,234,567"), (123.4, "123"), (4.737, "4.74"), (0.0353, "0.0353"), (5.0, "5"), ("not measured", "not measured")]
)
def test_figures_have_three_digits_that_matter(value: float | str, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("ours", "target", "at_least", "met"),
    [
        (4.0, 5.0, False, "yes"),
        (5.0, 5.0, False, "yes"),
        (6.0, 5.0, False, "NO"),
        (3.5, 4.0, True, "NO"),
        (4.0, 4.0, True, "yes"),
        (1.0, None, False, ""),
    ],
)
def test_a_target_is_met_or_not(ours: float, target: float | None, at_least: bool, met: str) -> None:
    assert Figure("x", ours, target=target, at_least=at_least).verdict == met


def test_a_table_has_a_row_for_each_figure_and_columns_that_line_up() -> None:
    text = table([Figure("ingest", 4.74, "CPU-s", 5, "Loki 8.7"), Figure("much longer name", 1)])
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "4.74" in lines[2]
    assert "≤ 5" in lines[2]
