"""What a node asks of the machine it runs on. A simulation hands in another one, and the whole node runs on it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from lgtm.app.background import Die, end_process
from lgtm.clock import Clock, SystemClock
from lgtm.peer.transport import GrpcTransport, Transport
from lgtm.scrape.fetch import Fetch
from lgtm.scrape.http_client import HttpClient
from lgtm.storage.config import StorageConfig
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectStore
from lgtm.storage.store import open_store
from lgtm.wal.disk import Disk, OsDisk
from lgtm.wal.executor import Executor, ThreadExecutor

OpenStore = Callable[[StorageConfig, StorageMetrics], ObjectStore]


class Http(Fetch, Protocol):
    async def close(self) -> None:
        """When nobody asks any more."""
        ...


@dataclass(slots=True, frozen=True)
class Machine:
    """disk, wal_executor: for the log. open_http: for targets that are scraped. new_random: an independent source of randomness each time;
    identities: of what must never repeat. die: ends the process after an error that it must not outlive."""

    clock: Clock = field(default_factory=SystemClock)
    disk: Disk = field(default_factory=OsDisk)
    wal_executor: Callable[[], Executor] = ThreadExecutor
    open_store: OpenStore = open_store
    transport: Transport = field(default_factory=GrpcTransport)
    open_http: Callable[[], Http] = HttpClient
    new_random: Callable[[], random.Random] = random.Random
    identities: random.Random = field(default_factory=random.SystemRandom)
    die: Die = end_process
