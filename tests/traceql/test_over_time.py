"""Functions over time, against going through the spans one by one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.traceql.metrics import Metrics
from lgtm.traceql.parser import parse
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps
from traceql.dataset import T0_NS
from traceql.tables import span, table

STEP_S, COUNT = 10, 3
STEPS = Steps.ranging(T0_NS, T0_NS + (COUNT - 1) * STEP_S * NS_PER_S, STEP_S * NS_PER_S)


@dataclass(frozen=True)
class Call:
    at_s: int
    name: str
    number: int | None

    @property
    def step(self) -> int:
        return -(-self.at_s // STEP_S)


CALLS = st.lists(
    st.builds(Call, st.integers(1 - STEP_S, (COUNT - 1) * STEP_S), st.sampled_from("ab"), st.none() | st.integers(2, 99)), min_size=1, max_size=8
)
Samples = dict[str | None, list[float | None]]
"""By the name of the group; None without groups."""


def of_calls(calls: list[Call]) -> SpanTable:
    return table(
        *(
            [
                span(
                    1,
                    name=each.name,
                    start=each.at_s * NS_PER_S,
                    end=each.at_s * NS_PER_S + 1,
                    attrs={} if each.number is None else {"a": each.number},
                )
            ]
            for each in calls
        )
    )


def asked(function: str, *tables: SpanTable) -> Samples:
    metrics = Metrics(parse(f"{{}} | {function}"), STEPS)
    for each in tables:
        metrics.add(each)
    return {
        next((str(value) for name, value in series.labels if name == "name"), None): [
            value if present else None for value, present in zip(series.values.tolist(), series.present.tolist(), strict=True)
        ]
        for series in metrics.results()
    }


def cells_of(calls: list[Call], *, by_name: bool) -> dict[str | None, list[list[int | None]]]:
    cells: dict[str | None, list[list[int | None]]] = defaultdict(lambda: [[] for _ in range(COUNT)])
    for each in calls:
        cells[each.name if by_name else None][each.step].append(each.number)
    return cells


@given(CALLS, st.booleans())
def test_counting_counts_the_spans_of_each_interval(calls: list[Call], by_name: bool) -> None:
    by = " by(name)" if by_name else ""
    cells = cells_of(calls, by_name=by_name)
    counts: Samples = {name: [len(cell) for cell in steps] for name, steps in cells.items()}
    assert asked("count_over_time()" + by, of_calls(calls)) == counts
    assert asked("rate()" + by, of_calls(calls)) == {name: [(count or 0) / STEP_S for count in each] for name, each in counts.items()}


FOLDS: dict[str, Callable[[Sequence[float]], float]] = {
    "min_over_time": min,
    "max_over_time": max,
    "sum_over_time": sum,
    "avg_over_time": lambda numbers: sum(numbers) / len(numbers),
}


@given(CALLS, st.booleans(), st.sampled_from(sorted(FOLDS)))
def test_folds_are_of_the_numbers_of_each_interval(calls: list[Call], by_name: bool, function: str) -> None:
    expected: Samples = {}
    for name, steps in cells_of(calls, by_name=by_name).items():
        numbers = [[number for number in cell if number is not None] for cell in steps]
        if any(numbers):
            expected[name] = [FOLDS[function](cell) if cell else None for cell in numbers]
    assert asked(f"{function}(span.a){' by(name)' if by_name else ''}", of_calls(calls)) == expected


@given(CALLS)
def test_a_histogram_counts_by_powers_of_two(calls: list[Call]) -> None:
    metrics = Metrics(parse("{} | histogram_over_time(span.a)"), STEPS)
    metrics.add(of_calls(calls))
    expected: dict[float, list[int]] = defaultdict(lambda: [0] * COUNT)
    for each in calls:
        if each.number is not None:
            expected[2.0 ** math.ceil(math.log2(each.number))][each.step] += 1
    assert {float(series.labels[-1][1]): series.values.tolist() for series in metrics.results()} == expected


@given(CALLS, CALLS, st.sampled_from(["rate() by(name)", *(f"{function}(span.a)" for function in FOLDS)]))
def test_two_tables_count_as_one_with_all_their_spans(one: list[Call], other: list[Call], function: str) -> None:
    assert asked(function, of_calls(one), of_calls(other)) == asked(function, of_calls(one + other))


def test_without_a_match_counting_answers_zero_and_folding_nothing() -> None:
    spans = of_calls([Call(1, "a", 5)])
    metrics = [Metrics(parse(f"{{ name = `b` }} | {function}"), STEPS) for function in ("rate()", "max_over_time(span.a)", "rate() by(name)")]
    for each in metrics:
        each.add(spans)
    assert [[series.values.tolist() for series in each.results()] for each in metrics] == [[[0.0] * COUNT], [], []]


def test_spans_that_start_outside_the_steps_do_not_count() -> None:
    spans = of_calls([Call(-STEP_S, "a", 1), Call((COUNT - 1) * STEP_S + 1, "a", 1)])
    assert asked("count_over_time()", spans) == {None: [0] * COUNT}
