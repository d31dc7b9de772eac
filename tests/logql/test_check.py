"""Which combinations mean nothing."""

from __future__ import annotations

import pytest

from lgtm.logql.check import EMPTY_COMPATIBLE, Misuse, check_legs, range_aggregation, vector_aggregation
from lgtm.logql.errors import ParseError
from lgtm.logql.grammar import AGGREGATIONS, RANGE_FUNCTIONS
from lgtm.logql.parser import parse
from lgtm.logql.stages import Unwrap
from lgtm.logql.syntax import Grouping, Literal, LogExpr, LogRange, VectorLiteral
from lgtm.model.matchers import Matcher, MatchOp

LOG = LogExpr((Matcher("a", MatchOp.EQ, "b"),))
PLAIN, UNWRAPPED = LogRange(LOG, 1_000_000), LogRange(LOG, 1_000_000, 0, Unwrap("c"))
COUNTING = ("count_over_time", "bytes_over_time", "bytes_rate")
GROUPED = {op for op in RANGE_FUNCTIONS if op.split("_")[0] in ("avg", "stddev", "stdvar", "quantile", "max", "min", "first", "last")}


@pytest.mark.parametrize("op", RANGE_FUNCTIONS)
def test_a_function_over_a_range_wants_an_unwrapped_label_refuses_it_or_takes_either(op: str) -> None:
    parameter = "0.5" if op == "quantile_over_time" else None
    if op in COUNTING:
        with pytest.raises(Misuse, match=f"^invalid aggregation {op} with unwrap$"):
            range_aggregation(op, UNWRAPPED, parameter, None)
    else:
        assert range_aggregation(op, UNWRAPPED, parameter, None).op == op
    if op in (*COUNTING, "rate", "absent_over_time"):
        assert range_aggregation(op, PLAIN, parameter, None).op == op
    else:
        with pytest.raises(Misuse, match=f"^invalid aggregation {op} without unwrap$"):
            range_aggregation(op, PLAIN, parameter, None)


@pytest.mark.parametrize("op", RANGE_FUNCTIONS)
def test_only_functions_that_cannot_be_regrouped_afterwards_take_a_grouping(op: str) -> None:
    parameter, grouping = ("0.5" if op == "quantile_over_time" else None), Grouping(("a",))
    if op in GROUPED:
        assert range_aggregation(op, UNWRAPPED, parameter, grouping).grouping == grouping
    else:
        with pytest.raises(Misuse, match=f"^grouping not allowed for {op} aggregation$"):
            range_aggregation(op, UNWRAPPED, parameter, grouping)


@pytest.mark.parametrize("op", AGGREGATIONS)
def test_only_counted_aggregations_have_a_parameter(op: str) -> None:
    if op in ("topk", "bottomk", "approx_topk"):
        assert vector_aggregation(op, VectorLiteral(1), "3", None).parameter == 3
        for parameter, error in ((None, "parameter required"), ("0", "must be greater than 0"), ("1.5", "invalid parameter"), ("0x1", "invalid")):
            with pytest.raises(Misuse, match=error):
                vector_aggregation(op, VectorLiteral(1), parameter, None)
    else:
        assert vector_aggregation(op, VectorLiteral(1), None, None).parameter is None
        with pytest.raises(Misuse, match="unsupported parameter"):
            vector_aggregation(op, VectorLiteral(1), "3", None)


def test_sorting_takes_no_names_to_group_by() -> None:
    assert vector_aggregation("sort", VectorLiteral(1), None, Grouping(()))
    with pytest.raises(Misuse, match=r"doesn't allow grouping by $"):
        vector_aggregation("sort_desc", VectorLiteral(1), None, Grouping(("a",)))


def test_the_left_leg_is_judged_first_and_its_type_before_its_use() -> None:
    with pytest.raises(Misuse, match=r"left leg .*MatchersExpr"):
        check_legs("or", LOG, Literal(1))
    with pytest.raises(Misuse, match=r"right leg .*MatchersExpr"):
        check_legs("or", Literal(1), LOG)
    with pytest.raises(Misuse, match=r"unexpected literal for left leg of logical/set binary operation \(or\): 1\.000000"):
        check_legs("or", Literal(1), Literal(2))
    assert check_legs("+", Literal(1), VectorLiteral(2)) == (Literal(1), VectorLiteral(2))


@pytest.mark.parametrize(
    ("query", "accepted"),
    [
        ('{a="b"}', True),
        ('{a!=""}', True),
        ('{a=~".+", b!="c"}', True),
        ("{}", False),
        ('{a=""}', False),
        ('{a!="b"}', False),
        ('{a=~".*"}', False),
        ('{a=~"b|"}', False),
        ('rate({a="b"}[5m]) + rate({a=""}[5m])', False),
        ('sum(rate({a=""}[5m]))', False),
        ("sum(1)", False),
        ("vector(1) + 1", True),
        ("1", True),
    ],
)
def test_every_selector_must_name_its_streams(query: str, accepted: bool) -> None:
    if accepted:
        assert parse(query)
    else:
        with pytest.raises(ParseError) as caught:
            parse(query)
        assert str(caught.value) == f"parse error : {EMPTY_COMPATIBLE}"
