"""What the services of the demo log of a visit, each in its own format, with the ids of the trace and of the span that was open.

    gateway    access log lines           sent as Loki push
    checkout   JSON                       sent as Loki push, trace id in structured metadata
    payments   logfmt                     sent as OTLP, with severity, trace and span id

Which of them goes which way, `demo.py` decides; what a body looks like, `demo_bodies.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from lgtm.cli.demo_shop import ATTEMPTS, CHECKOUT, GATEWAY, PAYMENTS, TIMEOUT_MS, Visit
from lgtm.cli.demo_spans import AT_CHECKOUT, AT_GATEWAY, AT_PAYMENTS

_SLOW_MS = 120


@dataclass(slots=True, frozen=True)
class DemoEntry:
    service: str
    region: str
    ts_ns: int
    level: str
    """info, warn or error."""
    line: str
    trace_id: str
    span_id: str
    fields: dict[str, str] = field(default_factory=dict)
    """Further structured metadata."""


def entries_of(visit: Visit) -> Iterator[DemoEntry]:
    """Oldest first. Each lies within its span."""
    if visit.orders:
        yield _payment(visit)
        yield _order(visit)
    yield _access(visit)


def _payment(visit: Visit) -> DemoEntry:
    about = f"provider=acme card={visit.card} amount={visit.amount}"
    if visit.fails:
        line = f'level=error msg="payment provider did not answer" {about} timeout={TIMEOUT_MS}ms attempt={ATTEMPTS}'
    else:
        line = f'level=info msg="payment authorised" {about} duration={visit.ms * 0.4:.1f}ms'
    level = "error" if visit.fails else "info"
    return DemoEntry(PAYMENTS, visit.region, visit.at(0.72), level, line, visit.trace_id, visit.span_ids[AT_PAYMENTS])


def _order(visit: Visit) -> DemoEntry:
    level = "error" if visit.fails else "warn" if visit.ms > _SLOW_MS else "info"
    event = {"error": "order failed", "warn": "order placed slowly", "info": "order placed"}[level]
    amount, ms = visit.amount, round(visit.ms, 1)
    document = {"level": level, "msg": event, "user": visit.user, "amount": amount, "duration_ms": ms, "trace_id": visit.trace_id}
    if visit.fails:
        document["error"] = "payments: deadline exceeded"
    span_id, fields = visit.span_ids[AT_CHECKOUT], {"user": visit.user}
    return DemoEntry(CHECKOUT, visit.region, visit.at(0.85), level, json.dumps(document), visit.trace_id, span_id, fields)


def _access(visit: Visit) -> DemoEntry:
    request = f"{visit.method} {visit.path} HTTP/1.1"
    line = f'{visit.address} - - "{request}" {visit.status} {visit.answer_bytes} "-" "{visit.agent}" {visit.ms / 1_000:.3f}'
    level = "error" if visit.status >= 500 else "warn" if visit.status >= 400 else "info"
    return DemoEntry(GATEWAY, visit.region, visit.end_ns, level, line, visit.trace_id, visit.span_ids[AT_GATEWAY])
