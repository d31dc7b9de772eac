"""`/loki/api/v1/query` and `/loki/api/v1/query_range`."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from lgtm.api.loki.encode import encode_matrix, encode_scalar, encode_streams, encode_vector
from lgtm.api.loki.params import (
    Bounds,
    InvalidParameter,
    check_points,
    read_forward,
    read_interval,
    read_limit,
    read_step,
    read_time,
)
from lgtm.api.loki.side import Call, QuerySide
from lgtm.logql.limits import check_length
from lgtm.logql.parser import parse
from lgtm.logql.syntax import BinaryOperation, Literal, LogExpr, MetricExpr
from lgtm.model.window import Window


async def query(side: QuerySide, call: Call) -> Response:
    """A metric query at one time: a vector, or a scalar where only numbers are written."""
    form = call.form
    time_ns = read_time(form.get("time"), call.now_ns)
    read_limit(form.get("limit"))
    read_forward(form.get("direction"))
    text = form.get("query")
    expr = await side.read(len(text), lambda: parse(text))
    if isinstance(expr, LogExpr):
        raise InvalidParameter("log queries are not supported as an instant query type, please change your query to a range query type")
    answer = await side.engine.metric_query(call.tenant, expr, start_ns=time_ns, end_ns=time_ns, step_ns=1, instant=True)
    if is_scalar(expr):
        return await side.encode(1, partial(encode_scalar, time_ns, float(answer.matrix.values[0, 0]), answer.stats))
    return await side.encode(len(answer.matrix), partial(encode_vector, answer.matrix, answer.stats, answer.warnings))


async def query_range(side: QuerySide, call: Call) -> Response:
    """Entries of streams, or a matrix. Every parameter is checked before the query is read."""
    form, bounds = call.form, call.bounds()
    bounds.check_order()
    limit = read_limit(form.get("limit"))
    forward = read_forward(form.get("direction"))
    step_ns = read_step(form.get("step"), bounds)
    check_points(bounds, step_ns)
    interval_ns = read_interval(form.get("interval"))
    text = form.get("query")
    expr = await side.read(len(text), lambda: parse(text))
    if not isinstance(expr, LogExpr):
        return await _range_of_samples(side, call, expr, bounds, step_ns)
    window = Window(bounds.start_ns, bounds.end_ns)
    answer = await side.engine.log_query(call.tenant, expr, window=window, limit=limit, forward=forward, interval_ns=interval_ns)
    encoder = partial(encode_streams, answer.result, answer.stats, flags=call.flags, warnings=answer.warnings)
    return await side.encode(len(answer.result), encoder)


async def _range_of_samples(side: QuerySide, call: Call, expr: MetricExpr, bounds: Bounds, step_ns: int) -> Response:
    check_length(Window(bounds.start_ns, bounds.end_ns), side.engine.limits(call.tenant))
    asked = aligned(bounds, step_ns)
    answer = await side.engine.metric_query(call.tenant, expr, start_ns=asked.start_ns, end_ns=asked.end_ns, step_ns=step_ns)
    return await side.encode(answer.matrix.values.size, partial(encode_matrix, answer.matrix, answer.stats, answer.warnings))


def aligned(bounds: Bounds, step_ns: int) -> Bounds:
    """Start rounded down and end rounded up to multiples of the step, so that ranges asked for piece by piece have the same sample times."""
    return Bounds(bounds.start_ns // step_ns * step_ns, -(-bounds.end_ns // step_ns) * step_ns)


def is_scalar(expr: MetricExpr) -> bool:
    pending, found = [expr], True
    while pending and found:
        current = pending.pop()
        if isinstance(current, BinaryOperation):
            pending += (current.left, current.right)
        else:
            found = isinstance(current, Literal)
    return found
