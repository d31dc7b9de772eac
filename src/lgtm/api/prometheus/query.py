"""`/api/v1/query` and `/api/v1/query_range`. Parameters are read in Prometheus' order, which decides what is complained of first."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.errors import PromQLTimeout
from lgtm.api.prometheus.encode import TRUNCATED, Remarks, encode_result, envelope, sample_count, truncated
from lgtm.api.prometheus.engine import PromAnswer
from lgtm.api.prometheus.expressions import read_query
from lgtm.api.prometheus.params import (
    optional_time,
    parameter,
    query_parameter,
    read_limit,
    read_lookback_ms,
    read_timeout_s,
    read_times,
)
from lgtm.api.prometheus.side import Call, PrometheusSide
from lgtm.api.prometheus.stats import deprecation, stats_json
from lgtm.promql.prepare import require_range_kind
from lgtm.promql.times import Times


async def query(side: PrometheusSide, call: Call) -> Response:
    """The expression at one time: a vector, a scalar, a string, or the samples of a range vector."""
    limit = read_limit(call.form.get("limit"))
    time_ms = optional_time("time", call.form.get("time"), call.now_ms)
    return await _query(side, call, Times(time_ms, time_ms), limit)


async def query_range(side: PrometheusSide, call: Call) -> Response:
    """The expression at each step: a matrix."""
    form = call.form
    limit = read_limit(form.get("limit"))
    times = read_times(form.get("start"), form.get("end"), form.get("step"), side.config.points_max)
    return await _query(side, call, times, limit)


async def _query(side: PrometheusSide, call: Call, times: Times, limit: int) -> Response:
    """times: without a step for an instant query."""
    is_range = times.step_ms != 0
    answer = await _evaluated(side, call, times)
    result, asked = answer.result, call.form.get("stats")
    cut = [TRUNCATED] if truncated(result, limit) else []
    remarks = Remarks([*result.warnings, *cut, *deprecation(asked), *answer.warnings], result.infos)

    def encoder() -> bytes:
        return envelope(encode_result(result, is_range=is_range, limit=limit, stats=stats_json(answer, asked)), remarks)

    return await side.encode(sample_count(result), encoder)


async def _evaluated(side: PrometheusSide, call: Call, times: Times) -> PromAnswer:
    form = call.form
    timeout_s = read_timeout_s(form.get("timeout"))
    lookback_ms = read_lookback_ms(form.get("lookback_delta"), side.config.lookback_ms)
    with query_parameter():
        expr = await read_query(side, form.get("query"))
        if times.step_ms:
            require_range_kind(expr)
    tenant = call.tenant
    if timeout_s is not None and timeout_s <= 0:
        raise PromQLTimeout("query execution")
    with parameter("query"):
        return await side.engine.query(tenant, expr, times, lookback_ms=lookback_ms, timeout_s=timeout_s, features=side.features)
