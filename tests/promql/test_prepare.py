from __future__ import annotations

import pytest

from lgtm.promql.errors import EvaluationError, ParseError
from lgtm.promql.parser import parse
from lgtm.promql.prepare import Selection, is_invariant, prepare, require_range_kind
from lgtm.promql.syntax import Binary, StepInvariant
from lgtm.promql.times import Times

HOUR, MINUTE = 3_600_000, 60_000
TIMES = Times(10 * HOUR, 11 * HOUR, MINUTE)


def windows(query: str, times: Times = TIMES) -> list[tuple[int, int]]:
    return [(selection.start_ms, selection.end_ms) for selection in prepare(parse(query), times).selections]


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("x", 10 * HOUR - 5 * MINUTE, 11 * HOUR),
        ("x offset 1h", 9 * HOUR - 5 * MINUTE, 10 * HOUR),
        ("x offset -1h", 11 * HOUR - 5 * MINUTE, 12 * HOUR),
        ("rate(x[30m])", 10 * HOUR - 30 * MINUTE, 11 * HOUR),
        ("x @ 3600", HOUR - 5 * MINUTE, HOUR),
        ("x @ end() offset 1h", 10 * HOUR - 5 * MINUTE, 10 * HOUR),
        ("rate(x[30m] @ start())", 10 * HOUR - 30 * MINUTE, 10 * HOUR),
        ("max_over_time(x[1h:1m])", 9 * HOUR + MINUTE - 5 * MINUTE, 11 * HOUR),
        ("max_over_time(rate(x[5m])[1h:7m] offset 1h)", 8 * HOUR + 3 * MINUTE - 5 * MINUTE, 10 * HOUR),
        ("max_over_time(x[1h:1m] @ 36000)", 9 * HOUR + MINUTE - 5 * MINUTE, 10 * HOUR),
        ("rate(x[5m] anchored)", 10 * HOUR - 10 * MINUTE - 1, 11 * HOUR),
        ("rate(x[5m] smoothed)", 10 * HOUR - 10 * MINUTE - 1, 11 * HOUR + 5 * MINUTE),
        ("count_over_time(x[range()])", 9 * HOUR, 11 * HOUR),
        ("count_over_time(x[step() * 2])", 10 * HOUR - 2 * MINUTE, 11 * HOUR),
        ("x offset (step() - 5m)", 10 * HOUR + 4 * MINUTE - 5 * MINUTE, 11 * HOUR + 4 * MINUTE),
    ],
)
def test_what_is_read(query: str, start: int, end: int) -> None:
    assert windows(query) == [(start, end)]


def test_equal_selections_are_read_once() -> None:
    assert len(windows("x / x + rate(x[5m])")) == 1
    assert len(windows("x / x offset 1m + y")) == 3


def test_info_reads_the_info_series_at_the_time_of_its_base() -> None:
    prepared = prepare(parse('info(last_over_time((x offset 1m)[10m:1m] @ 180), {data=~".+"})'), TIMES)
    names = [[str(matcher) for matcher in selection.matchers] for selection in prepared.selections]
    assert names == [['__name__="x"'], ['__name__="target_info"', 'data=~".+"']]
    assert prepared.selections[1] == Selection(prepared.selections[1].matchers, 2 * MINUTE - 5 * MINUTE, 2 * MINUTE)


@pytest.mark.parametrize(
    ("query", "invariant"),
    [
        ("x @ 1", True),
        ("rate(x[5m] @ end()) + 1", True),
        ("sum(x @ 1) / y", False),
        ("time()", False),
        ("vector(1)", True),
        ("predict_linear(x[5m] @ 1, 1)", False),
        ("max_over_time(x[5m:1m] @ 1)", True),
        ("max_over_time((x @ 1)[5m:1m])", False),
        ('label_replace(x @ 1, "a", "b", "c", "d")', True),
    ],
)
def test_what_does_not_depend_on_the_step(query: str, invariant: bool) -> None:
    assert is_invariant(prepare(parse(query), TIMES).expr) is invariant


def test_the_largest_constant_parts_are_marked() -> None:
    expr = prepare(parse("sum(x @ 1) + y"), TIMES).expr
    assert isinstance(expr, Binary)
    assert isinstance(expr.left, StepInvariant)
    assert not isinstance(expr.right, StepInvariant)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("count_over_time(x[step()])", "duration must be greater than 0"),
        ("x offset (1h / step())", "division by zero"),
        ("x offset (1h % step())", "modulo by zero"),
        ("x offset (1h ^ 1h)", "duration is"),
        ("x offset (100000y)", "duration out of range"),
    ],
)
def test_durations_that_come_out_wrong_are_refused(query: str, error: str) -> None:
    with pytest.raises(ParseError, match=error):
        prepare(parse(query), Times(0, 0))


def test_range_queries_have_numbers_at_every_step() -> None:
    require_range_kind(parse("x + 1"))
    require_range_kind(parse("1"))
    for query, kind in (("x[5m]", "range vector"), ('"text"', "string")):
        with pytest.raises(EvaluationError) as caught:
            require_range_kind(parse(query))
        assert str(caught.value) == f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector'
