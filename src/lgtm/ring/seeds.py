"""Where other members may be found: addresses as given, names looked up anew each time, and those that were known when this node last ran.

10.0.0.1   10.0.0.1:7946   node-b:7946   [fe80::1]:7946
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from lgtm.ring.messages import Address
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

REMEMBERED_MAX = 64
Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""Name → every IP address it has, A and AAAA. Raises OSError."""


async def lookup(name: str) -> list[str]:
    """By the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for _, _, _, _, address in found})


def split_host_port(text: str, default_port: int) -> tuple[str, int]:
    """Raises ValueError for what is no host with or without a port."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no address")
        port = rest[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536)):
        raise ValueError(f"{text!r} is no host:port")
    return host, int(port) if port else default_port


class Seeds:
    """seeds: as configured. A name that cannot be looked up now keeps the answer it had. remembered: file of the members known last."""

    def __init__(self, seeds: Iterable[str], remembered: Path, *, default_port: int, lookup: Lookup = lookup) -> None:
        self._seeds = [split_host_port(seed, default_port) for seed in seeds]
        self._remembered, self._lookup = remembered, lookup
        self._last: dict[str, Sequence[str]] = {}
        self._saved: list[str] = []

    async def __call__(self) -> list[Address]:
        found = dict.fromkeys(self._read())
        for host, port in self._seeds:
            for ip in await self._addresses(host):
                found[Address.of(ip, port)] = None
        return list(found)

    async def _addresses(self, host: str) -> Sequence[str]:
        try:
            Address.of(host, 1)
            return [host]
        except ValueError:
            pass
        try:
            self._last[host] = await self._lookup(host)
        except OSError as error:
            event(logger, logging.WARNING, "a seed cannot be looked up, its last addresses are used", name=host, error=str(error))
        return self._last.get(host, ())

    def remember(self, addresses: Iterable[Address]) -> None:
        """Keeps them for the next start. A disk without room is no reason to stop."""
        found = sorted(str(address) for address in addresses)[:REMEMBERED_MAX]
        if found == self._saved or not found:
            return
        temporary = self._remembered.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(found), encoding="utf-8")
            os.replace(temporary, self._remembered)
            self._saved = found
        except OSError as error:
            event(logger, logging.WARNING, "known members cannot be remembered", path=str(self._remembered), error=str(error))

    def _read(self) -> list[Address]:
        """The file only helps; one that cannot be read is as good as none."""
        try:
            return [Address.of(*split_host_port(text, 0)) for text in json.loads(self._remembered.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError, AttributeError):
            return []
