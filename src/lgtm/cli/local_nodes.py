"""Nodes of one cluster as processes on this machine, with a shared directory as their object store: for trying things, and for drills."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lgtm.cli.client import Client, Unreachable
from lgtm.cli.namespaces import Place
from lgtm.errors import Unavailable

START_S_MAX = 30.0
STOP_S_MAX = 40.0
PORTS_EACH = 5
LOOPBACK = "127.0.0.1"


class DidNotStart(Unavailable):
    """A node is not ready in time."""

    def __init__(self, name: str, log: Path) -> None:
        self.name, self.log = name, log

    def __str__(self) -> str:
        return f"node {self.name} is not ready after {START_S_MAX:g} s; its log: {self.log}"


@dataclass(slots=True)
class LocalNode:
    """ports: HTTP, OTLP/HTTP, OTLP/gRPC, calls between nodes, gossip. place: its network namespace, if it has one of its own."""

    name: str
    directory: Path
    ports: tuple[int, ...]
    settings: dict[str, str]
    place: Place | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def addr(self) -> str:
        return f"http://{self.host}:{self.ports[0]}"

    @property
    def host(self) -> str:
        return LOOPBACK if self.place is None else self.place.address

    @property
    def log(self) -> Path:
        return self.directory / "node.log"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        names = ("server.http_port", "server.otlp_http_port", "server.otlp_grpc_port", "peer.port", "ring.port")
        given = dict(zip(names, map(str, self.ports), strict=True)) | {"server.host": self.host} | self.settings
        flags = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
        within = () if self.place is None else self.place.command
        command = [*within, sys.executable, "-m", "lgtm.cli.main", "serve", "--data-dir", str(self.directory / "data"), *flags]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LGTM_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def wait_until_ready(self) -> None:
        """Raises DidNotStart."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            if self.is_ready():
                return
            time.sleep(0.1)
        raise DidNotStart(self.name, self.log)

    def is_ready(self) -> bool:
        try:
            with Client(self.addr, timeout_s=2.0) as client:
                return client.request("GET", "/ready").is_ok
        except Unreachable:
            return False

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """At once, as a crash; returns when it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()


def free_ports(count: int) -> list[int]:
    """Different ones that were free a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def make_nodes(
    directory: Path,
    count: int,
    *,
    ports: list[int] | None = None,
    settings: dict[str, str] | None = None,
    places: Sequence[Place] = (),
) -> list[LocalNode]:
    """Not started yet. ports: the first of each node's five; None: free ones. places: a namespace for each; none: they share the loopback."""
    taken = free_ports(PORTS_EACH * count)
    groups = [tuple(taken[at * PORTS_EACH : (at + 1) * PORTS_EACH]) for at in range(count)]
    if ports is not None:
        groups = [tuple(range(port, port + PORTS_EACH)) for port in ports]
    of: list[Place | None] = list(places) or [None] * count
    shared = {
        "ring.cluster": "local",
        "ring.join": ",".join(f"{place.address if place else LOOPBACK}:{group[-1]}" for place, group in zip(of, groups, strict=True)),
        "storage.directory": str(directory / "blocks"),
        "storage.poll_interval_s": "2",
        **(settings or {}),
    }
    return [LocalNode(name, directory / f"node-{name}", group, shared, place) for name, group, place in zip("abcdefgh", groups, of, strict=False)]


@contextmanager
def running(nodes: list[LocalNode]) -> Iterator[list[LocalNode]]:
    """Started together, ready, and stopped in the end. Raises DidNotStart."""
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_until_ready()
        wait_for_members(nodes)
        yield nodes
    finally:
        for node in nodes:
            if node.process is not None and node.process.poll() is None:
                node.send(signal.SIGCONT)
                node.process.terminate()
        for node in nodes:
            node.stop()


def wait_for_members(nodes: list[LocalNode]) -> None:
    """Returns once each node sees all of them as ACTIVE. Raises DidNotStart."""
    deadline = time.monotonic() + START_S_MAX
    for node in nodes:
        with Client(node.addr, timeout_s=5.0) as client:
            while sum(each["state"] == "ACTIVE" for each in client.get("/ring")["shards"]) < len(nodes):
                if time.monotonic() > deadline:
                    raise DidNotStart(node.name, node.log)
                time.sleep(0.1)
