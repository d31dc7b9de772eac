"""`/api/v1/format_query` and `/api/v1/parse_query`: what can be told of a query without any data. They need no tenant."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.params import query_parameter
from lgtm.api.prometheus.side import Call, PrometheusSide, json_answer
from lgtm.promql.parser import parse
from lgtm.promql.prettier import format_query as formatted
from lgtm.promql.syntax import Expr
from lgtm.promql.tree_json import to_json


async def format_query(side: PrometheusSide, call: Call) -> Response:
    """The query laid out for people."""
    return json_answer(success(formatted(_expr(side, call))))


async def parse_query(side: PrometheusSide, call: Call) -> Response:
    """The syntax tree."""
    return json_answer(success(to_json(_expr(side, call))))


def _expr(side: PrometheusSide, call: Call) -> Expr:
    with query_parameter():
        return parse(call.form.get("query"), side.features)
