"""`lgtm query`: asks a node over its public API, as logcli does. It knows no more than any other client."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client, TenantOption
from lgtm.cli.entries import PAGE_ENTRIES, Entry, entries_of, pages
from lgtm.cli.metrics import metrics
from lgtm.cli.output import Output, printer
from lgtm.cli.ranges import HOUR, From, OutputOption, Since, Step, To, time_of, time_range
from lgtm.cli.traces import tag_values, tags, traces

app = typer.Typer(help="Ask a node: log lines, traces, metrics, labels, series, attributes.", no_args_is_help=True, rich_markup_mode=None)

Logql = Annotated[str, typer.Argument(metavar="LOGQL", help="""A query such as '{service_name="checkout"} |= "error"'.""")]
LIMIT = 30


@app.command()
def logs(
    query: Logql,
    *,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    limit: Annotated[int, typer.Option(min=1, help="Most entries to print.")] = LIMIT,
    page: Annotated[int, typer.Option(min=2, help="Entries asked for at a time.")] = PAGE_ENTRIES,
    forward: Annotated[bool, typer.Option("--forward", help="Oldest entries first, instead of newest first.")] = False,
    step: Step = None,
    tail: Annotated[bool, typer.Option("--tail", "-f", help="Print new entries as they arrive, until interrupted.")] = False,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print log lines, or the samples of a metric query over a range."""
    start_ns, end_ns = time_range(since, begin, end)
    show = printer(output)
    with Client(addr, tenant) as client:
        if tail:
            from lgtm.cli.tail import follow

            for entries in follow(client, query, start_ns=start_ns, limit=limit):
                show.entries(entries)
            return
        direction = "forward" if forward else "backward"

        def ask(start_ns: int, end_ns: int, limit: int) -> Any:
            range_ = {"start": start_ns, "end": end_ns, "limit": limit, "direction": direction, "step": step}
            return data_of(client.get("/loki/api/v1/query_range", {"query": query, **range_}))

        first = ask(start_ns, end_ns, min(page, limit))
        if first["resultType"] != "streams":
            show.metrics(first)
            return
        answers = iter([first])

        def fetch(start_ns: int, end_ns: int, limit: int) -> list[Entry]:
            answer = next(answers, None) or ask(start_ns, end_ns, limit)
            return entries_of(answer["result"], forward=forward)

        for found in pages(fetch, start_ns, end_ns, limit=limit, forward=forward, page=page):
            show.entries(found)


app.command()(traces)
app.command()(metrics)


@app.command()
def instant(
    query: Logql,
    *,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Moment to evaluate at. Now, when missing.")] = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Evaluate a metric query at one moment."""
    at_ns = time_of(at, "--at") if at else time.time_ns()
    with Client(addr, tenant) as client:
        data = data_of(client.get("/loki/api/v1/query", {"query": query, "time": at_ns}))
    if data["resultType"] == "streams":
        printer(output).entries(entries_of(data["result"], forward=False))
    else:
        printer(output).metrics(data)


@app.command()
def labels(
    *,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print the names of all labels."""
    printer(output).texts(_ask(addr, tenant, "/loki/api/v1/labels", _range(since, begin, end)) or ())


@app.command("label-values")
def label_values(
    name: Annotated[str, typer.Argument(help="Name of the label.")],
    *,
    matcher: Annotated[str | None, typer.Option("--query", metavar="SELECTOR", help="Only of streams that this selects.")] = None,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print the values that a label has."""
    from urllib.parse import quote

    path = f"/loki/api/v1/label/{quote(name, safe='')}/values"
    printer(output).texts(_ask(addr, tenant, path, {"query": matcher, **_range(since, begin, end)}) or ())


@app.command()
def series(
    selectors: Annotated[list[str], typer.Argument(metavar="SELECTOR...", help="""Streams, such as '{env="prod"}'.""")],
    *,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print the label sets of streams."""
    parameters = {"match[]": selectors, **_range(since, begin, end)}
    printer(output).label_sets(_ask(addr, tenant, "/loki/api/v1/series", parameters) or ())


@app.command()
def stats(
    selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="Streams to look at.")],
    *,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print how many streams, chunks, entries and bytes a selector covers."""
    parameters = {"query": selector, **_range(since, begin, end)}
    with Client(addr, tenant) as client:
        found = client.get("/loki/api/v1/index/stats", parameters)
    print(json.dumps(found) if output is Output.jsonl else "\n".join(f"{name:<8} {value}" for name, value in found.items()))


@app.command()
def volume(
    selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="Streams to look at.")],
    *,
    since: Since = HOUR,
    begin: From = None,
    end: To = None,
    limit: Annotated[int, typer.Option(min=1, help="Most series to print.")] = LIMIT,
    by: Annotated[list[str] | None, typer.Option("--by", metavar="LABEL", help="Labels to sum by; those of the selector, when missing.")] = None,
    output: OutputOption = Output.default,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Print how many bytes were logged, by label."""
    targets = ",".join(by) if by else None
    parameters = {"query": selector, "limit": limit, "targetLabels": targets, **_range(since, begin, end)}
    printer(output).metrics(_ask(addr, tenant, "/loki/api/v1/index/volume", parameters))


app.command()(tags)
app.command("tag-values")(tag_values)


def data_of(answer: Mapping[str, Any]) -> Any:
    """What was asked for; warnings go to standard error, since an answer with one may be incomplete."""
    for warning in answer.get("warnings") or ():
        print(f"lgtm: warning: {warning}", file=sys.stderr)
    return answer.get("data")


def _range(since: str, begin: str | None, end: str | None) -> dict[str, int]:
    start_ns, end_ns = time_range(since, begin, end)
    return {"start": start_ns, "end": end_ns}


def _ask(addr: str, tenant: str | None, path: str, parameters: Mapping[str, object]) -> Any:
    with Client(addr, tenant) as client:
        return data_of(client.get(path, parameters))
