"""compare(), against counting the values of a selection and of the rest."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.metrics import Metrics, Series
from lgtm.traceql.parser import parse
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps
from traceql.dataset import T0_NS
from traceql.tables import span, table

Spans = list[tuple[bool, str | None]]
"""Whether each span has failed, and its `span.a`."""
SPANS = st.lists(st.tuples(st.booleans(), st.none() | st.sampled_from("xyz")), min_size=1, max_size=10)
SIDES = ("baseline", "selection")


def of_spans(spans: Spans) -> SpanTable:
    return table(*([span(1, status=[2 if failed else 0, ""], attrs={} if a is None else {"a": a})] for failed, a in spans))


def compared(*tables: SpanTable, values_max: int = 10, window: str = "") -> list[Series]:
    metrics = Metrics(parse(f"{{}} | compare({{ status = error }}, {values_max}{window})"), Steps.instant(T0_NS, T0_NS + 1_000))
    for each in tables:
        metrics.add(each)
    return metrics.results()


def counts_of_a(series: list[Series], meta: str) -> dict[str, float]:
    return {
        str(dict(each.labels)["span.a"]): float(each.values[0])
        for each in series
        if dict(each.labels)["__meta_type"] == meta and "span.a" in dict(each.labels)
    }


@given(SPANS)
def test_values_are_counted_on_either_side(spans: Spans) -> None:
    series = compared(of_spans(spans))
    for failed, side in enumerate(SIDES):
        values = [a for each, a in spans if each == bool(failed) and a is not None]
        assert counts_of_a(series, side) == Counter(values)
        assert counts_of_a(series, f"{side}_total") == ({"nil": len(values)} if values else {})


@given(SPANS, SPANS)
def test_two_tables_compare_as_one_with_all_their_spans(one: Spans, other: Spans) -> None:
    apart, together = compared(of_spans(one), of_spans(other)), compared(of_spans(one + other))
    for side in SIDES:
        assert counts_of_a(apart, side) == counts_of_a(together, side)


def test_the_most_frequent_values_are_told() -> None:
    spans: Spans = [(True, "x"), (True, "y"), (True, "y"), (True, "z"), (True, "z"), (True, "z")]
    assert counts_of_a(compared(of_spans(spans), values_max=2), "selection") == {"y": 2, "z": 3}


def test_the_selection_starts_within_its_window() -> None:
    spans = table(*([span(1, start=start, end=start, status=[2, ""], attrs={"a": "x"})] for start in (10, 20, 30)))
    series = compared(spans, window=f", {T0_NS + 10}, {T0_NS + 20}")
    assert [counts_of_a(series, side) for side in SIDES] == [{"x": 2}, {"x": 1}]
