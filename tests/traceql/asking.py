"""Recorded requests asked of the package, and answers in the form in which they were recorded.

Numbers are tagged with their type, times are offsets, and what identifies a span, a trace or a series is its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest
from lgtm.parsing.gonumbers import parse_duration
from lgtm.traceql.check import validate
from lgtm.traceql.columns import Item
from lgtm.traceql.field_syntax import SCOPES, TRUE
from lgtm.traceql.legacy import tag_search
from lgtm.traceql.lenient import parse_filter, parse_tag
from lgtm.traceql.metrics import Metrics, Series
from lgtm.traceql.parser import parse
from lgtm.traceql.search import FoundSpanset, FoundTrace, Search
from lgtm.traceql.series_labels import TypedLabels
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps, default_step_ns
from lgtm.traceql.syntax import Query
from lgtm.traceql.tags import BareTagValues, TagNames, TagValues
from traceql.comparing import canonical, number, tagged
from traceql.dataset import T0_NS, tables

SLICES = 3
"""Into how many tables the data set is cut, newest first."""

_REFUSED_BY_THE_API = re.compile(
    "invalid (limit|spss|start|end|scope|minDuration|maxDuration|maxStaleValues|request)|limit .* exceeds|http parameter|range specified"
    "|error parsing date range|could not parse|step of|cannot parse|end must be|metrics query time range"
)
_UNREAD = frozenset({"since", "maxStaleValues", "foo"})
_ALL_SCOPES = (*SCOPES, "intrinsic")


def is_for_the_api(case: Mapping[str, Any]) -> bool:
    """Whether the case asks how parameters are read, which is not the language's business."""
    params, answer = case.get("params", {}), case.get("response")
    if isinstance(answer, str) and _REFUSED_BY_THE_API.search(answer.removeprefix("compiling query: ")):
        return True
    if _UNREAD & params.keys() or params.get("scope") == "trace" or "end" not in params or not params.get("limit", "1").isdigit():
        return True
    if "/tag" in case["path"]:
        return bool(params["end"] != {"t": 1850})
    if case["path"] == "/api/search":
        return any(str(params[name]).startswith("@") for name in ("start", "end"))
    return not str(params.get("exemplars", "0")).isdigit()


def ask(case: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and answer."""
    params = {name: _fill(value) for name, value in case.get("params", {}).items()}
    try:
        return 200, _answer(case, params)
    except BadRequest as error:
        return 400, str(error)


def _answer(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    match case["path"].removeprefix("/api/").removeprefix("v2/"):
        case "search":
            return _search(case, params)
        case "metrics/query_range":
            return _range(case, params)
        case "metrics/query":
            return _instant(case, params)
        case "search/tags":
            return _tags(case, params)
        case _:
            return _tag_values(case, params)


def _fill(value: Any) -> str:
    if isinstance(value, dict):
        return str(T0_NS // NS_PER_S + value["t"])
    return re.sub(r"@(s|ns|float|rfc3339)\((-?[\d.]+)\)", _moment, value)


def _moment(found: re.Match[str]) -> str:
    at_ns = T0_NS + round(float(found[2]) * NS_PER_S)
    if found[1] == "rfc3339":
        return datetime.fromtimestamp(at_ns / NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"s": str(at_ns // NS_PER_S), "ns": str(at_ns)}.get(found[1], f"{at_ns / NS_PER_S:.3f}")


def _tables(case: Mapping[str, Any]) -> Iterator[SpanTable]:
    header = case.get("headers", {}).get("X-Scope-OrgID")
    tenants = [case.get("tenant", "")] if header is None else [one.replace("{tenant}", "").removeprefix("-") for one in header.split("|")]
    for tenant in tenants:
        yield from tables(tenant, SLICES)


def _search(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    query = _by_tags(params) if not params.get("q") else parse(params["q"])
    validate(query)
    window = int(params["start"]) * NS_PER_S, int(params["end"]) * NS_PER_S
    search = Search(query, limit=int(params.get("limit", 20)), spans_max=int(params.get("spss", 3)), window=window)
    for table in _tables(case):
        search.add(table)
    found = [_trace(trace) for trace in search.results()]
    if not params.get("q"):  # a search by tags, or for everything, tells no more than which traces there are
        told = ("traceID", "rootServiceName", "rootTraceName", "start", "durationMs")
        found = [{name: trace[name] for name in told if name in trace} for trace in found]
    return {"order": [trace["traceID"] for trace in found], "traces": {trace.pop("traceID"): trace for trace in found}}


def _by_tags(params: Mapping[str, str]) -> Query:
    bounds = {f"duration_ns_{which}": parse_duration(params[f"{which}Duration"]) for which in ("min", "max") if f"{which}Duration" in params}
    return tag_search(params.get("tags", ""), **bounds)


def _trace(trace: FoundTrace) -> dict[str, Any]:
    return {
        "traceID": trace.trace_id.lstrip("0"),
        "rootServiceName": trace.root_service_name,
        **({"rootTraceName": trace.root_name} if trace.root_name else {}),
        "start": trace.start_ns - T0_NS,
        "durationMs": trace.duration_ms,
        "spanSets": sorted((_spanset(spanset) for spanset in trace.spansets), key=canonical),
        "spanSet": "one of spanSets",
        "serviceStats": {name: list(stats) for name, stats in trace.service_stats.items()},
    }


def _spanset(spanset: FoundSpanset) -> dict[str, Any]:
    spans: dict[str, Any] = {}
    for span in spanset.spans:
        shown: dict[str, Any] = {"name": span.name} if span.name else {}
        shown |= {"start": span.start_ns - T0_NS, "duration": span.duration_ns}
        if span.attributes:
            shown["attributes"] = _pairs(span.attributes)
        spans[span.span_id if span.span_id not in spans else f"{span.span_id} #{len(spans)}"] = shown
    found = {"matched": spanset.matched, "spans": spans}
    return found | ({"attributes": _pairs(spanset.attributes)} if spanset.attributes else {})


def _range(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    start_ns, end_ns = _window(params)
    step_ns = _step_ns(params["step"]) if "step" in params else default_step_ns(start_ns, end_ns)
    steps = Steps.ranging(start_ns, end_ns, step_ns)
    moments = steps.moments_ns.tolist()
    found = {}
    for series in _series(case, params, steps):
        samples = [
            [round((moment - T0_NS) / NS_PER_S, 3), number(float(value))]
            for moment, value, present in zip(moments, series.values, series.present, strict=True)
            if present
        ]
        found[_key(series.labels)] = {"samples": samples} | _exemplars(case, series)
    return {"series": found}


def _instant(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    steps = Steps.instant(*_window(params))
    return {"series": {_key(series.labels): {"value": number(float(series.values[0]))} for series in _series(case, params, steps)}}


def _series(case: Mapping[str, Any], params: Mapping[str, str], steps: Steps) -> list[Series]:
    query = parse(params.get("q") or params.get("query") or "")
    validate(query)
    metrics = Metrics(query, steps, exemplars=int(params.get("exemplars", 100)))
    for table in _tables(case):
        metrics.add(table)
    ignored = set(case.get("ignore", ()))
    return [series for series in metrics.results() if not ignored & {name for name, _ in series.labels}]


def _key(labels: TypedLabels) -> str:
    return ", ".join(f"{name}={canonical(value)}" for name, value in _pairs(labels))


def _exemplars(case: Mapping[str, Any], series: Series) -> dict[str, Any]:
    if not case.get("exemplars") or not series.exemplars:
        return {}
    return {"exemplars": sorted(([number(one.value or 0.0), _pairs(one.labels)] for one in series.exemplars), key=canonical)}


def _window(params: Mapping[str, str]) -> tuple[int, int]:
    return _time_ns(params["start"]), _time_ns(params["end"])


def _time_ns(text: str) -> int:
    if "T" in text:
        return int(datetime.fromisoformat(text).timestamp()) * NS_PER_S
    if "." in text:
        return round(float(text) * 1000) * 10**6
    return int(text) * (NS_PER_S if len(text) <= 10 else 1)


def _step_ns(text: str) -> int:
    return round(float(text) * NS_PER_S) if re.fullmatch(r"[0-9.]+", text) else parse_duration(text)


def _tags(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    names = TagNames(parse_filter(params["q"]) if "q" in params else TRUE)
    for table in _tables(case):
        names.add(table)
    scope, ignored = params.get("scope", "none"), set(case.get("ignore", ()))
    limit = int(params["limit"]) if params.get("limit", "").isdigit() else None
    if "/v2/" not in case["path"]:
        found = names.all_names() if scope == "none" else names.names(scope) if scope in _ALL_SCOPES else []
        return {"tagNames": found[:limit]}
    by_scope = {each: [name for name in names.names(each) if name not in ignored] for each in _ALL_SCOPES if scope in ("none", each)}
    return {"scopes": {each: found for each, found in by_scope.items() if found}}


def _tag_values(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    name = unquote(case["path"].split("/tag/")[1].removesuffix("/values"))
    most = int(params["limit"]) if params.get("limit", "").isdigit() else None
    values: TagValues | BareTagValues = BareTagValues(name)
    if "/v2/" in case["path"]:
        values = TagValues(parse_tag(name), parse_filter(params["q"]) if "q" in params else TRUE, most=most)
    for table in _tables(case):
        values.add(table)
    return {"tagValues": [list(value) if isinstance(value, tuple) else value for value in values.values()]}


def _pairs(attributes: Sequence[tuple[str, Item]]) -> list[list[Any]]:
    return sorted(([name, tagged(value)] for name, value in attributes), key=canonical)
