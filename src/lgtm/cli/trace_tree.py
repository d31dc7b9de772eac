"""A trace as Tempo's API answers it, as spans in the order in which a tree of them is read.

Nothing is believed of what senders wrote: parents may be missing, several spans may have none, ids may repeat, and parents may go round in a circle.
Each span comes exactly once, in time and memory that grow with their number alone, however deep the tree is.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GUIDE_CELLS_MAX = 32
"""Of the lines that lead from a span to its parents. What is deeper shows its nearest parents only."""
_UNKNOWN_SERVICE = "unknown_service"


@dataclass(slots=True, frozen=True)
class Event:
    name: str
    ts_ns: int
    attributes: Mapping[str, Any]


@dataclass(slots=True, frozen=True, kw_only=True)
class Span:
    """Ids are hex; parent_id is empty for a root. resource: attributes of what sent it, the same object for all spans of one resource."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    status: str
    """error, ok or unset."""
    message: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    events: tuple[Event, ...]

    @property
    def failed(self) -> bool:
        return self.status == "error"


class Stands(enum.Enum):
    """Why a span has no parent above it. Or it has."""

    UNDER_PARENT = ""
    ROOT = "root"
    ORPHAN = "parent missing"
    IN_CIRCLE = "parents form a circle"


@dataclass(slots=True, frozen=True)
class Placed:
    """guide: lines drawn before the span; below: those before what belongs to it."""

    span: Span
    guide: str
    below: str
    stands: Stands


def spans_of(trace: Mapping[str, Any]) -> list[Span]:
    """All spans of `{"resourceSpans": …}`, in JSON with ids in base64, as protobuf has it, or in hex, as OTLP has it."""
    return list(_spans_of(trace))


def in_tree_order(spans: Sequence[Span]) -> Iterator[Placed]:
    """Every span once: roots by their start, below each its children by theirs."""
    order = sorted(range(len(spans)), key=lambda at: (spans[at].start_ns, -spans[at].end_ns))
    by_id: dict[str, int] = {}
    for at in order:
        by_id.setdefault(spans[at].span_id, at)
    children: dict[int, list[int]] = {}
    tops: list[tuple[int, Stands]] = []
    for at in order:
        parent = by_id.get(spans[at].parent_id) if spans[at].parent_id else None
        if parent is not None:
            children.setdefault(parent, []).append(at)
        else:
            tops.append((at, Stands.ORPHAN if spans[at].parent_id else Stands.ROOT))
    seen: set[int] = set()
    # What no root leads to lies in circles of parents, or below one; the earliest of each stands for the root that it does not have.
    for top, stands in (*tops, *((at, Stands.IN_CIRCLE) for at in order)):
        yield from _below(top, stands, spans, children, seen)


def _below(top: int, stands: Stands, spans: Sequence[Span], children: Mapping[int, list[int]], seen: set[int]) -> Iterator[Placed]:
    """A stack instead of recursion, which ends at a thousand levels."""
    stack = [(top, "", "", stands)]
    while stack:
        at, guide, below, stands = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        yield Placed(spans[at], guide, below, stands)
        under = children.get(at, [])
        for place, child in enumerate(reversed(under)):
            is_last = place == 0
            lines = ("└ ", "  ") if is_last else ("├ ", "│ ")
            stack.append((child, _bounded(below + lines[0]), _bounded(below + lines[1]), Stands.UNDER_PARENT))


def _bounded(guide: str) -> str:
    return guide if len(guide) <= GUIDE_CELLS_MAX else "⋯" + guide[1 - GUIDE_CELLS_MAX :]


def _spans_of(trace: Mapping[str, Any]) -> Iterator[Span]:
    for of_resource in trace.get("resourceSpans") or ():
        resource = attributes_of((of_resource.get("resource") or {}).get("attributes"))
        for of_scope in of_resource.get("scopeSpans") or ():
            for span in of_scope.get("spans") or ():
                yield _span(span, resource)


def _span(span: Mapping[str, Any], resource: Mapping[str, Any]) -> Span:
    status, start_ns = span.get("status") or {}, int(span.get("startTimeUnixNano") or 0)
    return Span(
        trace_id=_hex(span.get("traceId"), 16),
        span_id=_hex(span.get("spanId"), 8),
        parent_id=_hex(span.get("parentSpanId"), 8),
        service=str(resource.get("service.name") or _UNKNOWN_SERVICE),
        name=span.get("name") or "",
        kind=str(span.get("kind") or "").removeprefix("SPAN_KIND_").lower(),
        status=str(status.get("code") or "unset").removeprefix("STATUS_CODE_").lower(),
        message=status.get("message") or "",
        start_ns=start_ns,
        end_ns=max(start_ns, int(span.get("endTimeUnixNano") or 0)),
        attributes=attributes_of(span.get("attributes")),
        resource=resource,
        events=tuple(
            Event(event.get("name") or "", int(event.get("timeUnixNano") or 0), attributes_of(event.get("attributes")))
            for event in span.get("events") or ()
        ),
    )


def attributes_of(pairs: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    """OTLP's list of keys and values."""
    return {pair.get("key") or "": _value(pair.get("value") or {}) for pair in pairs or ()}


def _value(value: Mapping[str, Any]) -> Any:
    for kind, held in value.items():
        if kind == "intValue":
            return int(held)
        if kind == "arrayValue":
            return [_value(each) for each in held.get("values") or ()]
        if kind == "kvlistValue":
            return attributes_of(held.get("values"))
        return held
    return None


def _hex(text: str | None, size: int) -> str:
    if not text or len(text) == 2 * size:
        return (text or "").lower()
    return base64.b64decode(text).hex()
