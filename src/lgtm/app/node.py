"""One node as a process: listeners, signals, and an end by what happened.

first SIGTERM or SIGINT   accept nothing new, finish what is open, flush within the grace time, exit 0
second                    exit 1 at once; the log has everything
SIGHUP                    what is scraped is read anew, if a file says it; without one a closed terminal ends the process as ever
the log fails             exit 70 at once: after a failed write or sync only a new process may trust the disk
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import uvloop
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from lgtm.app.addresses import Addresses
from lgtm.app.background import background
from lgtm.app.build import Node, running
from lgtm.app.config import Config
from lgtm.app.self_logs import own_logs
from lgtm.telemetry import configure_logging, event
from lgtm.wal.errors import LogFailed

logger = logging.getLogger(__name__)

Listening = Callable[[Node, list[socket.socket], asyncio.Event], AbstractAsyncContextManager[Addresses]]
EXIT_LOG_FAILED = 70
SWITCH_INTERVAL_S = 0.001
"""How long a thread may hold the interpreter while the event loop wants it; Python's default is five times as long."""
GC_THRESHOLDS = (20_000, 20, 50)
"""Objects, and rounds, before each generation is looked through for cycles. Series live long and are many, cycles are few: with Python's defaults
looking for them was a tenth of the CPU of a first scrape of 40,000 series, and stopped everything for 0.2 s a time."""


def run(config: Config, started: Callable[[Addresses], None] = lambda _: None) -> int:
    """Runs a node until it is told to stop; returns the exit code. started: called once every listener is open and the log is replayed."""
    configure_logging(sys.stderr, level=config.log.level, fmt=config.log.format)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*GC_THRESHOLDS)

    def settle(addresses: Addresses) -> None:
        gc.freeze()
        gc.enable()
        started(addresses)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(config, settle))


async def serve(config: Config, started: Callable[[Addresses], None]) -> int:
    stop = asyncio.Event()
    _handle_signals(stop)
    if config.scrape.config_file:
        # Until the node is there this does nothing: the file is about to be read, or has just been.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    sockets = [_listen(config.server.host, port) for port in (config.server.otlp_http_port, *config.server.http_ports)]
    # Other nodes, and whoever scrapes this one, have to know the port that it got.
    config = dataclasses.replace(config, server=dataclasses.replace(config.server, http_port=int(sockets[1].getsockname()[1])))
    # While the log is read, which takes as long: nobody is served before.
    edge = asyncio.create_task(asyncio.to_thread(_edge))
    async with running(config, registry=registry) as node:
        node.log.failed.add_done_callback(_end_with_the_log)
        if config.scrape.config_file:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, node.scraping.hurry)
        async with (await edge)(node, sockets, stop) as addresses, own_logs(node, config), background(node.scraping.run):
            event(logger, logging.INFO, "ready", **dataclasses.asdict(addresses))
            started(addresses)
            await stop.wait()
            event(logger, logging.INFO, "stopping")
    return 0


def _edge() -> Listening:
    """Everything that speaks HTTP and gRPC: half of the time of all imports."""
    from lgtm.app.edge import listening

    return listening


def _listen(host: str, port: int) -> socket.socket:
    """Opened before the log is touched, so that a taken port ends the start at once."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise PortTaken(host, port, error) from error
    sock.set_inheritable(True)
    return sock


class PortTaken(OSError):
    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(cause.errno, f"cannot listen on {host}:{port}: {cause.strerror}; choose another port or stop who has it")


def _handle_signals(stop: asyncio.Event) -> None:
    def handle() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle)


def _end_with_the_log(failed: asyncio.Future[LogFailed]) -> None:
    if failed.cancelled():
        return
    event(logger, logging.CRITICAL, "the write-ahead log failed; ending the process so that the next one recovers", error=str(failed.result()))
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(EXIT_LOG_FAILED)
