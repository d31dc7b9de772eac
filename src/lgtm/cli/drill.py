"""`lgtm drill`: a fault on purpose, under load, and a verdict: did acknowledgements and complete answers go on, and is everything there?

It starts three nodes of its own, pushes numbered lines to those that stay, injects the fault into one, goes on pushing and asking, heals the fault,
and compares what was acknowledged with what every node answers. Exit code 0: nothing lost, nothing twice, acknowledgements went on.
"""

from __future__ import annotations

import enum
import json
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from lgtm.cli.client import Client, Refused, Unreachable
from lgtm.cli.local_nodes import LocalNode, make_nodes, running, wait_for_members

WORKERS = 4
LINES_EACH = 10
BEFORE_S, DURING_S, AFTER_S = 3.0, 10.0, 2.0
RETRY_S = 0.05
PUSH_TIMEOUT_S = 15.0
ASK_EVERY_S = 0.5
PAUSE_S_MAX = 10.0
"""A write that takes longer than this while one node hangs is a failure."""
SELECTOR = '{app="drill"}'


class Fault(enum.StrEnum):
    KILL = "kill"
    """The process dies at once and is started again later."""
    PAUSE = "pause"
    """The process stands still (SIGSTOP) and goes on later."""
    WIPE = "wipe"
    """The process dies at once, and its directory is gone."""


@dataclass
class Load:
    """Pushes numbered lines, each until it was acknowledged. acked: numbers; slowest_s: the longest any of them took, retries included."""

    addrs: Sequence[str]
    acked: list[int] = field(default_factory=list)
    slowest_s: float = 0.0
    retries: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _base_ns: int = field(default_factory=time.time_ns)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._work, args=(worker,)) for worker in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, worker: int) -> None:
        clients = [Client(addr, timeout_s=PUSH_TIMEOUT_S) for addr in self.addrs]
        number = worker
        while not self._stop.is_set():
            began = time.monotonic()
            attempt = 0
            while not self._push(clients[(number + attempt) % len(clients)], number):
                attempt += 1
                time.sleep(RETRY_S)
            self.retries += attempt
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.acked.append(number)
            number += WORKERS
        for client in clients:
            client.__exit__()

    def _push(self, client: Client, number: int) -> bool:
        values = [[str(self._base_ns + number * LINES_EACH + at), f"line {number * LINES_EACH + at}"] for at in range(LINES_EACH)]
        stream = {"stream": {"app": "drill", "pod": f"pod-{number % 20}"}, "values": values}
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
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    def _work(self) -> None:
        at = 0
        while not self._stop.wait(ASK_EVERY_S):
            acked, began = len(self.load.acked) * LINES_EACH, time.monotonic()
            at += 1
            try:
                found, warnings = count(self.addrs[at % len(self.addrs)])
            except (Refused, Unreachable):
                self.failed += 1
                continue
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            if warnings:
                self.partial += 1
            else:
                self.complete += 1
                self.too_few += found < acked


def count(addr: str) -> tuple[int, list[str]]:
    """Lines of the drill that a node answers with, and its warnings. Raises Refused, Unreachable."""
    parameters = {"query": f"sum(count_over_time({SELECTOR}[1h]))", "time": str(time.time_ns() + 10**9)}
    with Client(addr, timeout_s=PUSH_TIMEOUT_S) as client:
        answer: dict[str, Any] = client.get("/loki/api/v1/query", parameters)
    result = answer["data"]["result"]
    return int(result[0]["value"][1]) if result else 0, answer.get("warnings", [])


def drill(
    fault: Annotated[Fault, typer.Argument(help="kill: a crash. pause: a node that hangs. wipe: a crash that takes the disk along.")],
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the directory with the nodes' data and logs.")] = False,
) -> None:
    """Break one of three nodes under load, and tell whether anything was lost or stopped."""
    directory = Path(tempfile.mkdtemp(prefix="lgtm-drill-"))
    try:
        with running(make_nodes(directory, 3)) as nodes:
            is_good, verdict = carry_out(fault, nodes)
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    if keep:
        print(f"data and logs: {directory}")
    print(verdict)
    raise typer.Exit(0 if is_good else 1)


def carry_out(fault: Fault, nodes: list[LocalNode]) -> tuple[bool, str]:
    """Whether the drill went well, and a line that says why."""
    victim, staying = nodes[-1], nodes[:-1]
    load = Load([node.addr for node in staying])
    questions = Questions(load.addrs, load)
    load.start()
    questions.start()
    time.sleep(BEFORE_S)
    before = len(load.acked)
    load.slowest_s = 0.0
    inject(fault, victim)
    time.sleep(DURING_S)
    during = len(load.acked) - before
    heal(fault, victim)
    time.sleep(AFTER_S)
    load.stop()
    questions.stop()
    wait_for_members(nodes if fault is not Fault.WIPE else staying)
    wanted = len(load.acked) * LINES_EACH
    found = {node.name: count(node.addr) for node in nodes}
    is_exact = all(lines == wanted and not warnings for lines, warnings in found.values())
    is_good = is_exact and during > 0 and load.slowest_s <= PAUSE_S_MAX and not questions.too_few and not questions.failed
    counts = ", ".join(f"{name} {lines}" for name, (lines, _) in found.items())
    verdict = (
        f"{'PASS' if is_good else 'FAIL'} {fault}: {wanted} lines acknowledged, {during * LINES_EACH} of them while the node was away; "
        f"answers after it: {counts}; slowest push {load.slowest_s:.2f} s ({load.retries} retries); "
        f"answers meanwhile: {questions.complete} complete, {questions.partial} partial, {questions.failed} failed, "
        f"slowest {questions.slowest_s:.2f} s"
    )
    return is_good, verdict


def inject(fault: Fault, node: LocalNode) -> None:
    if fault is Fault.PAUSE:
        node.send(signal.SIGSTOP)
        return
    node.kill()
    if fault is Fault.WIPE:
        shutil.rmtree(node.directory / "data")


def heal(fault: Fault, node: LocalNode) -> None:
    if fault is Fault.PAUSE:
        node.send(signal.SIGCONT)
        return
    node.start()
    node.wait_until_ready()
