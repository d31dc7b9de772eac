"""The trace of a visit: what each service of the demo did for it, named and described as OpenTelemetry's conventions ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lgtm.cli.demo_shop import ATTEMPTS, CART, CHECKOUT, GATEWAY, HEALTH, PAYMENTS, SPANS_MAX, TIMEOUT_MS, Visit

SERVER, CLIENT = 2, 3
"""SpanKind of OTLP."""
AT_GATEWAY, AT_CHECKOUT, AT_PAYMENTS, _TO_CHECKOUT, _TO_PAYMENTS, _STORE, _TO_PROVIDER = range(7)
"""Places in `Visit.span_ids`; attempts at the provider are the last."""
assert _TO_PROVIDER + ATTEMPTS <= SPANS_MAX

Attributes = dict[str, str | int | float]


@dataclass(slots=True, frozen=True)
class DemoEvent:
    name: str
    ts_ns: int
    attributes: Attributes


@dataclass(slots=True, frozen=True, kw_only=True)
class DemoSpan:
    service: str
    region: str
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for a root."""
    name: str
    kind: int
    begin_ns: int
    end_ns: int
    attributes: Attributes = field(default_factory=dict)
    error: str = ""
    """Why it failed; empty when it did not."""
    events: tuple[DemoEvent, ...] = ()


def spans_of(visit: Visit) -> Iterator[DemoSpan]:
    """The root first."""
    asked: Attributes = {"http.request.method": visit.method, "http.route": visit.route, "url.path": visit.path}
    answered: Attributes = {"http.response.status_code": visit.status, "client.address": visit.address, "user_agent.original": visit.agent}
    why = "checkout: deadline exceeded" if visit.fails else ""
    yield _span(visit, AT_GATEWAY, None, GATEWAY, f"{visit.method} {visit.route}", SERVER, (0, 1), asked | answered, why)
    if visit.orders:
        yield from _order(visit)
    elif visit.route == CART:
        yield from _cart(visit)
    elif visit.route != HEALTH:
        query = "SELECT id, name, price FROM products WHERE id = $1" if "{" in visit.route else "SELECT id, name, price FROM products LIMIT 50"
        yield _query(visit, AT_GATEWAY, GATEWAY, "SELECT products", query, (0.1, 0.8))


def _cart(visit: Visit) -> Iterator[DemoSpan]:
    yield from _to_checkout(visit, "/cart")
    stored: Attributes = {"db.system.name": "redis", "db.operation.name": "HSET", "server.address": "carts.shop.internal"}
    yield _span(visit, _STORE, AT_CHECKOUT, CHECKOUT, "HSET", CLIENT, (0.3, 0.7), stored)


def _order(visit: Visit) -> Iterator[DemoSpan]:
    why = "payments: deadline exceeded" if visit.fails else ""
    yield from _to_checkout(visit, "/orders", why)
    yield _query(visit, AT_CHECKOUT, CHECKOUT, "SELECT carts", "SELECT product, count FROM carts WHERE user_id = $1", (0.1, 0.2))
    call: Attributes = {"rpc.system": "grpc", "rpc.service": "shop.Payments", "rpc.method": "Charge", "rpc.grpc.status_code": 4 if visit.fails else 0}
    yield _span(visit, _TO_PAYMENTS, AT_CHECKOUT, CHECKOUT, "shop.Payments/Charge", CLIENT, (0.24, 0.78), call, why)
    about: Attributes = {"payment.amount": visit.amount, "payment.card": visit.card}
    failed = "payment provider did not answer" if visit.fails else ""
    yield _span(visit, AT_PAYMENTS, _TO_PAYMENTS, PAYMENTS, "shop.Payments/Charge", SERVER, (0.26, 0.76), call | about, failed)
    yield from _attempts(visit)


def _attempts(visit: Visit) -> Iterator[DemoSpan]:
    """One that is answered, or as many as there are, one after the other."""
    shares = [(0.29 + 0.14 * number, 0.42 + 0.14 * number) for number in range(ATTEMPTS)] if visit.fails else [(0.3, 0.7)]
    for number, share in enumerate(shares):
        asked: Attributes = {"http.request.method": "POST", "server.address": "api.acme.example", "http.request.resend_count": number}
        if not visit.fails:
            asked["http.response.status_code"] = 201
        yield _span(visit, _TO_PROVIDER + number, AT_PAYMENTS, PAYMENTS, "POST", CLIENT, share, asked, "timeout" if visit.fails else "")


def _to_checkout(visit: Visit, route: str, why: str = "") -> Iterator[DemoSpan]:
    """The call from the gateway, and what it is on the other side."""
    about: Attributes = {"http.request.method": "POST", "http.response.status_code": 504 if why else 200}
    called = about | {"server.address": "checkout.shop.internal"}
    yield _span(visit, _TO_CHECKOUT, AT_GATEWAY, GATEWAY, "POST", CLIENT, (0.04, 0.95), called, why)
    served = about | {"http.route": route, "enduser.id": visit.user}
    yield _span(visit, AT_CHECKOUT, _TO_CHECKOUT, CHECKOUT, f"POST {route}", SERVER, (0.06, 0.93), served, why)


def _query(visit: Visit, parent: int, service: str, name: str, text: str, share: tuple[float, float]) -> DemoSpan:
    about: Attributes = {"db.system.name": "postgresql", "db.query.text": text, "server.address": "db.shop.internal"}
    return _span(visit, _STORE, parent, service, name, CLIENT, share, about)


def _span(
    visit: Visit,
    place: int,
    parent: int | None,
    service: str,
    name: str,
    kind: int,
    share: tuple[float, float],
    attributes: Attributes,
    error: str = "",
) -> DemoSpan:
    """share: where in the visit it begins and ends. A timeout is told as the exception that it was."""
    begin_ns, end_ns = visit.at(share[0]), visit.at(share[1])
    exception: Attributes = {"exception.type": "TimeoutError", "exception.message": f"no answer within {TIMEOUT_MS} ms"}
    return DemoSpan(
        service=service,
        region=visit.region,
        trace_id=visit.trace_id,
        span_id=visit.span_ids[place],
        parent_id="" if parent is None else visit.span_ids[parent],
        name=name,
        kind=kind,
        begin_ns=begin_ns,
        end_ns=end_ns,
        attributes=attributes,
        error=error,
        events=(DemoEvent("exception", end_ns, exception),) if error == "timeout" else (),
    )
