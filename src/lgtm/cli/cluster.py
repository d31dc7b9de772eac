"""`lgtm cluster`: three nodes on this machine that are one store, until they are told to stop."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from lgtm.cli.local_nodes import make_nodes, running

FIRST_PORT = 3100
PORTS_APART = 100


def cluster(
    *,
    directory: Annotated[Path, typer.Option("--directory", help="Where their data, logs and blocks go.")] = Path("data/cluster"),
    count: Annotated[int, typer.Option("--nodes", min=1, max=8, help="How many.")] = 3,
    first_port: Annotated[int, typer.Option("--first-port", help="HTTP port of the first node; the others follow a hundred apart.")] = FIRST_PORT,
) -> None:
    """Run several nodes on this machine as one store. Push to any of them, ask any of them, kill one and go on."""
    ports = [first_port + number * PORTS_APART for number in range(count)]
    nodes = make_nodes(directory, count, ports=ports, settings={"self_telemetry.metrics": "true"})
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    with running(nodes):
        print(f"{count} nodes are one store, blocks in {directory / 'blocks'}. Push to and ask any of them:")
        for node in nodes:
            assert node.process is not None
            print(f"  {node.addr}   process {node.process.pid}   log {node.log}")
        print(f"Who is there: {nodes[0].addr}/ring   Try: kill -9 {nodes[-1].process.pid if nodes[-1].process else ''}, then ask again.")
        stop.wait()
