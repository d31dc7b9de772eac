"""Recorded requests asked of the package, and answers in the form in which they were recorded.

Numbers are tagged with their type, times are offsets, and what identifies a span, a trace or a series is its key.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from lgtm.errors import BadRequest
from lgtm.parsing.gonumbers import parse_duration
from lgtm.traceql.check import validate
from lgtm.traceql.columns import Item
from lgtm.traceql.lenient import parse_filter, parse_tag
from lgtm.traceql.metrics import Metrics, Series
from lgtm.traceql.parser import parse
from lgtm.traceql.search import FoundSpanset, FoundTrace, Search
from lgtm.traceql.series_labels import TypedLabels
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps, default_step_ns
from lgtm.traceql.syntax import SCOPES, TRUE
from lgtm.traceql.tags import BareTagValues, TagNames, TagValues
from traceql.dataset import T0_NS, tables

NS_PER_S = 10**9
SLICES = 3


class Unasked(Exception):
    """The case is about the HTTP API and not about the language."""


def ask(case: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and answer."""
    params = {name: _fill(value) for name, value in case.get("params", {}).items()}
    try:
        return 200, _answer(case, params)
    except BadRequest as error:
        return 400, str(error)


def _fill(value: Any) -> str:
    if isinstance(value, dict):
        return str(T0_NS // NS_PER_S + value["t"])
    return re.sub(r"@(s|ns|float|rfc3339)\((-?[\d.]+)\)", _moment, value)


def _moment(found: re.Match[str]) -> str:
    at_ns = T0_NS + round(float(found[2]) * NS_PER_S)
    if found[1] == "rfc3339":
        return datetime.fromtimestamp(at_ns / NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"s": str(at_ns // NS_PER_S), "ns": str(at_ns)}.get(found[1], f"{at_ns / NS_PER_S:.3f}")


def _search(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    query = parse(params.get("q") or "{}")
    validate(query)
    start_ns, end_ns = _search_window(params)
    search = Search(query, limit=int(params.get("limit", 20)), spans_max=int(params.get("spss", 3)), window=(start_ns, end_ns))
    for tenant in _tenants(case):
        for table in tables(tenant, SLICES):
            search.add(table)
    found = [_trace(trace) for trace in search.results()]
    if not params.get("q"):  # a search by tags, or for everything, shows no spans
        found = [{name: value for name, value in trace.items() if not name.startswith("spanSet")} for trace in found]
    return {"order": [trace["traceID"] for trace in found], "traces": {trace.pop("traceID"): trace for trace in found}}


def _search_window(params: Mapping[str, str]) -> tuple[int, int]:
    start, end = params.get("start", "0"), params.get("end", "1")
    if "since" in params or not (start.isdigit() and end.isdigit() and int(start) < 2**32):
        raise Unasked
    return int(start) * NS_PER_S, int(end) * NS_PER_S


def _tenants(case: Mapping[str, Any]) -> list[str]:
    header = case.get("headers", {}).get("X-Scope-OrgID")
    if header is None:
        return [case.get("tenant", "")]
    return [one.replace("{tenant}", "").removeprefix("-") for one in header.split("|")]


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
    query = parse(params.get("q") or params["query"])
    validate(query)
    metrics = Metrics(query, steps, exemplars=int(params.get("exemplars", 100)))
    for tenant in _tenants(case):
        for table in tables(tenant, SLICES):
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
    if "since" in params:
        raise Unasked
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
    for table in _asked_tables(case, params):
        names.add(table)
    scope, ignored = params.get("scope", "none"), set(case.get("ignore", ()))
    limit = int(params["limit"]) if params.get("limit", "").isdigit() else None
    if "/v2/" not in case["path"]:
        found = names.all_names() if scope == "none" else names.names(scope) if scope in (*SCOPES, "intrinsic") else []
        return {"tagNames": found[:limit]}
    by_scope = {each: [name for name in names.names(each) if name not in ignored] for each in (*SCOPES, "intrinsic") if scope in ("none", each)}
    return {"scopes": {each: found for each, found in by_scope.items() if found}}


def _tag_values(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    name = unquote(case["path"].split("/tag/")[1].removesuffix("/values"))
    most = int(params["limit"]) if params.get("limit", "").isdigit() else None
    values: TagValues | BareTagValues = BareTagValues(name)
    if "/v2/" in case["path"]:
        values = TagValues(parse_tag(name), parse_filter(params["q"]) if "q" in params else TRUE, most=most)
    for table in _asked_tables(case, params):
        values.add(table)
    return {"tagValues": [list(value) if isinstance(value, tuple) else value for value in values.values()]}


def _asked_tables(case: Mapping[str, Any], params: Mapping[str, str]) -> Iterator[SpanTable]:
    """The window is not looked at: the cases ask for all of the data, or for times that only the HTTP API has an opinion on."""
    if set(params) & {"maxStaleValues"} or ("scope" in params and params["scope"] not in (*SCOPES, "intrinsic", "none", "trace")):
        raise Unasked
    if params.get("end", "") != str(T0_NS // NS_PER_S + 1850) or not params.get("limit", "1").isdigit():
        raise Unasked
    for tenant in _tenants(case):
        yield from tables(tenant, SLICES)


def _pairs(attributes: Sequence[tuple[str, Item]]) -> list[list[Any]]:
    return sorted(([name, tagged(value)] for name, value in attributes), key=canonical)


def tagged(value: Item) -> Any:
    if isinstance(value, list):
        return [tagged(member) for member in value]
    if isinstance(value, bool | str):
        return value
    return {"int": value} if isinstance(value, int) else {"double": number(value)}


def number(value: float) -> Any:
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _answer(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    path = case["path"]
    if path in _ANSWERS:
        return _ANSWERS[path](case, params)
    return _tag_values(case, params) if path.endswith("/values") else _tags(case, params)


_ANSWERS = {"/api/search": _search, "/api/metrics/query_range": _range, "/api/metrics/query": _instant}


def passes(case: Mapping[str, Any]) -> str:
    """Empty when the answer is as recorded, else what differs."""
    status, answer = ask(case)
    if status != case["status"]:
        return f"status {status}, recorded {case['status']}: {canonical(answer)[:300]}"
    how = case["compare"]
    if status != 200 or how == "status":
        return "" if how != "status+text" or str(answer) in case["response"] else f"recorded {case['response']!r}, got {answer!r}"
    return difference(case["response"], project(how, answer))


def project(how: str, answer: Any) -> Any:
    """What the case compares of an answer."""
    if "order" in answer:
        traces = answer["traces"]
        if how == "count":
            return {"traces": len(traces)}
        if how == "matched":
            return {key.lstrip("0"): sorted([s["matched"], len(s["spans"])] for s in trace.get("spanSets", [])) for key, trace in traces.items()}
        if how == "unordered":
            return {"traces": traces}
    if how == "count":
        return {name: len(members) for name, members in answer.items()}
    return shape(answer) if how == "shape" else answer


def shape(value: Any) -> Any:
    """Types in the place of values; a list is the shapes of its members, each once."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return sorted({canonical(shape(member)): shape(member) for member in value}.values(), key=canonical)
    return {bool: "boolean", int: "number", float: "number", str: "string"}.get(type(value), "null")


def difference(want: Any, got: Any, where: str = "") -> str:
    """The first place where two values disagree. Floats agree within 1e-9."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key in [*want, *(key for key in got if key not in want)]:
            if key not in got or key not in want:
                return f"{where}.{key}: {'missing' if key in want else 'unexpected'} {canonical(want.get(key, got.get(key)))[:200]}"
            if found := difference(want[key], got[key], f"{where}.{key}"):
                return found
        return ""
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return next((found for w, g in zip(want, got, strict=True) if (found := difference(w, g, f"{where}[]"))), "")
    if isinstance(want, float) and isinstance(got, float | int) and not isinstance(got, bool):
        return "" if math.isclose(want, got, rel_tol=1e-9, abs_tol=1e-12) else f"{where}: want {want}, got {got}"
    return "" if type(want) is type(got) and want == got else f"{where}: want {canonical(want)[:200]}, got {canonical(got)[:200]}"
