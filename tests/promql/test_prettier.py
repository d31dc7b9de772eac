from __future__ import annotations

import pytest

from lgtm.promql import printer
from lgtm.promql.parser import parse
from lgtm.promql.prettier import LINE_MAX, format_query
from lgtm.promql.syntax import Expr
from promql.recorded import meaning, queries, recorded


@pytest.mark.parametrize("case", recorded("formatted"), ids=lambda case: case["query"])
def test_queries_are_laid_out_as_prometheus_does(case: dict[str, str]) -> None:
    assert format_query(parse(case["query"])) == case["text"]


def test_layout_does_not_change_the_query() -> None:
    for query in queries():
        assert meaning(parse(format_query(parse(query)))) == meaning(parse(query))


@pytest.mark.parametrize(
    "text", ["-(" + " + ".join(["metric"] * 30) + ")", "max_over_time(rate(" + "m" * LINE_MAX + "[5m])[1h:1m])", "-sum(" + "m" * LINE_MAX + ")"]
)
def test_long_queries_are_broken_and_parse_back(text: str) -> None:
    formatted = format_query(parse(text))
    assert "\n" in formatted
    assert meaning(parse(formatted)) == meaning(parse(text))


def test_a_deep_query_is_not_written_out_once_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    written = list[str]()
    to_text = printer.to_text

    def noted(expr: Expr) -> str:
        written.append(to_text(expr))
        return written[-1]

    monkeypatch.setattr(printer, "to_text", noted)
    deep = parse("(" * 50 + "up{" + ",".join(['a!="x"'] * 100) + "}" + ")" * 50)
    assert format_query(deep).count("\n") == 100
    assert len(written) == 1
