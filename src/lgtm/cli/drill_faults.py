"""Faults of a drill: how each is injected into one of the nodes that the drill started, and healed.

kill        SIGKILL, started again           pause       SIGSTOP, SIGCONT
wipe        SIGKILL, its data is removed     disk-full   a small volume, filled up
partition   nothing gets from or to the others; one-way: nothing gets from it to them
"""

from __future__ import annotations

import contextlib
import enum
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lgtm.cli.local_nodes import LocalNode, make_nodes
from lgtm.cli.namespaces import Place, cut, mend, network
from lgtm.errors import Unavailable

BALLAST = "ballast"
VOLUME_BYTES = 512 * 1024 * 1024
MOUNT_S_MAX = 10.0


class Fault(enum.StrEnum):
    KILL = "kill"
    """The process dies at once and is started again later."""
    PAUSE = "pause"
    """The process stands still (SIGSTOP) and goes on later."""
    WIPE = "wipe"
    """The process dies at once, and its directory is gone."""
    PARTITION = "partition"
    """The node and the others do not reach each other; whoever pushes reaches all of them."""
    ONE_WAY = "one-way"
    """What the node sends to the others is lost, what they send arrives."""
    DISK_FULL = "disk-full"
    """Nothing more fits onto the volume of the node's log."""


class NoSmallVolume(Unavailable):
    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return f"a small volume cannot be mounted: {self.reason}"


@dataclass(slots=True, frozen=True)
class Stage:
    """Nodes that are not started yet, the last of which is the one to be broken. places: their namespaces, if they have any."""

    nodes: list[LocalNode]
    places: list[Place]


@contextmanager
def stage(fault: Fault, directory: Path, count: int = 3) -> Iterator[Stage]:
    """What the fault needs, taken away in the end. Raises NoNamespaces, NoSmallVolume."""
    if fault in (Fault.PARTITION, Fault.ONE_WAY):
        with network(count) as places:
            yield Stage(make_nodes(directory, count, places=places), places)
    elif fault is Fault.DISK_FULL:
        nodes = make_nodes(directory, count, settings={"wal.segment_bytes_max": "32MiB"})
        with _small_volume(nodes[-1].directory / "data"):
            yield Stage(nodes, [])
    else:
        yield Stage(make_nodes(directory, count), [])


def inject(fault: Fault, node: LocalNode, places: list[Place]) -> None:
    match fault:
        case Fault.PAUSE:
            node.send(signal.SIGSTOP)
        case Fault.KILL:
            node.kill()
        case Fault.WIPE:
            node.kill()
            shutil.rmtree(node.directory / "data")
        case Fault.PARTITION | Fault.ONE_WAY:
            for source, target in _ways(fault, places):
                cut(source, target)
        case Fault.DISK_FULL:
            _fill(node.directory / "data")


def heal(fault: Fault, node: LocalNode, places: list[Place]) -> None:
    match fault:
        case Fault.PAUSE:
            node.send(signal.SIGCONT)
        case Fault.KILL | Fault.WIPE:
            node.start()
            node.wait_until_ready()
        case Fault.PARTITION | Fault.ONE_WAY:
            for source, target in _ways(fault, places):
                mend(source, target)
        case Fault.DISK_FULL:
            (node.directory / "data" / BALLAST).unlink()


def _ways(fault: Fault, places: list[Place]) -> list[tuple[Place, Place]]:
    victim, others = places[-1], places[:-1]
    outward = [(victim, other) for other in others]
    return outward if fault is Fault.ONE_WAY else outward + [(other, victim) for other in others]


@contextmanager
def _small_volume(directory: Path) -> Iterator[None]:
    if os.geteuid() != 0:
        raise NoSmallVolume("it needs root")
    directory.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={VOLUME_BYTES}", "tmpfs", str(directory))
    try:
        yield
    finally:
        with contextlib.suppress(NoSmallVolume):
            _run("umount", "--lazy", str(directory))


def _fill(directory: Path) -> None:
    """Until not a byte is left: the file system gives less than it says."""
    piece = bytes(1024 * 1024)
    with (directory / BALLAST).open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(piece):
            pass


def _run(*command: str) -> None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=MOUNT_S_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSmallVolume(str(error)) from error
    if ran.returncode != 0:
        raise NoSmallVolume(ran.stderr.strip())
