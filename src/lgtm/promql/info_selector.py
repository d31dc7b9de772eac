"""Which info series `info()` reads: the selector that its second argument, or its absence, stands for."""

from __future__ import annotations

from dataclasses import replace

from lgtm.model.matchers import Matcher, Matchers, MatchOp
from lgtm.promql.syntax import Call, Expr, MatrixSelector, Modifiers, Subquery, VectorSelector, children_of

NAME = "__name__"
DEFAULT_METRIC = "target_info"
_POSITIVE = (MatchOp.EQ, MatchOp.RE)


def with_info_selector(call: Call) -> Call:
    """`call` with a second argument that alone selects info series, at the time for which the first argument reads its samples."""
    base = call.args[0]
    matchers = call.args[1].matchers if len(call.args) > 1 and isinstance(call.args[1], VectorSelector) else ()
    selector = VectorSelector("", info_matchers(matchers), call.position, _reference_time(base) or Modifiers())
    return replace(call, args=(base, selector))


def info_matchers(matchers: Matchers) -> Matchers:
    """With a name: what was asked for, or what ends in _info where names are only excluded, or target_info where none is mentioned."""
    names = [matcher for matcher in matchers if matcher.name == NAME]
    if not names:
        return (Matcher(NAME, MatchOp.EQ, DEFAULT_METRIC), *matchers)
    if not any(matcher.op in _POSITIVE for matcher in names):
        return (Matcher(NAME, MatchOp.RE, ".+_info"), *matchers)
    return matchers


def _reference_time(expr: Expr) -> Modifiers | None:
    """Of the first selector, as seen through the subqueries around it."""
    if isinstance(expr, VectorSelector):
        return expr.modifiers
    if isinstance(expr, MatrixSelector):
        return expr.selector.modifiers
    for child in children_of(expr):
        found = _reference_time(child)
        if found is not None:
            return _shifted(found, expr.modifiers) if isinstance(expr, Subquery) else found
    return None


def _shifted(inner: Modifiers, outer: Modifiers) -> Modifiers:
    if inner.at_ms is not None:
        return inner
    return Modifiers(offset_ms=inner.offset_ms + outer.offset_ms, at_ms=outer.at_ms)
