"""Network namespaces on this machine, one for each node, joined by a bridge: a network that can be cut without touching the machine's own.

A way from one node to another is cut by giving it a wrong hardware address for the other one: packets leave and arrive nowhere, as on a network that
loses them. The machine itself, on the bridge, reaches every node all the time. Needs root and `ip` (iproute2).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lgtm.errors import Unavailable

NOWHERE = "02:00:00:00:00:fe"
COMMAND_S_MAX = 10.0
_networks = itertools.count()


class NoNamespaces(Unavailable):
    """Namespaces cannot be made here."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return f"a network of namespaces cannot be made: {self.reason}"


@dataclass(slots=True, frozen=True)
class Place:
    """A namespace by name, and the IP address in it."""

    namespace: str
    address: str

    @property
    def command(self) -> tuple[str, ...]:
        """Put before a command to run it there."""
        return ("ip", "netns", "exec", self.namespace)


@contextmanager
def network(count: int) -> Iterator[list[Place]]:
    """So many namespaces, taken away in the end. Raises NoNamespaces."""
    if os.geteuid() != 0:
        raise NoNamespaces("it needs root")
    if shutil.which("ip") is None:
        raise NoNamespaces("it needs the command ip, of the package iproute2")
    # Names are not used again: what was taken away lasts a moment longer in the kernel.
    me = f"{os.getpid()}-{next(_networks)}"
    bridge, prefix = f"lgtm{me}"[:15], f"10.213.{os.getpid() % 250}"
    places = [Place(f"lgtm-drill-{me}-{at}", f"{prefix}.{at + 1}") for at in range(count)]
    try:
        ip("link", "add", bridge, "type", "bridge")
        ip("addr", "add", f"{prefix}.254/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for at, place in enumerate(places):
            _join(place, bridge, f"v{me}-{at}"[:15])
        yield places
    finally:
        for place in places:
            with contextlib.suppress(NoNamespaces):
                ip("netns", "del", place.namespace)
        with contextlib.suppress(NoNamespaces):
            ip("link", "del", bridge)


def _join(place: Place, bridge: str, outside: str) -> None:
    ip("netns", "add", place.namespace)
    ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", place.namespace)
    ip("link", "set", outside, "master", bridge, "up")
    for command in (("addr", "add", f"{place.address}/24", "dev", "eth0"), ("link", "set", "eth0", "up"), ("link", "set", "lo", "up")):
        ip("-n", place.namespace, *command)


def cut(source: Place, target: Place) -> None:
    """Nothing that source sends arrives at target from now on."""
    ip("-n", source.namespace, "neigh", "replace", target.address, "lladdr", NOWHERE, "nud", "permanent", "dev", "eth0")


def mend(source: Place, target: Place) -> None:
    ip("-n", source.namespace, "neigh", "del", target.address, "dev", "eth0")


def ip(*arguments: str) -> None:
    """Raises NoNamespaces with what the command said."""
    try:
        ran = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoNamespaces(str(error)) from error
    if ran.returncode != 0:
        raise NoNamespaces(f"ip {' '.join(arguments)}: {ran.stderr.strip()}")
