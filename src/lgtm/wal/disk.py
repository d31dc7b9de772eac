"""The disk as the log needs it, and the real one.

Everything the log does to a disk goes through these two protocols, so that tests can pass a disk that crashes after any call, tears writes and
loses what was not synced. Methods block and raise OSError; the log calls them from its writer thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_IOV_MAX = 1024


class File(Protocol):
    def read(self, offset: int, size: int) -> bytes:
        """Fewer bytes only at the end of the file."""

    def write(self, offset: int, buffers: Sequence[bytes | memoryview]) -> int:
        """Bytes written: fewer than given when something is wrong."""

    def sync(self) -> None:
        """Returns once all written bytes, and the size needed to read them, survive a power loss. Not the file's name: see `sync_directory`."""

    def allocate(self, size: int) -> None:
        """Grows the file to `size` bytes of zeros that have their space on the disk. Raises OSError(ENOSPC) when there is none."""

    def size(self) -> int: ...

    def drop_cache(self) -> None:
        """Asks that later reads come from the device, not from memory that a failed sync may have left wrong."""

    def close(self) -> None: ...


class Lock(Protocol):
    def release(self) -> None: ...


@dataclass(slots=True, frozen=True)
class Space:
    """used_ratio: used part of what ordinary processes may use; inodes_used_ratio: likewise, 0 where the file system has no such limit."""

    used_ratio: float
    inodes_used_ratio: float = 0.0

    @property
    def ratio(self) -> float:
        return max(self.used_ratio, self.inodes_used_ratio)


class Disk(Protocol):
    def make_directory(self, path: Path) -> None:
        """With its parents; durable on return. No error when it exists."""

    def list(self, path: Path) -> list[str]:
        """Names in a directory, sorted; empty when there is no such directory."""

    def create(self, path: Path) -> File:
        """A new file for reading and writing. Raises FileExistsError."""

    def open(self, path: Path) -> File:
        """An existing file, for reading and syncing. Raises FileNotFoundError."""

    def truncate(self, path: Path, size: int) -> None: ...

    def rename(self, source: Path, target: Path) -> None: ...

    def link(self, source: Path, target: Path) -> None:
        """A second name for the same bytes. Raises FileExistsError."""

    def unlink(self, path: Path) -> None: ...

    def sync_directory(self, path: Path) -> None: ...

    def space(self, path: Path) -> Space: ...

    def lock(self, path: Path) -> Lock:
        """Raises BlockingIOError when somebody holds it. Ends with the process at the latest."""


class OsFile:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self, offset: int, size: int) -> bytes:
        data = os.pread(self._fd, size, offset)
        if len(data) == size or not data:
            return data
        pieces = [data]
        while data and (got := sum(map(len, pieces))) < size:
            data = os.pread(self._fd, size - got, offset + got)
            pieces.append(data)
        return b"".join(pieces)

    def write(self, offset: int, buffers: Sequence[bytes | memoryview]) -> int:
        written = 0
        for start in range(0, len(buffers), _IOV_MAX):
            group = buffers[start : start + _IOV_MAX]
            count = os.pwritev(self._fd, group, offset + written)
            written += count
            if count < sum(map(len, group)):
                break
        return written

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def allocate(self, size: int) -> None:
        os.posix_fallocate(self._fd, 0, size)

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def drop_cache(self) -> None:
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        os.close(self._fd)


class OsLock:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        os.close(self._fd)


class OsDisk:
    """A local file system. Network file systems report errors differently and are not supported."""

    def make_directory(self, path: Path) -> None:
        if path.is_dir():
            return
        if path.parent != path:
            self.make_directory(path.parent)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o750)
        self.sync_directory(path.parent)

    def list(self, path: Path) -> list[str]:
        try:
            return sorted(os.listdir(path))
        except FileNotFoundError:
            return []

    def create(self, path: Path) -> OsFile:
        return OsFile(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))

    def open(self, path: Path) -> OsFile:
        return OsFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))

    def truncate(self, path: Path, size: int) -> None:
        os.truncate(path, size)

    def rename(self, source: Path, target: Path) -> None:
        os.rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def unlink(self, path: Path) -> None:
        os.unlink(path)

    def sync_directory(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def space(self, path: Path) -> Space:
        status = os.statvfs(path)
        return Space(
            _used_ratio(status.f_blocks - status.f_bfree, status.f_bavail),
            _used_ratio(status.f_files - status.f_ffree, status.f_favail) if status.f_files else 0.0,
        )

    def lock(self, path: Path) -> OsLock:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(fd)
            raise
        return OsLock(fd)


def is_full(error: OSError) -> bool:
    """Whether the volume, a quota or its inodes ran out: the one kind of error that heals without an operator."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _used_ratio(used: int, available: int) -> float:
    # As `df` counts: what only root may use is neither used nor available.
    return used / (used + available) if used + available else 0.0
