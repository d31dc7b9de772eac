"""Answers over HTTP in the form in which those of Tempo were recorded.

Times are offsets, ids are hex, numbers are tagged with their type, and what identifies a resource, span, trace or series is its key. Unknown fields
are kept, so that they show as differences: Grafana refuses them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection
from typing import Any

import httpx
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lgtm.clock import NS_PER_S
from lgtm.wire.tempo_messages import read_message
from traceql.comparing import canonical, number
from traceql.dataset import T0_NS

Json = dict[str, Any]

METRICS = frozenset(
    {"inspectedTraces", "inspectedBytes", "totalBlocks", "completedJobs", "totalJobs", "totalBlockBytes", "inspectedSpans"},
)
"""What Grafana knows under `metrics`."""

_PREFIXES = (("s", NS_PER_S), ("ms", 10**6), ("ns", 1))
_NEAR_NS = 30 * 86_400 * NS_PER_S


def normalise(path: str, response: httpx.Response, ignore: Collection[str] = (), *, exemplars: bool = False) -> Any:
    """ignore: names of tags to leave out, and labels whose series to leave out."""
    if response.status_code != 200 or path in ("/api/echo",):
        return plain_text(response.text)
    read, message = next(((read, message) for pattern, read, message in _READERS if re.search(pattern, path)), (None, ""))
    if response.headers["content-type"] == "application/protobuf":
        body = _from_protobuf(message, response.content)
    else:
        body = response.json()
    return body if read is None else read(body, _Options(set(ignore), exemplars))


class _Options:
    def __init__(self, ignore: set[str], exemplars: bool) -> None:
        self.ignore, self.exemplars = ignore, exemplars


def plain_text(text: str) -> str:
    def mark(found: re.Match[str]) -> str:
        digits = found.group()
        near = ((unit, int(digits) * size - T0_NS) for unit, size in _PREFIXES)
        return next((f"@{unit}({offset / NS_PER_S:g})" for unit, offset in near if abs(offset) < _NEAR_NS), digits)

    return re.sub(r"\b\d{10,19}\b", mark, text.strip())


def _from_protobuf(message: str, body: bytes) -> Json:
    if message == "Trace":
        return {"batches": _resource_spans(body)}
    decoded = read_message(message, body)
    if message == "TraceByIDResponse":
        assert decoded.HasField("trace")
        found = MessageToDict(decoded) | {"trace": {"resourceSpans": _resource_spans(decoded.trace)}}
        return {name: value for name, value in found.items() if value}
    found = MessageToDict(decoded)
    for trace in found.get("traces", []):
        if "serviceStats" in trace:
            trace["serviceStats"] = {each.get("key", ""): each.get("value", {}) for each in trace["serviceStats"]}
    return found


def _resource_spans(body: bytes) -> list[Json]:
    found: list[Json] = MessageToDict(ExportTraceServiceRequest.FromString(body)).get("resourceSpans", [])
    return found


def _rest(body: Json, *read: str) -> Json:
    rest = {name: value for name, value in body.items() if name not in (*read, "metrics")}
    unknown = sorted(set(body.get("metrics", {})) - METRICS)
    return rest | ({"metrics": unknown} if unknown else {})


def _any(value: Json) -> Any:
    if not value:
        return None
    ((tag, held),) = value.items()
    match tag:
        case "intValue":
            assert isinstance(held, str)
            return {"int": int(held)}
        case "doubleValue":
            return {"double": number(float(held))}
        case "bytesValue":
            return {"bytes": base64.b64decode(held).hex()}
        case "arrayValue":
            return [_any(member) for member in held.get("values", [])]
        case "kvlistValue":
            return {"kv": _attributes(held.get("values"))}
    return held


def _pairs(attributes: list[Json] | None) -> list[list[Any]]:
    return sorted(([each.get("key", ""), _any(each.get("value") or {})] for each in attributes or []), key=canonical)


def _attributes(attributes: list[Json] | None) -> Any:
    pairs = _pairs(attributes)
    return dict(pairs) if len({key for key, _ in pairs}) == len(pairs) else pairs


def _bag(body: Json) -> Json:
    attributes = _attributes(body.get("attributes"))
    return _rest(body, "attributes") | ({"attributes": attributes} if attributes else {})


def _hex(text: str) -> str:
    return base64.b64decode(text, validate=True).hex()


def _at(value: str) -> int:
    assert isinstance(value, str)
    return int(value) - T0_NS


# --- traces


def _trace_v1(body: Json, _: _Options) -> Json:
    return {"batches": _groups(body.get("batches", []))} | _rest(body, "batches")


def _trace_v2(body: Json, _: _Options) -> Json:
    trace = body["trace"]
    return {"trace": {"resourceSpans": _groups(trace.get("resourceSpans", []))} | _rest(trace, "resourceSpans")} | _rest(body, "trace")


def _groups(batches: list[Json]) -> Json:
    groups: Json = {}
    for batch in batches:
        for scoped in batch["scopeSpans"]:
            resource, scope = _bag(batch.get("resource", {})), _bag(scoped.get("scope", {}))
            group = groups.setdefault(canonical([resource, scope]), {"resource": resource, "scope": scope, "spans": {}})
            for span in map(_span, scoped["spans"]):
                assert span["spanId"] not in group["spans"]
                group["spans"][span["spanId"]] = span
    named: Json = {}
    for key in sorted(groups):
        group = groups[key]
        service = group["resource"].get("attributes", {}).get("service.name", "")
        name = f"{service} / {group['scope'].get('name', '')} {group['scope'].get('version', '')}".strip()
        named[name if name not in named else f"{name} #{len(named)}"] = group
    return named


def _span(span: Json) -> Json:
    times = ("startTimeUnixNano", "endTimeUnixNano")
    # flags and schema URLs are not stored by Tempo
    found = _rest(_bag(span), "flags", "traceId", "spanId", "parentSpanId", "kind", *times, "events", "links", "status")
    found |= {"traceId": _hex(span["traceId"]), "spanId": _hex(span["spanId"]), "kind": span.get("kind", "SPAN_KIND_UNSPECIFIED")}
    found |= {"start": _at(span["startTimeUnixNano"]), "end": _at(span["endTimeUnixNano"])}
    if "parentSpanId" in span:
        found["parentSpanId"] = _hex(span["parentSpanId"])
    if status := span.get("status"):
        found["status"] = [status.get("code", "STATUS_CODE_UNSET"), status.get("message", "")]
    if "events" in span:
        events = [_rest(_bag(event), "timeUnixNano") | {"at": _at(event["timeUnixNano"])} for event in span["events"]]
        found["events"] = sorted(events, key=lambda event: (event["at"], canonical(event)))
    if "links" in span:
        ids = ("traceId", "spanId")
        found["links"] = [_rest(_bag(link), "flags", *ids) | {each: _hex(link.get(each, "")) for each in ids} for link in span["links"]]
    return found


# --- search


def _search(body: Json, _: _Options) -> Json:
    found = [_found(trace) for trace in body.get("traces", [])]
    return {"order": [trace["traceID"] for trace in found], "traces": {trace.pop("traceID"): trace for trace in found}} | _rest(body, "traces")


def _found(trace: Json) -> Json:
    found = _rest(trace, "spanSet", "spanSets", "startTimeUnixNano", "serviceStats")
    found |= {"start": _at(trace["startTimeUnixNano"]), "durationMs": trace.get("durationMs", 0)}
    if "spanSets" in trace:
        found["spanSets"] = sorted(map(_spanset, trace["spanSets"]), key=canonical)
        assert _spanset(trace["spanSet"]) in found["spanSets"]
        found["spanSet"] = "one of spanSets"
    if "serviceStats" in trace:
        found["serviceStats"] = {name: [stats.get("spanCount", 0), stats.get("errorCount", 0)] for name, stats in trace["serviceStats"].items()}
    return found


def _spanset(spanset: Json) -> Json:
    found = _rest(spanset, "spans", "matched", "attributes") | {"matched": spanset.get("matched", 0), "spans": {}}
    if "attributes" in spanset:
        found["attributes"] = _pairs(spanset["attributes"])
    for span in spanset.get("spans", []):
        read = _rest(span, "spanID", "startTimeUnixNano", "durationNanos", "attributes")
        read |= {"start": _at(span["startTimeUnixNano"]), "duration": int(span.get("durationNanos", 0))}
        if "attributes" in span:
            read["attributes"] = _pairs(span["attributes"])
        key = span["spanID"]
        found["spans"][key if key not in found["spans"] else f"{key} #{len(found['spans'])}"] = read
    return found


# --- tags


def _tags(names: list[str], options: _Options) -> list[str]:
    return [name for name in names if name not in options.ignore]


def _tag_names(body: Json, options: _Options) -> Json:
    return {"tagNames": _tags(body.get("tagNames", []), options)} | _rest(body, "tagNames")


def _scoped_tag_names(body: Json, options: _Options) -> Json:
    scopes = {each["name"]: _tags(each.get("tags", []), options) for each in body.get("scopes", [])}
    return {"scopes": {name: tags for name, tags in scopes.items() if tags}} | _rest(body, "scopes")


def _bare_tag_values(body: Json, _: _Options) -> Json:
    return {"tagValues": body.get("tagValues", [])} | _rest(body, "tagValues")


def _tag_values(body: Json, _: _Options) -> Json:
    return {"tagValues": sorted([each["type"], each.get("value", "")] for each in body.get("tagValues", []))} | _rest(body, "tagValues")


# --- metrics


def _range(body: Json, options: _Options) -> Json:
    found: Json = {}
    for key, series in _series(body, options):
        samples = [
            [round(int(each["timestampMs"]) / 1000 - T0_NS / NS_PER_S, 3), number(float(each.get("value", 0.0)))] for each in series["samples"]
        ]
        found[key] = {"samples": samples} | _rest(series, "labels", "samples", "exemplars")
        if options.exemplars and "exemplars" in series:
            told = ([number(float(each.get("value", 0.0))), _pairs(each["labels"])] for each in series["exemplars"])
            found[key]["exemplars"] = sorted(told, key=canonical)
    return {"series": found} | _rest(body, "series")


def _instant(body: Json, options: _Options) -> Json:
    found = {key: {"value": number(float(series.get("value", 0.0)))} | _rest(series, "labels", "value") for key, series in _series(body, options)}
    return {"series": found} | _rest(body, "series")


def _series(body: Json, options: _Options) -> list[tuple[str, Json]]:
    labelled = [(_pairs(series.get("labels")), series) for series in body.get("series", [])]
    kept = [(labels, series) for labels, series in labelled if not options.ignore & {name for name, _ in labels}]
    return [(", ".join(f"{name}={canonical(value)}" for name, value in labels), series) for labels, series in kept]


_READERS: list[tuple[str, Callable[[Json, _Options], Any], str]] = [
    (r"/api/v2/traces/[^/]*$", _trace_v2, "TraceByIDResponse"),
    (r"/api/traces/[^/]*$", _trace_v1, "Trace"),
    (r"/api/v2/search/tags$", _scoped_tag_names, "SearchTagsV2Response"),
    (r"/api/search/tags$", _tag_names, "SearchTagsResponse"),
    (r"/api/v2/search/tag/.*/values$", _tag_values, "SearchTagValuesV2Response"),
    (r"/api/search/tag/.*/values$", _bare_tag_values, "SearchTagValuesResponse"),
    (r"/api/search$", _search, "SearchResponse"),
    (r"/api/metrics/query_range$", _range, "QueryRangeResponse"),
    (r"/api/metrics/query$", _instant, "QueryInstantResponse"),
]
