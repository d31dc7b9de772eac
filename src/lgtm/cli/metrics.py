"""`lgtm query metrics`: asks in PromQL over Prometheus' API, as Grafana does. It knows no more than any other client."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client, TenantOption
from lgtm.cli.output import Line, Output, printer
from lgtm.cli.ranges import HOUR, From, OutputOption, Since, Step, To, time_of, time_range
from lgtm.cli.sparkline import WIDTH, spark_rows
from lgtm.clock import NS_PER_S

STEP_S_MIN = 1
"""Samples come every some seconds."""

Promql = Annotated[str, typer.Argument(metavar="PROMQL", help="A query such as 'sum by (path) (rate(lgtm_http_requests_total[5m]))'.")]
At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="Evaluate at one moment (RFC 3339, date, seconds, `now`), not over a range.")]


def metrics(
    query: Promql,
    *,
    at: At = None,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    step: Step = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Evaluate PromQL: over a range, drawn as bars, or at one moment."""
    show = printer(output)
    with Client(addr, tenant) as client:
        if at is not None:
            moment = {} if at == "now" else {"time": time_of(at, "--at") / NS_PER_S}
            data = _data_of(client.get("/prometheus/api/v1/query", {"query": query, **moment}))
            if data["resultType"] == "string":
                show.texts([data["result"][1]])
            else:
                show.metrics({**data, "result": _readable(data["result"])})
            return
        start_ns, end_ns = time_range(since, begin, end)
        step = step or f"{max(STEP_S_MIN, (end_ns - start_ns) // NS_PER_S // WIDTH)}s"
        range_ = {"start": start_ns / NS_PER_S, "end": end_ns / NS_PER_S, "step": step}
        data = _data_of(client.get("/prometheus/api/v1/query_range", {"query": query, **range_}))
    if output is Output.default:
        show.lines(map(Line, spark_rows(_readable(data["result"]))))
    else:
        show.documents(data["result"])


def _data_of(answer: Mapping[str, Any]) -> Any:
    """What was asked for; warnings and remarks go to standard error."""
    for kind in ("warnings", "infos"):
        for text in answer.get(kind) or ():
            print(f"lgtm: {kind.removesuffix('s')}: {text}", file=sys.stderr)
    return answer["data"]


def _readable(result: Any) -> Any:
    """Native histograms in one line: their count over a range, all of them at a moment."""
    if not result or not isinstance(result[0], Mapping):
        return result
    return [_series(one) for one in result]


def _series(one: Mapping[str, Any]) -> dict[str, Any]:
    if "histogram" in one:
        moment, histogram = one["histogram"]
        return {"metric": one["metric"], "value": [moment, json.dumps(histogram)]}
    counts = [[moment, histogram["count"]] for moment, histogram in one.get("histograms") or ()]
    return {**one, "values": sorted([*one.get("values", ()), *counts])} if "value" not in one else dict(one)
