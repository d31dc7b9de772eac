"""Made-up logs of a small shop: requests that cross several services, each of which logs in its own format with the request's trace id.

    gateway    access log lines           sent as Loki push
    checkout   JSON                       sent as Loki push, trace id in structured metadata
    payments   logfmt                     sent as OTLP, with severity, trace and span id

The same seed gives the same requests. Nothing here knows the time or the network.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S

GATEWAY, CHECKOUT, PAYMENTS = "gateway", "checkout", "payments"
PATHS = (("GET", "/api/products"), ("GET", "/api/products/{n}"), ("POST", "/api/cart"), ("POST", "/api/checkout"), ("GET", "/health"))
REGIONS = ("eu-central-1", "us-east-1")
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "shop-app/4.2.1")
_MS = NS_PER_S // 1_000
_PAYS = "/api/checkout"


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


class Shop:
    """Requests to a shop that now and then has trouble: every tenth minute the payment provider times out more often."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def request(self, now_ns: int) -> Iterator[DemoEntry]:
        """What one request leaves behind, oldest first, all at or before `now_ns`."""
        rng = self._rng
        method, template = rng.choice(PATHS)
        path, region = template.replace("{n}", str(rng.randrange(500))), rng.choice(REGIONS)
        trace_id, user = f"{rng.getrandbits(128):032x}", f"u{rng.randrange(2_000):04}"
        ms = rng.lognormvariate(3.4, 0.8)
        fails = template == _PAYS and rng.random() < (0.3 if now_ns // (60 * NS_PER_S) % 10 == 0 else 0.03)
        status = 504 if fails else 404 if rng.random() < 0.01 else 200
        begin_ns = now_ns - int(ms * _MS)
        span = [f"{rng.getrandbits(64):016x}" for _ in range(3)]
        if template == _PAYS:
            amount, card = round(rng.lognormvariate(3.5, 0.7), 2), rng.choice(("visa", "mastercard", "amex"))
            yield _payment(begin_ns + int(ms * _MS * 0.5), region, trace_id, span[2], amount, card, fails=fails)
            yield _checkout(begin_ns + int(ms * _MS * 0.8), region, trace_id, span[1], user, amount, ms, fails=fails)
        yield _access(now_ns, region, trace_id, span[0], f"{method} {path} HTTP/1.1", status, ms, rng)


def _payment(ts_ns: int, region: str, trace_id: str, span_id: str, amount: float, card: str, *, fails: bool) -> DemoEntry:
    if fails:
        line = f'level=error msg="payment provider did not answer" provider=acme card={card} amount={amount} timeout=2s attempt=3'
    else:
        line = f'level=info msg="payment authorised" provider=acme card={card} amount={amount} duration={amount % 90 + 10:.1f}ms'
    return DemoEntry(PAYMENTS, region, ts_ns, "error" if fails else "info", line, trace_id, span_id)


def _checkout(ts_ns: int, region: str, trace_id: str, span_id: str, user: str, amount: float, ms: float, *, fails: bool) -> DemoEntry:
    level = "error" if fails else "warn" if ms > 120 else "info"
    event = {"error": "order failed", "warn": "order placed slowly", "info": "order placed"}[level]
    document = {"level": level, "msg": event, "user": user, "amount": amount, "duration_ms": round(ms, 1), "trace_id": trace_id}
    if fails:
        document["error"] = "payments: deadline exceeded"
    return DemoEntry(CHECKOUT, region, ts_ns, level, json.dumps(document), trace_id, span_id, {"user": user})


def _access(ts_ns: int, region: str, trace_id: str, span_id: str, request: str, status: int, ms: float, rng: random.Random) -> DemoEntry:
    address = f"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    line = f'{address} - - "{request}" {status} {rng.randrange(200, 9_000)} "-" "{rng.choice(AGENTS)}" {ms / 1_000:.3f}'
    level = "error" if status >= 500 else "warn" if status >= 400 else "info"
    return DemoEntry(GATEWAY, region, ts_ns, level, line, trace_id, span_id)
