"""A trace as it is answered: its spans by resource and scope, each once, in order of their start.

- The same span may come twice, of two tenants or two places. Copies are told by their whole content: Tempo keeps the first of those that agree in id
  and kind, we keep spans that differ in anything, for they were acknowledged as different spans.
- Zipkin gives both halves of a call one id. The server half gets an id of its own, the client half becomes its parent, and what lies under the
  server half moves with it: all children but those of kind SERVER, as structural queries see it (`traceql/nested_set.py`).
- Grafana leaves out spans whose resource has no attributes, so such a resource is given the name that OpenTelemetry has for a service without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import orjson

from lgtm.model.batch import Batch
from lgtm.wire.spans_to_otlp import KINDS, resource_spans

Json = dict[str, Any]
IdText = Callable[[bytes], str]

UNKNOWN_SERVICE = {"key": "service.name", "value": {"stringValue": "unknown_service"}}

_SERVER, _CLIENT = KINDS[2], KINDS[3]
_ID_BYTES = 8


def whole_trace(batches: Sequence[Batch], id_text: IdText) -> list[Json]:
    """ResourceSpans as OTLP/JSON with ids written by `id_text`; none when there are no rows. batches: of one trace, with labels."""
    found = _grouped(batches, id_text)
    for each in found:
        scoped = each["scopeSpans"][0]
        scoped["spans"] = sorted(_distinct(scoped["spans"]), key=_start)
        _give_attributes(each)
    found.sort(key=lambda each: _start(each["scopeSpans"][0]["spans"][0]))
    _split_shared(sorted(_spans(found), key=_start), id_text)
    return found


def _grouped(batches: Sequence[Batch], id_text: IdText) -> list[Json]:
    """One for each resource and scope, whatever batches and series they came in."""
    groups: dict[bytes, Json] = {}
    for batch in batches:
        labels = [labels or () for labels in batch.table.labels]
        for each in resource_spans(labels, batch.rows, id_text):
            scoped = each["scopeSpans"][0]
            group = groups.setdefault(_identity(each, scoped), each)
            if group is not each:
                group["scopeSpans"][0]["spans"] += scoped["spans"]
    return list(groups.values())


def _identity(of_resource: Json, scoped: Json) -> bytes:
    parts = (of_resource.get("resource"), of_resource.get("schemaUrl"), scoped.get("scope"), scoped.get("schemaUrl"))
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


def _distinct(spans: list[Json]) -> Iterator[Json]:
    seen: dict[tuple[str, Any], list[Json]] = {}
    for span in spans:
        alike = seen.setdefault((span.get("spanId", ""), span.get("kind")), [])
        if span not in alike:
            alike.append(span)
            yield span


def _give_attributes(of_resource: Json) -> None:
    resource = of_resource.setdefault("resource", {})
    if not resource.get("attributes"):
        resource["attributes"] = [UNKNOWN_SERVICE]


def _split_shared(spans: list[Json], id_text: IdText) -> None:
    """Ids of server halves are counted from 1, without those that spans have already."""
    clients = {span.get("spanId") for span in spans if span.get("kind") == _CLIENT}
    servers = [span for span in spans if span.get("kind") == _SERVER and span.get("spanId") in clients]
    if not servers:
        return
    taken = {span.get("spanId") for span in spans}
    free = (text for number in count(1) if (text := id_text(number.to_bytes(_ID_BYTES, "big"))) not in taken)
    moved: dict[str, str] = {}
    for server in servers:
        shared = server["spanId"]
        server["spanId"], server["parentSpanId"] = next(free), shared
        moved.setdefault(shared, server["spanId"])
    for span in spans:
        parent = span.get("parentSpanId")
        if parent in moved and span.get("kind") != _SERVER and span.get("spanId") != parent:
            span["parentSpanId"] = moved[parent]


def _spans(found: list[Json]) -> Iterator[Json]:
    for each in found:
        yield from each["scopeSpans"][0]["spans"]


def _start(span: Json) -> int:
    return int(span.get("startTimeUnixNano") or 0)
