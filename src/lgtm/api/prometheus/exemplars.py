"""`/api/v1/query_exemplars`: exemplars of every series that a query reads."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.json_text import json_bytes
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.prometheus.encode import Remarks, envelope
from lgtm.api.prometheus.engine import ExemplarSeries, FoundExemplar
from lgtm.api.prometheus.expressions import with_query
from lgtm.api.prometheus.numbers import time_text, value_text
from lgtm.api.prometheus.params import read_bounds
from lgtm.api.prometheus.side import Call, PrometheusSide, no_content
from lgtm.model.matchers import Matchers
from lgtm.promql.syntax import Expr, VectorSelector, children_of


async def query_exemplars(side: PrometheusSide, call: Call) -> Response:
    """Nothing at all for an expression that reads no series."""
    bounds = read_bounds(call.form.get("start"), call.form.get("end"))
    if bounds.end_ms < bounds.start_ms:
        raise InvalidParameter("end timestamp must not be before start timestamp")
    selectors = await with_query(side, call.form.get("query"), selectors_of)
    if not selectors:
        return no_content()
    found = await side.engine.exemplars(call.tenant, selectors, bounds.start_ms, bounds.end_ms)
    count = sum(len(each.exemplars) for each in found.series)
    return await side.encode(count, lambda: envelope(_encoded(found.series), Remarks(found.warnings)))


def selectors_of(expr: Expr) -> list[Matchers]:
    """The matchers of every selector in the expression, each once."""
    pending, found = [expr], dict[Matchers, None]()
    while pending:
        current = pending.pop()
        if isinstance(current, VectorSelector):
            found[current.matchers] = None
        pending += reversed(children_of(current))
    return list(found)


def _encoded(series: list[ExemplarSeries]) -> bytes:
    members = [
        b'{"seriesLabels":%b,"exemplars":[%b]}' % (json_bytes(dict(each.labels)), b",".join(map(_exemplar, each.exemplars))) for each in series
    ]
    return b"[%b]" % b",".join(members)


def _exemplar(exemplar: FoundExemplar) -> bytes:
    value, time = value_text(exemplar.value).encode(), time_text(exemplar.ts_ms).encode()
    return b'{"labels":%b,"value":"%b","timestamp":%b}' % (json_bytes(dict(exemplar.labels)), value, time)
