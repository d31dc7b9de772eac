"""Made-up requests to a small shop. Each is one `Visit`, of which logs (`demo_logs.py`) and spans (`demo_spans.py`) tell the same story.

    gateway    takes every request
    checkout   keeps carts and takes orders
    payments   asks a payment provider, which now and then does not answer

The same seed gives the same visits. Nothing here knows the time or the network.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from lgtm.clock import NS_PER_S

GATEWAY, CHECKOUT, PAYMENTS = "gateway", "checkout", "payments"
CART, ORDER, HEALTH = "/api/cart", "/api/checkout", "/health"
ROUTES = (("GET", "/api/products"), ("GET", "/api/products/{n}"), ("POST", CART), ("POST", ORDER), ("GET", HEALTH))
REGIONS = ("eu-central-1", "us-east-1")
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "shop-app/4.2.1")
SPANS_MAX = 10
ATTEMPTS = 3
"""How often payments asks its provider before it gives up."""
TIMEOUT_MS = 250
_FAILED_MS = (2_000, 2_200)
_NS_PER_MS = NS_PER_S // 1_000


@dataclass(slots=True, frozen=True)
class Visit:
    """A request from its arrival at the gateway to the answer, and all that services on its way know of it."""

    begin_ns: int
    end_ns: int
    region: str
    method: str
    route: str
    path: str
    status: int
    address: str
    agent: str
    answer_bytes: int
    user: str
    amount: float
    card: str
    trace_id: str
    span_ids: tuple[str, ...]
    """Enough for every span that a visit may have."""

    @property
    def orders(self) -> bool:
        return self.route == ORDER

    @property
    def fails(self) -> bool:
        return self.status >= 500

    @property
    def ms(self) -> float:
        return (self.end_ns - self.begin_ns) / _NS_PER_MS

    def at(self, share: float) -> int:
        """The moment when so much of the visit is over. share: 0 to 1."""
        return self.begin_ns + int((self.end_ns - self.begin_ns) * share)


class Shop:
    """Visits to a shop that now and then has trouble: every tenth minute the payment provider times out more often."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def visit(self, now_ns: int) -> Visit:
        """One that ends at `now_ns`."""
        rng = self._rng
        method, route = rng.choice(ROUTES)
        fails = route == ORDER and rng.random() < (0.3 if now_ns // (60 * NS_PER_S) % 10 == 0 else 0.03)
        ms = rng.uniform(*_FAILED_MS) if fails else rng.lognormvariate(3.4, 0.8)
        return Visit(
            begin_ns=now_ns - int(ms * _NS_PER_MS),
            end_ns=now_ns,
            region=rng.choice(REGIONS),
            method=method,
            route=route,
            path=route.replace("{n}", str(rng.randrange(500))),
            status=504 if fails else 404 if rng.random() < 0.01 else 200,
            address=f"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
            agent=rng.choice(AGENTS),
            answer_bytes=rng.randrange(200, 9_000),
            user=f"u{rng.randrange(2_000):04}",
            amount=round(rng.lognormvariate(3.5, 0.7), 2),
            card=rng.choice(("visa", "mastercard", "amex")),
            trace_id=f"{rng.getrandbits(128):032x}",
            span_ids=tuple(f"{rng.getrandbits(64):016x}" for _ in range(SPANS_MAX)),
        )
