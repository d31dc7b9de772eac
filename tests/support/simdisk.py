"""A disk in memory that behaves as badly as a real one may.

Model: durable state plus the unsynced changes of each file and directory, in order. `read` and `list` see all changes, as a process does through
the page cache. A power loss keeps any subset of the unsynced changes; a write is torn at each 512-byte sector. The death of the process alone
(`kill`) keeps everything.

Faults, each seeded or counted, none on by default:
    crash_at      the n-th change from now and every later one fails without effect, as if the process had died before it (read `changes` to count)
    fail_sync     that many syncs fail; their pages stay readable, count as clean and never reach the disk: what Linux does
    fail_write    that many writes fail after half of their bytes
    short_write   that many writes write half and say so
    capacity      bytes that all files may have allocated
    sync_nothing, sync_directory_nothing   syncs return at once and do nothing: the mutants that a test of durability must catch
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lgtm.wal.disk import Space

SECTOR_BYTES = 512


@dataclass(slots=True)
class Inode:
    """Unsynced changes of a file are (offset, bytes) writes or (None, size) for a new size."""

    cached: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes] | tuple[None, int]] = field(default_factory=list)
    bad_sectors: set[int] = field(default_factory=set)
    """Offsets // SECTOR_BYTES that cannot be read."""
    allocated: int = 0

    def write(self, offset: int, data: bytes) -> None:
        _put(self.cached, offset, data)
        self.unsynced.append((offset, data))
        self.allocated = max(self.allocated, len(self.cached))

    def resize(self, size: int) -> None:
        _resize(self.cached, size)
        self.unsynced.append((None, size))
        self.allocated = size

    def sync(self) -> None:
        for change in self.unsynced:
            self._apply(change)
        self.unsynced.clear()

    def lose_power(self, rng: random.Random, keep: float) -> None:
        for change in self.unsynced:
            for piece in _sectors(change):
                if rng.random() < keep:
                    self._apply(piece)
        self.unsynced.clear()
        self.cached = bytearray(self.durable)
        self.allocated = len(self.cached)

    def _apply(self, change: tuple[int, bytes] | tuple[None, int]) -> None:
        if change[0] is None:
            _resize(self.durable, change[1])
        else:
            _put(self.durable, *change)


@dataclass(slots=True)
class Directory:
    """Unsynced changes are names that point to something new, or to nothing; a rename is one change of two names."""

    cached: dict[str, Inode] = field(default_factory=dict)
    durable: dict[str, Inode] = field(default_factory=dict)
    unsynced: list[dict[str, Inode | None]] = field(default_factory=list)

    def change(self, names: dict[str, Inode | None]) -> None:
        _point(self.cached, names)
        self.unsynced.append(names)

    def sync(self) -> None:
        for names in self.unsynced:
            _point(self.durable, names)
        self.unsynced.clear()

    def lose_power(self, rng: random.Random, keep: float) -> None:
        for names in self.unsynced:
            if rng.random() < keep:
                _point(self.durable, names)
        self.unsynced.clear()
        self.cached = dict(self.durable)


class SimFile:
    def __init__(self, disk: SimDisk, inode: Inode) -> None:
        self._disk, self._inode = disk, inode

    def read(self, offset: int, size: int) -> bytes:
        if any(offset < (sector + 1) * SECTOR_BYTES and sector * SECTOR_BYTES < offset + size for sector in self._inode.bad_sectors):
            raise OSError(errno.EIO, "injected read error")
        return bytes(self._inode.cached[offset : offset + size])

    def write(self, offset: int, buffers: Sequence[bytes | memoryview]) -> int:
        data = b"".join(buffers)
        self._disk.change()
        growth = offset + len(data) - self._inode.allocated
        if growth > self._disk.free_bytes:
            raise OSError(errno.ENOSPC, "simulated disk full")
        half = data[: len(data) // 2]
        if self._disk.take("fail_write"):
            self._inode.write(offset, half)
            raise OSError(errno.EIO, "injected write error")
        if self._disk.take("short_write"):
            self._inode.write(offset, half)
            return len(half)
        self._inode.write(offset, data)
        return len(data)

    def sync(self) -> None:
        self._disk.change()
        self._disk.syncs += 1
        if self._disk.take("fail_sync"):
            self._inode.unsynced.clear()
            raise OSError(errno.EIO, "injected sync error")
        if not self._disk.sync_nothing:
            self._inode.sync()

    def allocate(self, size: int) -> None:
        self._disk.change()
        if size - self._inode.allocated > self._disk.free_bytes:
            raise OSError(errno.ENOSPC, "simulated disk full")
        self._inode.resize(size)

    def size(self) -> int:
        return len(self._inode.cached)

    def drop_cache(self) -> None:
        if not self._inode.unsynced:  # the kernel drops clean pages only
            self._inode.cached = bytearray(self._inode.durable)

    def close(self) -> None:
        pass


class SimLock:
    def __init__(self, disk: SimDisk, path: Path) -> None:
        self._disk, self._path = disk, path

    def release(self) -> None:
        self._disk.locks.discard(self._path)


class SimDisk:
    def __init__(self) -> None:
        self.directories: dict[Path, Directory] = {}
        self.locks: set[Path] = set()
        self.changes = 0
        self.syncs = 0
        self.crash_at: int | None = None
        self.capacity: int | None = None
        self.fail_sync = self.fail_write = self.short_write = 0
        self.sync_nothing = self.sync_directory_nothing = False
        self.on_change: Callable[[], None] | None = None

    # --- the protocol

    def make_directory(self, path: Path) -> None:
        # Durable at once, as the protocol asks; the order of mkdir and its sync is the real disk's affair.
        if path not in self.directories:
            self.change()
            self.directories[path] = Directory()

    def list(self, path: Path) -> list[str]:
        children = {other.name for other in self.directories if other.parent == path}
        return sorted(children | set(self.directories[path].cached if path in self.directories else ()))

    def create(self, path: Path) -> SimFile:
        names = self.directories[path.parent]
        if path.name in names.cached or path in self.directories:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        self.change()
        inode = Inode()
        names.change({path.name: inode})
        return SimFile(self, inode)

    def open(self, path: Path) -> SimFile:
        return SimFile(self, self.inode(path))

    def truncate(self, path: Path, size: int) -> None:
        inode = self.inode(path)
        self.change()
        inode.resize(size)

    def rename(self, source: Path, target: Path) -> None:
        assert source.parent == target.parent
        inode = self.inode(source)
        self.change()
        self.directories[source.parent].change({source.name: None, target.name: inode})

    def link(self, source: Path, target: Path) -> None:
        inode = self.inode(source)
        if target.name in self.directories[target.parent].cached:
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        self.change()
        self.directories[target.parent].change({target.name: inode})

    def unlink(self, path: Path) -> None:
        self.inode(path)
        self.change()
        self.directories[path.parent].change({path.name: None})

    def sync_directory(self, path: Path) -> None:
        self.change()
        self.syncs += 1
        if not self.sync_directory_nothing:
            self.directories[path].sync()

    def space(self, path: Path) -> Space:
        return Space(1 - self.free_bytes / self.capacity if self.capacity else 0.0)

    def lock(self, path: Path) -> SimLock:
        if path in self.locks:
            raise BlockingIOError
        self.locks.add(path)
        return SimLock(self, path)

    # --- what tests do to it

    def inode(self, path: Path) -> Inode:
        directory = self.directories.get(path.parent)
        if directory is None or path.name not in directory.cached:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return directory.cached[path.name]

    def kill(self) -> None:
        """The process dies; the machine does not."""
        self.locks.clear()
        self._heal()

    def power_loss(self, rng: random.Random, keep: float = 0.5) -> None:
        """keep: probability that an unsynced change, or a sector of it, had reached the disk."""
        for directory in self.directories.values():
            for inode in {id(inode): inode for names in (directory.cached, directory.durable) for inode in names.values()}.values():
                inode.lose_power(rng, keep)
        for directory in self.directories.values():
            directory.lose_power(rng, keep)
        self.kill()

    def edit(self, path: Path, change: Callable[[bytearray], object]) -> None:
        """Changes stored bytes behind everybody's back."""
        inode = self.inode(path)
        inode.sync()
        change(inode.durable)
        inode.cached = bytearray(inode.durable)
        inode.allocated = len(inode.cached)

    def put(self, path: Path, data: bytes) -> None:
        self.directories[path.parent].change({path.name: Inode(bytearray(data), bytearray(data), allocated=len(data))})
        self.directories[path.parent].sync()

    def remove(self, path: Path) -> None:
        self.directories[path.parent].change({path.name: None})
        self.directories[path.parent].sync()

    def contents(self, path: Path) -> bytes:
        return bytes(self.inode(path).cached)

    @property
    def free_bytes(self) -> int:
        if self.capacity is None:
            return 2**60
        inodes = {id(inode): inode for directory in self.directories.values() for inode in directory.cached.values()}
        return self.capacity - sum(inode.allocated for inode in inodes.values())

    def change(self) -> None:
        """Counts a change; from `crash_at` on nothing has an effect any more."""
        if self.crash_at is not None and self.changes >= self.crash_at:
            raise OSError(errno.EIO, "crashed here")
        self.changes += 1
        if self.on_change is not None:
            self.on_change()

    def take(self, fault: str) -> bool:
        left: int = getattr(self, fault)
        setattr(self, fault, max(0, left - 1))
        return left > 0

    def _heal(self) -> None:
        self.crash_at = None
        self.fail_sync = self.fail_write = self.short_write = 0


def _put(data: bytearray, offset: int, piece: bytes) -> None:
    if len(data) < offset + len(piece):
        _resize(data, offset + len(piece))
    data[offset : offset + len(piece)] = piece


def _resize(data: bytearray, size: int) -> None:
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


def _point(names: dict[str, Inode], changes: dict[str, Inode | None]) -> None:
    for name, inode in changes.items():
        if inode is None:
            names.pop(name, None)
        else:
            names[name] = inode


def _sectors(change: tuple[int, bytes] | tuple[None, int]) -> list[tuple[int, bytes] | tuple[None, int]]:
    """A write, cut where the sectors of the disk begin."""
    if change[0] is None:
        return [change]
    offset, data = change
    pieces: list[tuple[int, bytes] | tuple[None, int]] = []
    while data:
        size = SECTOR_BYTES - offset % SECTOR_BYTES
        pieces.append((offset, data[:size]))
        offset, data = offset + size, data[size:]
    return pieces
