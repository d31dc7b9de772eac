"""What is printed: on one line or several, it reads back as the same expression."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from lgtm.logql.parser import parse
from lgtm.logql.printer import LINE_CHARACTERS_MAX, pretty
from lgtm.logql.syntax import Expr
from logql.queries import expressions

FORMATTED = [json.loads(line) for line in (Path(__file__).parent / "data" / "format.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("recorded", FORMATTED, ids=lambda recorded: recorded["query"])
def test_queries_are_laid_out_as_loki_lays_them_out(recorded: dict[str, str]) -> None:
    assert pretty(parse(recorded["query"])) == recorded["pretty"]


@given(expressions)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
def test_what_is_printed_parses_to_an_equal_expression(expr: Expr) -> None:
    assert parse(str(expr)) == expr
    assert parse(pretty(expr)) == expr


@given(expressions)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
def test_what_fits_on_a_line_is_printed_on_one(expr: Expr) -> None:
    assert (pretty(expr) == str(expr)) if len(str(expr)) <= LINE_CHARACTERS_MAX else True


SPLIT = """\
  sum by (a,b) (
    quantile_over_time(
      0.99,
      {app="a-very-long-application-name-for-wrapping", environment="production-eu-west-1"}
        |= "some long filter text"
        | logfmt
        | unwrap duration(took)
        | __error__="" [5m] offset 1h0m0s
    ) by (a,b)
  )
/ on (x) group_left ()
  (
      label_replace(
        rate({app="a-very-long-application-name-for-wrapping", environment="production-eu-west-1"}[5m]),
        "a",
        "$1",
        "b",
        "(.*)"
      )
    +
      topk(5,sum(rate({a="b"}[5m])))
  )"""


def test_long_queries_are_split_at_brackets_stages_and_operators() -> None:
    assert pretty(parse(SPLIT)) == SPLIT
