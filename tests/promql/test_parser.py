from __future__ import annotations

import pytest

from lgtm.promql.errors import ParseError
from lgtm.promql.features import Features
from lgtm.promql.parser import parse, parse_selector
from lgtm.promql.printer import to_text
from lgtm.promql.syntax import Binary, Card, MatrixSelector, Number, Subquery, Unary, VectorSelector, kind_of
from promql.recorded import queries, recorded


@pytest.mark.parametrize("case", recorded("errors"), ids=lambda case: repr(case["query"]))
def test_errors_are_those_of_prometheus(case: dict[str, str]) -> None:
    with pytest.raises(ParseError) as caught:
        parse(case["query"])
    assert str(caught.value) == case["error"]


@pytest.mark.parametrize("case", recorded("selectors"), ids=lambda case: repr(case["query"]))
def test_what_is_no_selector_is_refused_as_prometheus_does(case: dict[str, str]) -> None:
    with pytest.raises(ParseError) as caught:
        parse_selector(case["query"])
    assert str(caught.value) == case["error"]


def test_every_query_of_the_scripts_can_be_parsed() -> None:
    assert len([parse(query) for query in queries()]) > 1_000


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("-2 ^ 2", "-(2 ^ 2)"),
        ("2 ^ 3 ^ 2", "2 ^ (3 ^ 2)"),
        ("-a * b", "(-a) * b"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a or b and c", "a or (b and c)"),
        ("a unless b and c", "(a unless b) and c"),
        ("a == b + 1", "a == (b + 1)"),
        ("a atan2 b * c", "(a atan2 b) * c"),
        ("a </ b + 1", "a </ (b + 1)"),
        ("2 ^ -1 * 3", "(2 ^ -1) * 3"),
    ],
)
def test_operators_bind_as_prometheus_has_them(text: str, grouped: str) -> None:
    assert _shape(text) == _shape(grouped)


def _shape(text: str) -> str:
    def shape(expr: object) -> str:
        match expr:
            case Binary():
                return f"[{shape(expr.left)}{expr.op}{shape(expr.right)}]"
            case Unary():
                return f"[{expr.op}{shape(expr.expr)}]"
            case Number() | VectorSelector():
                return to_text(expr)
            case _:
                return shape(getattr(expr, "expr", None))

    return shape(parse(text))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5_400), ("500ms", 0.5), ("0x1F", 31), ("010", 8), ("1_000", 1_000), ("1e3", 1_000), (".5", 0.5), ("Inf", float("inf"))],
)
def test_numbers_and_durations_are_numbers(text: str, seconds: float) -> None:
    expr = parse(text)
    assert isinstance(expr, Number)
    assert expr.value == seconds


@pytest.mark.parametrize("name", ["sum", "by", "offset", "start", "fill", "anchored", "and", "without", "limitk", "step"])
def test_most_keywords_are_good_metric_names(name: str) -> None:
    expr = parse(name)
    assert isinstance(expr, VectorSelector)
    assert expr.name == name


@pytest.mark.parametrize("name", ["bool", "on", "ignoring", "group_left", "group_right", "atan2"])
def test_some_keywords_are_no_metric_names(name: str) -> None:
    with pytest.raises(ParseError):
        parse(name)


def test_keywords_and_aggregations_are_known_in_any_case_but_functions_are_not() -> None:
    assert to_text(parse("SUM BY (a) (x) OR y OFFSET 5m")) == "sum by (a) (x) or y offset 5m"
    with pytest.raises(ParseError, match='unknown function with name "RATE"'):
        parse("RATE(x[5m])")


def test_names_may_be_any_utf8() -> None:
    expr = parse('{"http.requests", "pod.name"="a", le!=""}')
    assert isinstance(expr, VectorSelector)
    assert [str(matcher) for matcher in expr.matchers] == ['__name__="http.requests"', 'pod.name="a"', 'le!=""']


def test_modifiers_come_in_any_order_and_bind_to_the_nearest_selector() -> None:
    for text in ("x[5m] offset 1m @ 10 anchored", "x[5m] @ 10 anchored offset 1m", "x[5m] anchored @ 10 offset 1m"):
        expr = parse(text)
        assert isinstance(expr, MatrixSelector)
        assert (expr.selector.modifiers.offset_ms, expr.selector.modifiers.at_ms, expr.selector.anchored) == (60_000, 10_000, True)


def test_a_subquery_without_a_step_leaves_it_to_the_default() -> None:
    expr = parse("x[1h:]")
    assert isinstance(expr, Subquery)
    assert (expr.range_ms, expr.step_ms) == (3_600_000, 0)


def test_sets_are_matched_many_to_many() -> None:
    expr = parse("a and on (x) b")
    assert isinstance(expr, Binary)
    assert expr.matching is not None
    assert expr.matching.card is Card.MANY_TO_MANY


def test_a_comment_ends_with_its_line() -> None:
    assert to_text(parse("a # first\n+ b # second")) == "a + b"


def test_positions_count_lines_and_bytes() -> None:
    with pytest.raises(ParseError) as caught:
        parse('a{x="é"}\n+ foo(b)')
    assert str(caught.value) == '2:3: parse error: unknown function with name "foo"'
    with pytest.raises(ParseError) as caught:
        parse('"é" + foo(b)')
    assert str(caught.value) == '1:8: parse error: unknown function with name "foo"'


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("sort_by_label(x)", "sort_by_label() is experimental"),
        ("limitk(1, x)", "limitk() is experimental"),
        ("rate(x[5m] anchored)", "anchored modifier is experimental"),
        ("x + fill(0) y", "fill modifier is experimental"),
        ("start()", "start() is experimental"),
    ],
)
def test_experimental_parts_are_refused_where_they_are_off(text: str, error: str) -> None:
    parse(text)
    with pytest.raises(ParseError) as caught:
        parse(text, Features.of(experimental=False))
    assert error in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x[0]", "duration must be greater than 0"),
        ("x[5m / 0]", "division by zero"),
        ("x offset 1m offset 2m", "offset may not be set multiple times"),
        ("x @ 1 @ 2", "@ <timestamp> may not be set multiple times"),
        ("x offset 5m [1m]", "no offset modifiers allowed before range"),
        ("sum(x) offset 5m", "offset modifier must be preceded by"),
        ("x anchored smoothed", "anchored and smoothed modifiers cannot be used together"),
        ("x + bool y", "bool modifier can only be used on comparison operators"),
        ("a and on (x) group_left b", 'no grouping allowed for "and" operation'),
        ("1 + on (x) 2", "vector matching only allowed between instant vectors"),
        ("rate(x[5m],)", "trailing commas not allowed in function call args"),
        ("info(a, b)", "expected label selectors only, got vector selector instead"),
        ("-x[5m]", "unary expression only allowed on expressions of type scalar or instant vector"),
        ("1[5m:]", "subquery is only allowed on instant vector, got scalar instead"),
        ("a and fill (1) b", "filling in missing series not allowed for set operators"),
        ("x @ Inf", "timestamp out of bounds for @ modifier: +Inf"),
        ("sum by (5) (x)", "unexpected number"),
        ("x{a='b' 'c'}", "unexpected string"),
        ("round()", "expected at least 1 argument(s)"),
        ("round(x, 1, 2)", "expected at most 2 argument(s)"),
        ("sum(" * 200 + "x" + ")" * 200, "query nests deeper than"),
    ],
)
def test_what_combines_wrongly_is_refused(text: str, error: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert error in str(caught.value)


def test_expressions_know_the_type_of_their_value() -> None:
    kinds = {
        "1 + 1": "scalar",
        "x + 1": "vector",
        "x[5m]": "matrix",
        "(x[5m:])": "matrix",
        '"a"': "string",
        "time()": "scalar",
        "rate(x[5m])": "vector",
    }
    assert {text: str(kind_of(parse(text))) for text in kinds} == kinds
