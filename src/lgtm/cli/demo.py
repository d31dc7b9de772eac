"""`lgtm demo`: steady made-up logs and traces into a node, so that there is something to look at."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Protocol

import typer

from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client, TenantOption
from lgtm.cli.demo_bodies import loki_body, otlp_body, traces_body
from lgtm.cli.demo_logs import DemoEntry, entries_of
from lgtm.cli.demo_shop import PAYMENTS, Shop
from lgtm.cli.demo_spans import DemoSpan, spans_of
from lgtm.cli.push import PUSH_PATH
from lgtm.cli.send import Sender
from lgtm.clock import NS_PER_S

OTLP_LOGS_PATH = "/otlp/v1/logs"
OTLP_TRACES_PATH = "/otlp/v1/traces"
TICK_S = 0.5
RETRY_S_MAX = 60.0
_LOOK = """  lgtm query logs '{deployment_environment="demo"}' --tail
  lgtm query traces '{resource.deployment.environment="demo" && status=error}'"""


class SyncClock(Protocol):
    """The wall time, and waiting without an event loop."""

    def now_ns(self) -> int: ...

    def sleep(self, seconds: float) -> None: ...


class RealTime:
    def now_ns(self) -> int:
        return time.time_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def demo(
    *,
    rate: Annotated[float, typer.Option(min=0.1, help="Lines a second, on average.")] = 20.0,
    duration: Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="Stop after this long; otherwise when interrupted.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same requests.")] = 1,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Send steady made-up logs and traces of a small shop: access lines, JSON and logfmt, by Loki push and OTLP."""
    shop = Shop(random.Random(seed))
    line_count = span_count = 0
    print(f"sending {rate:g} lines a second and their traces to {addr}; look at them with\n{_LOOK}", file=sys.stderr)
    try:
        with Client(addr, tenant) as client:
            senders = [Sender(client, path, time.sleep, RETRY_S_MAX) for path in (PUSH_PATH, OTLP_LOGS_PATH, OTLP_TRACES_PATH)]
            for tick in ticks(shop, rate, duration, RealTime()):
                _send(tick, *senders)
                line_count, span_count = line_count + len(tick.entries), span_count + len(tick.spans)
    except KeyboardInterrupt:
        pass
    print(f"{line_count:,} lines and {span_count:,} spans acknowledged", file=sys.stderr)


@dataclass(slots=True)
class Tick:
    """What falls due at once."""

    entries: list[DemoEntry] = field(default_factory=list)
    spans: list[DemoSpan] = field(default_factory=list)


def ticks(shop: Shop, rate: float, duration_s: float | None, clock: SyncClock) -> Iterator[Tick]:
    """Every TICK_S: `rate` lines a second in the long run, however long sending took, and the spans of the same visits. Ends after duration_s."""
    begin_ns, made = clock.now_ns(), 0
    while duration_s is None or clock.now_ns() - begin_ns < duration_s * NS_PER_S:
        clock.sleep(TICK_S)
        now_ns = clock.now_ns()
        due, tick = int((now_ns - begin_ns) / NS_PER_S * rate), Tick()
        while made + len(tick.entries) < due:
            visit = shop.visit(now_ns + len(tick.entries))
            tick.entries += entries_of(visit)
            tick.spans += spans_of(visit)
        made += len(tick.entries)
        if tick.entries:
            yield tick


def _send(tick: Tick, loki: Sender, otlp_logs: Sender, otlp_traces: Sender) -> None:
    otlp_traces.send(traces_body(tick.spans))
    pushed, exported = [e for e in tick.entries if e.service != PAYMENTS], [e for e in tick.entries if e.service == PAYMENTS]
    if pushed:
        loki.send(loki_body(pushed))
    if exported:
        otlp_logs.send(otlp_body(exported))
