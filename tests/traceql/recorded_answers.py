"""Recorded requests asked of the package, and answers in the form in which they were recorded.

Numbers are tagged with their type, times are offsets, and what identifies a span, a trace or a series is its key.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from lgtm.errors import BadRequest
from lgtm.traceql.check import validate
from lgtm.traceql.columns import Item
from lgtm.traceql.parser import parse
from lgtm.traceql.search import FoundSpanset, FoundTrace, Search
from traceql.dataset import T0_NS, tables

NS_PER_S = 10**9
SLICES = 3


def ask(case: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and answer."""
    params = {name: _fill(value) for name, value in case.get("params", {}).items()}
    try:
        return 200, _ANSWERS[case["path"]](case, params)
    except BadRequest as error:
        return 400, str(error)


def _fill(value: Any) -> str:
    if isinstance(value, dict):
        return str(T0_NS // NS_PER_S + value["t"])
    return re.sub(r"@(s|ns|float|rfc3339)\((-?[\d.]+)\)", _moment, value)


def _moment(found: re.Match[str]) -> str:
    at_ns = T0_NS + round(float(found[2]) * NS_PER_S)
    return {"s": str(at_ns // NS_PER_S), "ns": str(at_ns)}.get(found[1], f"{at_ns / NS_PER_S:.3f}")


def _search(case: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    query = parse(params.get("q") or "{}")
    validate(query)
    start_ns = int(params.get("start", 0)) * NS_PER_S
    end_ns = int(params.get("end", 2**33)) * NS_PER_S
    search = Search(query, limit=int(params.get("limit", 20)), spans_max=int(params.get("spss", 3)), window=(start_ns, end_ns))
    for tenant in _tenants(case):
        for table in tables(tenant, SLICES):
            search.add(table)
    found = [_trace(trace) for trace in search.results()]
    if not params.get("q"):  # a search by tags, or for everything, shows no spans
        found = [{name: value for name, value in trace.items() if not name.startswith("spanSet")} for trace in found]
    return {"order": [trace["traceID"] for trace in found], "traces": {trace.pop("traceID"): trace for trace in found}}


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


def _pairs(attributes: tuple[tuple[str, Item], ...]) -> list[list[Any]]:
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


_ANSWERS = {"/api/search": _search}


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
    return answer


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
