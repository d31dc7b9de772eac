from __future__ import annotations

import pytest

from lgtm.promql.parser import parse
from lgtm.promql.printer import to_text
from promql.recorded import meaning, queries, rewritten


def test_every_query_prints_as_what_parses_back_into_it() -> None:
    for query in queries():
        expr = parse(query)
        assert meaning(parse(to_text(expr))) == meaning(expr)


def test_printing_is_prometheus_own() -> None:
    """Prometheus printed these; they come out as they went in."""
    differing = [text for text in rewritten() if to_text(parse(text)) != text]
    assert differing == []


@pytest.mark.parametrize(
    "text",
    [
        "rate(x[5m * (step() + 1)] offset -min_of(step(), 1m))",
        "x[max_of(range(), 1h):step() / 2]",
        'sum by ("a.b", c) ({"d.e"="f",__name__="g"})',
        "a + on (x) group_right (y) fill_left (0) fill_right (1) b",
        "x @ end() offset 1h30m",
        "1h + 30m",
        "-(-1)",
        "x smoothed",
    ],
)
def test_canonical_text_stays_as_it_is(text: str) -> None:
    assert to_text(parse(text)) == text
