"""`/api/search`: which traces match."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.tempo.encode import search_fields
from lgtm.api.tempo.requests import read_search
from lgtm.api.tempo.side import Call, TraceSide


async def search(side: TraceSide, call: Call) -> Response:
    """By a query or by tags, newest first."""
    asked = await side.read(call.form.length, lambda: read_search(call.form, call.ranges))
    answer = await call.reads.search(asked)
    spans = sum(len(spanset.spans) for trace in answer.traces for spanset in trace.spansets)
    return await side.answer(
        call, len(answer.traces) + spans, lambda: search_fields(answer, plain=asked.plain), message="SearchResponse", warnings=answer.warnings
    )
