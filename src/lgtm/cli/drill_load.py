"""What a drill does to a cluster besides breaking it: numbered lines, each pushed until it was acknowledged, and questions that compare.

Every wait has an end: a line that is not acknowledged in time is given up and told.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lgtm.cli.client import Client, Refused, Unreachable

WORKERS = 4
LINES_EACH = 10
RETRY_S = 0.05
PUSH_TIMEOUT_S = 15.0
GIVE_UP_S = 60.0
ASK_EVERY_S = 0.5


@dataclass
class Load:
    """Pushes numbered lines, each until it was acknowledged. acked: numbers; given_up: those that were not, in GIVE_UP_S or until the end;
    slowest_s: the longest any of them took, retries included. run: a label that tells this drill's lines from those of any other."""

    addrs: Sequence[str]
    acked: list[int] = field(default_factory=list)
    given_up: int = 0
    slowest_s: float = 0.0
    retries: int = 0
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _base_ns: int = field(default_factory=time.time_ns)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._work, args=(worker,), daemon=True) for worker in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when the last line was acknowledged or given up, which takes PUSH_TIMEOUT_S at most."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * PUSH_TIMEOUT_S)

    @property
    def lines(self) -> int:
        """Acknowledged so far."""
        return len(self.acked) * LINES_EACH

    def _work(self, worker: int) -> None:
        clients = [Client(addr, timeout_s=PUSH_TIMEOUT_S) for addr in self.addrs]
        number = worker
        while not self._stop.is_set():
            self._deliver(clients, number)
            number += WORKERS
        for client in clients:
            client.__exit__()

    def _deliver(self, clients: Sequence[Client], number: int) -> None:
        began, attempt = time.monotonic(), 0
        while not self._push(clients[(number + attempt) % len(clients)], number):
            attempt += 1
            # What may have been stored is asked for again also after the end: else the count could not be told.
            if time.monotonic() - began > (PUSH_TIMEOUT_S if self._stop.is_set() else GIVE_UP_S):
                self.given_up += 1
                return
            time.sleep(RETRY_S)
        self.retries += attempt
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        self.acked.append(number)

    def _push(self, client: Client, number: int) -> bool:
        values = [[str(self._base_ns + number * LINES_EACH + at), f"line {number * LINES_EACH + at}"] for at in range(LINES_EACH)]
        stream = {"stream": {"app": "drill", "run": self.run, "pod": f"pod-{number % 20}"}, "values": values}
        try:
            answer = client.request("POST", "/loki/api/v1/push", json.dumps({"streams": [stream]}).encode(), {"Content-Type": "application/json"})
        except Unreachable:
            return False
        return answer.is_ok


@dataclass
class Questions:
    """Asks for the count again and again. complete, partial, failed: answers by kind; slowest_s: of those given."""

    addrs: Sequence[str]
    load: Load
    complete: int = 0
    partial: int = 0
    failed: int = 0
    too_few: int = 0
    """Complete answers with fewer lines than had been acknowledged before they were asked for."""
    slowest_s: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join(2 * PUSH_TIMEOUT_S)

    def _work(self) -> None:
        at = 0
        while not self._stop.wait(ASK_EVERY_S):
            acked, began = self.load.lines, time.monotonic()
            at += 1
            try:
                found, warnings = count(self.addrs[at % len(self.addrs)], self.load.run)
            except (Refused, Unreachable):
                self.failed += 1
                continue
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            if warnings:
                self.partial += 1
            else:
                self.complete += 1
                self.too_few += found < acked


def count(addr: str, run: str) -> tuple[int, list[str]]:
    """Lines of the drill that a node answers with, and its warnings. Raises Refused, Unreachable."""
    parameters = {"query": f'sum(count_over_time({{app="drill",run="{run}"}}[1h]))', "time": str(time.time_ns() + 10**9)}
    with Client(addr, timeout_s=PUSH_TIMEOUT_S) as client:
        answer: dict[str, Any] = client.get("/loki/api/v1/query", parameters)
    result = answer["data"]["result"]
    return int(result[0]["value"][1]) if result else 0, answer.get("warnings", [])


def settled_count(addr: str, run: str, wanted: int, within_s: float) -> tuple[int, list[str]]:
    """As `count`, once the answer is complete and as wanted, or when the time is over: what it is then. Raises Refused, Unreachable."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            found, warnings = count(addr, run)
            if (found == wanted and not warnings) or time.monotonic() > deadline:
                return found, warnings
        except (Refused, Unreachable):
            if time.monotonic() > deadline:
                raise
        time.sleep(ASK_EVERY_S)
