"""`/api/metrics/query_range` and `/api/metrics/query`: numbers about spans, at steps or as one."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.tempo.encode import instant_fields, range_fields
from lgtm.api.tempo.requests import MetricsRequest, read_instant, read_range
from lgtm.api.tempo.side import Call, TraceSide


async def query_range(side: TraceSide, call: Call) -> Response:
    asked = await side.read(call.form.length, lambda: read_range(call.form, call.ranges))
    answer = await call.reads.metrics(asked)
    most = series_max(side, asked)
    values = len(answer.series) * asked.steps.count
    return await side.answer(call, values, lambda: range_fields(answer, asked.steps, most), warnings=answer.warnings)


async def query_instant(side: TraceSide, call: Call) -> Response:
    """One step that is as long as the range."""
    asked = await side.read(call.form.length, lambda: read_instant(call.form, call.ranges))
    answer = await call.reads.metrics(asked)
    most = series_max(side, asked)
    return await side.answer(call, len(answer.series), lambda: instant_fields(answer, most), warnings=answer.warnings)


def series_max(side: TraceSide, asked: MetricsRequest) -> int:
    return min(asked.series_max or side.config.series_max, side.config.series_max)
