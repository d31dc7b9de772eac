"""What the APIs need of a node for operators and probes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry


@dataclass(slots=True, frozen=True)
class Reloaded:
    """is_well: whether the last reload of what can be reloaded succeeded. at_ns: when one did so last; None: never since the start."""

    is_well: bool = True
    at_ns: int | None = None


async def _nothing() -> None:
    """There is nothing that could be reloaded."""


@dataclass(slots=True, frozen=True)
class Operations:
    """What a node can tell and do. All but `flush` and `reload` answer at once.

    not_ready: why the node should get no requests; None when it should. services: name → state. config: the settings as YAML; its argument is
    None, `diff` (what differs from the defaults) or `defaults`. flush: ends when all that was in memory is in blocks. reload: reads anew what can
    be; raises LgtmError, and then everything is as before.
    """

    registry: CollectorRegistry
    not_ready: Callable[[], str | None]
    services: Callable[[], Mapping[str, str]]
    config: Callable[[str | None], str]
    flush: Callable[[], Awaitable[None]]
    revision: str = ""
    reload: Callable[[], Awaitable[None]] = _nothing
    reloaded: Callable[[], Reloaded] = Reloaded
