"""`/api/v1/format_query` and `/api/v1/parse_query`: what can be told of a query without any data. They need no tenant."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.expressions import with_query
from lgtm.api.prometheus.params import query_parameter
from lgtm.api.prometheus.side import Call, PrometheusSide, json_answer
from lgtm.promql.prettier import format_query as formatted
from lgtm.promql.syntax import Expr
from lgtm.promql.tree_json import to_json


async def format_query(side: PrometheusSide, call: Call) -> Response:
    """The query laid out for people."""
    return await _told(side, call, lambda expr: success(formatted(expr)))


async def parse_query(side: PrometheusSide, call: Call) -> Response:
    """The syntax tree."""
    return await _told(side, call, lambda expr: success(to_json(expr)))


async def _told(side: PrometheusSide, call: Call, encoded: Callable[[Expr], bytes]) -> Response:
    with query_parameter():
        return json_answer(await with_query(side, call.form.get("query"), encoded))
