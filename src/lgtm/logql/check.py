"""What a well-formed query may not combine, in Loki's words."""

from __future__ import annotations

from lgtm.errors import BadRequest
from lgtm.logql.syntax import (
    Expr,
    Grouping,
    LabelReplace,
    Literal,
    LogExpr,
    LogRange,
    MetricExpr,
    RangeAggregation,
    VectorAggregation,
    operands,
)
from lgtm.model.matchers import Matcher
from lgtm.parsing.gonumbers import parse_float

EMPTY_COMPATIBLE = (
    "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
    'For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)
LOGICAL = ("or", "and", "unless")
_COUNTED = ("topk", "bottomk", "approx_topk")
_GROUPED = (
    "avg_over_time", "stddev_over_time", "stdvar_over_time", "quantile_over_time", "max_over_time", "min_over_time", "first_over_time",
    "last_over_time",
)  # fmt: skip
_WITH_OR_WITHOUT_UNWRAP = ("rate", "absent_over_time")
_WITHOUT_UNWRAP = ("count_over_time", "bytes_over_time", "bytes_rate")


class Misuse(BadRequest):
    """The text is LogQL, but means nothing."""


def check_selectors(expr: Expr, *, allow_empty_compatible: bool) -> None:
    """Each selector names streams by more than what they lack. `{}` alone may be allowed, where streams are listed and not read."""
    if allow_empty_compatible and isinstance(expr, LogExpr):
        return
    pending = [expr]
    while pending:
        current = pending.pop()
        if isinstance(current, LogExpr):
            _check_matchers(current.matchers)
        elif isinstance(current, RangeAggregation):
            _check_matchers(current.range.log.matchers)
        elif isinstance(current, VectorAggregation | LabelReplace) and isinstance(current.expr, Literal):
            _check_matchers(())
        pending += reversed(operands(current))


def _check_matchers(matchers: tuple[Matcher, ...]) -> None:
    if all(matcher.matches_empty for matcher in matchers):
        raise Misuse(EMPTY_COMPATIBLE)


def range_aggregation(op: str, log_range: LogRange, parameter: str | None, grouping: Grouping | None) -> RangeAggregation:
    """parameter: as written. Raises Misuse."""
    if parameter is not None and op != "quantile_over_time":
        raise Misuse(f"parameter {parameter} not supported for operation {op}")
    if parameter is None and op == "quantile_over_time":
        raise Misuse(f"parameter required for operation {op}")
    if grouping is not None and op not in _GROUPED:
        raise Misuse(f"grouping not allowed for {op} aggregation")
    if log_range.unwrap is not None and op in _WITHOUT_UNWRAP:
        raise Misuse(f"invalid aggregation {op} with unwrap")
    if log_range.unwrap is None and op not in _WITHOUT_UNWRAP + _WITH_OR_WITHOUT_UNWRAP:
        raise Misuse(f"invalid aggregation {op} without unwrap")
    return RangeAggregation(op, log_range, None if parameter is None else number(parameter), grouping)


def vector_aggregation(op: str, expr: MetricExpr, parameter: str | None, grouping: Grouping | None) -> VectorAggregation:
    """parameter: as written. Raises Misuse."""
    if op not in _COUNTED and parameter is not None:
        raise Misuse(f"unsupported parameter for operation {op}({parameter},")
    if op in ("sort", "sort_desc") and grouping is not None and grouping.names:
        raise Misuse("sort and sort_desc doesn't allow grouping by ")
    if op not in _COUNTED:
        return VectorAggregation(op, expr, None, grouping)
    if op == "approx_topk" and grouping is not None:
        raise Misuse(f"grouping not allowed for {op} aggregation")
    return VectorAggregation(op, expr, _count(op, parameter), grouping)


def _count(op: str, parameter: str | None) -> int:
    if parameter is None:
        raise Misuse(f"parameter required for operation {op}")
    if not (parameter.isascii() and parameter.isdigit() and len(parameter) < 19):
        raise Misuse(f"invalid parameter {op}({parameter},")
    if int(parameter) <= 0:
        raise Misuse(f"invalid parameter (must be greater than 0) {op}({parameter}")
    return int(parameter)


def check_legs(op: str, left: Expr, right: Expr) -> tuple[MetricExpr, MetricExpr]:
    """The legs of a binary operation, which must be metric queries, and more than numbers where sets are meant. Raises Misuse."""
    legs: list[MetricExpr] = []
    for side, leg in (("left", left), ("right", right)):
        if isinstance(leg, LogExpr):
            kind = "Pipeline" if leg.stages else "Matchers"
            raise Misuse(f"unexpected type for {side} leg of binary operation ({op}): *syntax.{kind}Expr")
        legs.append(leg)
    for side, leg in zip(("left", "right"), legs, strict=True):
        if op in LOGICAL and isinstance(leg, Literal):
            raise Misuse(f"unexpected literal for {side} leg of logical/set binary operation ({op}): {leg.value:.6f}")
    return legs[0], legs[1]


def number(text: str) -> float:
    """The value of a NUMBER. Raises BadRequest: Go's scanner takes more forms than its numbers have."""
    try:
        return parse_float(text)
    except ValueError as error:
        raise BadRequest(f"unable to parse literal as a float: {error}") from error
