"""`lgtm query traces`, `tags`, `tag-values`: asks over Tempo's API, as Grafana does. It knows no more than any other client."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import typer

from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client, TenantOption
from lgtm.cli.output import Line, Output, Printer, Tone, one_line, printer
from lgtm.cli.ranges import HOUR, From, OutputOption, Since, Step, To, time_of, time_range
from lgtm.cli.sparkline import spark_rows
from lgtm.cli.times import format_time, short_duration
from lgtm.cli.trace_tree import Span, attributes_of, in_tree_order, spans_of
from lgtm.cli.waterfall import Shown, waterfall
from lgtm.clock import NS_PER_S
from lgtm.errors import NotFound

TRACES, SPANS = 30, 1_000
"""How many are printed unless --limit says otherwise."""
WIDTH_UNKNOWN = 120
_WIDTH_MIN = 60
_WARNING_HEADER = "x-lgtm-warning"
_ID_DIGITS = 32
_HEX = frozenset("0123456789abcdefABCDEF")
_NS_PER_MS = NS_PER_S // 1_000

Traceql = Annotated[str, typer.Argument(metavar="TRACEQL|ID", help="""A query such as '{status=error}', or the hex digits of a trace's id.""")]
Limit = Annotated[int | None, typer.Option(min=1, help=f"Most traces to list ({TRACES}), or spans of one trace to draw ({SPANS}).")]
TraceOutput = Annotated[
    Output,
    typer.Option(
        "--output", "-o", help="default: for people; raw: ids only, or the trace as OTLP has it; jsonl: an object for each trace, span or series."
    ),
]


class NoSuchTrace(NotFound):
    def __init__(self, trace_id: str) -> None:
        self.trace_id = trace_id

    def __str__(self) -> str:
        return f"no span of trace {self.trace_id} was found"


def traces(
    query: Traceql,
    *,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    limit: Limit = None,
    events: Annotated[bool, typer.Option("--events", help="List the events of each span of a trace.")] = False,
    attributes: Annotated[bool, typer.Option("--attributes", help="List the attributes of each span of a trace, and of each resource once.")] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="The query is one of metrics, such as '{} | rate() by (resource.service.name)'.")
    ] = False,
    step: Step = None,
    output: TraceOutput = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """List traces that match, newest first; draw the one that has the given id; or print metrics of spans.

    A trace is looked for at all times unless --from or --to is given.
    """
    show = printer(output)
    with Client(addr, tenant) as client:
        if metrics:
            start_ns, end_ns = time_range(since, begin, end)
            answer = ask(client, "/api/metrics/query_range", {"q": query, "start": start_ns, "end": end_ns, "step": step})
            _show_metrics(answer, output, show)
        elif is_trace_id(query):
            answer = ask(client, f"/api/v2/traces/{query}", _seconds(begin and time_of(begin, "--from"), end and time_of(end, "--to")))
            shown = Shown(width=_width(), rows=limit or SPANS, events=events, attributes=attributes)
            _show_trace(query, answer.get("trace") or {}, shown, output, show)
        else:
            most = limit or TRACES
            answer = ask(client, "/api/search", {"q": query, "limit": most, **_seconds(*time_range(since, begin, end))})
            _show_found(answer.get("traces") or [], output, show)


def tags(
    *,
    matching: Annotated[str | None, typer.Option("--query", metavar="TRACEQL", help="Only of spans that this matches.")] = None,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print the names of all attributes of spans, as TraceQL writes them."""
    with Client(addr, tenant) as client:
        answer = ask(client, "/api/v2/search/tags", {"q": matching, **_seconds(*time_range(since, begin, end))})
    scopes = [(scope.get("name"), scope.get("tags") or ()) for scope in answer.get("scopes") or ()]
    printer(output).texts(name if scope == "intrinsic" else f"{scope}.{name}" for scope, names in scopes for name in names)


def tag_values(
    name: Annotated[str, typer.Argument(help="Name of the attribute, such as resource.service.name.")],
    *,
    matching: Annotated[str | None, typer.Option("--query", metavar="TRACEQL", help="Only of spans that this matches.")] = None,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print the values that an attribute of spans has."""
    path = f"/api/v2/search/tag/{quote(name, safe='')}/values"
    with Client(addr, tenant) as client:
        answer = ask(client, path, {"q": matching, **_seconds(*time_range(since, begin, end))})
    printer(output).texts(value.get("value") or "" for value in answer.get("tagValues") or ())


def is_trace_id(text: str) -> bool:
    """No query of TraceQL has hex digits only."""
    return 0 < len(text) <= _ID_DIGITS and _HEX.issuperset(text)


def ask(client: Client, path: str, parameters: Mapping[str, object]) -> Any:
    """The answer's JSON; what it may lack goes to standard error."""
    document, headers = client.get_with_headers(path, parameters)
    if warning := headers.get(_WARNING_HEADER) or document.get("message"):
        print(f"lgtm: warning: {warning}", file=sys.stderr)
    return document


def _seconds(start_ns: int | str | None, end_ns: int | str | None) -> dict[str, int | None]:
    """Whole seconds that hold the range, which is how Tempo's API takes it."""
    return {"start": int(start_ns) // NS_PER_S if start_ns else None, "end": -(-int(end_ns) // NS_PER_S) if end_ns else None}


def _show_found(found: list[dict[str, Any]], output: Output, show: Printer) -> None:
    found = sorted(found, key=_start_ns, reverse=True)
    if output is Output.raw:
        show.texts(_trace_id(trace) for trace in found)
    elif output is Output.jsonl:
        show.documents({**trace, "traceID": _trace_id(trace)} for trace in found)
    else:
        show.lines(found_rows(found))


def found_rows(found: list[dict[str, Any]]) -> Iterator[Line]:
    """start, duration, id, root, how many spans matched, how many failed."""
    for trace in found:
        start_ns = _start_ns(trace) // _NS_PER_MS * _NS_PER_MS
        duration = short_duration(int(trace.get("durationMs") or 0) * _NS_PER_MS)
        root = one_line(f"{trace.get('rootServiceName') or '-'}: {trace.get('rootTraceName') or '-'}")
        matched = sum(int(spanset.get("matched") or 0) for spanset in trace.get("spanSets") or ())
        errors = sum(int(stats.get("errorCount") or 0) for stats in (trace.get("serviceStats") or {}).values())
        counts = [f"{matched} matched"] * bool(matched) + [f"✗ {errors}"] * bool(errors)
        text = f"{format_time(start_ns):<24}  {duration:>8}  {_trace_id(trace)}  {root}  {', '.join(counts)}"
        yield Line(text.rstrip(), Tone.ERROR if errors else Tone.PLAIN)


def _start_ns(trace: Mapping[str, Any]) -> int:
    return int(trace.get("startTimeUnixNano") or 0)


def _trace_id(trace: Mapping[str, Any]) -> str:
    """With the leading zeros that Tempo leaves out: logs have them."""
    return str(trace.get("traceID") or "").zfill(_ID_DIGITS)


def _show_trace(trace_id: str, trace: dict[str, Any], shown: Shown, output: Output, show: Printer) -> None:
    spans = spans_of(trace)
    if not spans:
        raise NoSuchTrace(trace_id)
    if output is Output.raw:
        show.documents([trace])
        return
    if output is Output.jsonl:
        show.documents(span_document(placed.span) for placed in islice(in_tree_order(spans), shown.rows))
    else:
        show.lines(waterfall(spans, shown))
    if len(spans) > shown.rows:
        print(f"lgtm: {len(spans) - shown.rows:,} more spans are not shown; raise --limit", file=sys.stderr)


def span_document(span: Span) -> dict[str, Any]:
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_id,
        "service": span.service,
        "name": span.name,
        "kind": span.kind,
        "start": format_time(span.start_ns),
        "duration_ns": span.end_ns - span.start_ns,
        "status": span.status,
        "status_message": span.message,
        "attributes": span.attributes,
        "resource": span.resource,
        "events": [{"time": format_time(event.ts_ns), "name": event.name, "attributes": event.attributes} for event in span.events],
    }


def _show_metrics(answer: Mapping[str, Any], output: Output, show: Printer) -> None:
    result = [_matrix_series(series) for series in answer.get("series") or ()]
    if output is Output.default:
        show.lines(map(Line, spark_rows(result)))
    else:
        show.documents(result)


def _matrix_series(series: Mapping[str, Any]) -> dict[str, Any]:
    """As a log query's metrics are: Tempo leaves out values that are 0, and has attributes where those have labels."""
    labels = {name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes_of(series.get("labels")).items()}
    values = [[int(sample.get("timestampMs") or 0) / 1_000, str(sample.get("value") or 0)] for sample in series.get("samples") or ()]
    return {"metric": labels, "values": values}


def _width() -> int:
    return max(_WIDTH_MIN, shutil.get_terminal_size((WIDTH_UNKNOWN, 0)).columns)
