"""`/loki/api/v1/format_query`: a query as people lay it out. It needs no tenant, and its errors are JSON."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lgtm.api.errors import message_of, status_of
from lgtm.api.loki.encode import dump
from lgtm.api.loki.form import read_form
from lgtm.api.loki.side import Endpoint, QuerySide
from lgtm.logql.parser import parse
from lgtm.logql.printer import pretty


def format_query_endpoint(side: QuerySide) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            form = await read_form(request, side.config)
            text = form.get("query")
            return _json({"status": "success", "data": await side.read(len(text), lambda: pretty(parse(text)))}, 200)
        except Exception as error:
            return _json({"status": "invalid-query", "error": message_of(error)}, status_of(error))

    return answer


def _json(body: dict[str, str], status: int) -> Response:
    return Response(dump(body), status, headers={"Content-Type": "application/json; charset=utf-8"})
