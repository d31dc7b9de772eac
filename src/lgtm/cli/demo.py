"""`lgtm demo`: steady made-up logs into a node, so that there is something to look at."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Protocol

import typer

from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client, TenantOption
from lgtm.cli.demo_bodies import loki_body, otlp_body
from lgtm.cli.demo_logs import PAYMENTS, DemoEntry, Shop
from lgtm.cli.push import PUSH_PATH
from lgtm.cli.send import Sender
from lgtm.clock import NS_PER_S

OTLP_PATH = "/otlp/v1/logs"
TICK_S = 0.5
RETRY_S_MAX = 60.0


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
    """Send steady made-up logs of a small shop: access lines, JSON and logfmt, by Loki push and OTLP."""
    shop = Shop(random.Random(seed))
    sent = 0
    print(
        f"sending {rate:g} lines a second to {addr}; look at them with: lgtm query logs '{{deployment_environment=\"demo\"}}' --tail", file=sys.stderr
    )
    try:
        with Client(addr, tenant) as client:
            senders = [Sender(client, path, time.sleep, RETRY_S_MAX) for path in (PUSH_PATH, OTLP_PATH)]
            for entries in ticks(shop, rate, duration, RealTime()):
                _send(entries, *senders)
                sent += len(entries)
    except KeyboardInterrupt:
        pass
    print(f"{sent:,} lines acknowledged", file=sys.stderr)


def ticks(shop: Shop, rate: float, duration_s: float | None, clock: SyncClock) -> Iterator[list[DemoEntry]]:
    """Entries that fall due, every TICK_S: `rate` a second in the long run, however long sending took. Ends after duration_s."""
    begin_ns, made = clock.now_ns(), 0
    while duration_s is None or clock.now_ns() - begin_ns < duration_s * NS_PER_S:
        clock.sleep(TICK_S)
        now_ns = clock.now_ns()
        due = int((now_ns - begin_ns) / NS_PER_S * rate)
        entries: list[DemoEntry] = []
        while made + len(entries) < due:
            entries += shop.request(now_ns + len(entries))
        made += len(entries)
        if entries:
            yield entries


def _send(entries: list[DemoEntry], loki: Sender, otlp: Sender) -> None:
    pushed, exported = [e for e in entries if e.service != PAYMENTS], [e for e in entries if e.service == PAYMENTS]
    if pushed:
        loki.send(loki_body(pushed))
    if exported:
        otlp.send(otlp_body(exported))
