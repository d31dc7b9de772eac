"""Objects as files in a directory: the embedded default, and with a shared file system the simplest cluster.

An object is written to `.tmp/`, synced, moved into place, and its directory synced: after a power loss it is whole or absent. `if_absent` is a hard
link, which the file system makes only when the name is free. Empty directories stay: removing one would race with a put into it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_ISREG
from typing import TypeVar

from lgtm.storage.objects import AlreadyExists, ObjectInfo, ObjectNotFound, StoreUnavailable, check_key

T = TypeVar("T")

THREADS = 8
_TMP = ".tmp"
_PAGE = 1_000
_STALE_S = 24 * 3_600


class LocalStore:
    """root is created when missing. One process or several may use it at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / _TMP).mkdir(parents=True, exist_ok=True)
        for left_behind in (root / _TMP).iterdir():
            _remove_if_stale(left_behind)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="local-store")

    async def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        def write(tmp: Path) -> None:
            tmp.write_bytes(data)

        await self._run("put", key, lambda path: self._place(key, path, write, if_absent=if_absent))

    async def put_file(self, key: str, path: Path, *, if_absent: bool = False) -> None:
        await self._run("put", key, lambda target: self._place(key, target, lambda tmp: _link_or_copy(path, tmp), if_absent=if_absent))

    async def get(self, key: str) -> bytes:
        return await self._run("get", key, lambda path: path.read_bytes())

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        def read(path: Path) -> bytes:
            with path.open("rb") as file:
                file.seek(start)
                return file.read(length)

        return await self._run("get_range", key, read)

    async def get_file(self, key: str, path: Path) -> None:
        def copy(source: Path) -> None:
            partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
            try:
                shutil.copyfile(source, partial)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)

        await self._run("get_file", key, copy)

    async def head(self, key: str) -> ObjectInfo:
        return await self._run("head", key, lambda path: _info(key, path.stat()))

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ObjectInfo]:
        walk = self._walk(prefix, start_after)

        def page() -> list[ObjectInfo]:
            return [info for _, info in zip(range(_PAGE), walk, strict=False)]

        loop = asyncio.get_running_loop()
        while True:
            try:
                found = await loop.run_in_executor(self._threads, page)
            except OSError as error:
                raise StoreUnavailable("list", prefix, str(error)) from error
            for info in found:
                yield info
            if len(found) < _PAGE:
                return

    async def delete(self, key: str) -> None:
        def remove(path: Path) -> None:
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            _sync_directory(path.parent)

        await self._run("delete", key, remove)

    def local_path(self, key: str) -> Path | None:
        return self._root / check_key(key)

    async def close(self) -> None:
        self._threads.shutdown(wait=True)

    async def _run(self, operation: str, key: str, work: Callable[[Path], T]) -> T:
        path = self._root / check_key(key)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            if operation == "put":
                raise StoreUnavailable(operation, key, str(error)) from error
            raise ObjectNotFound(key) from error
        except OSError as error:
            raise StoreUnavailable(operation, key, str(error)) from error

    def _place(self, key: str, path: Path, write: Callable[[Path], None], *, if_absent: bool) -> None:
        tmp = self._root / _TMP / uuid.uuid4().hex
        try:
            write(tmp)
            _sync_file(tmp)
            self._make_directory(path.parent)
            if if_absent:
                os.link(tmp, path)
            else:
                tmp.replace(path)
            _sync_directory(path.parent)
        except FileExistsError as error:
            raise AlreadyExists(key) from error
        finally:
            tmp.unlink(missing_ok=True)

    def _make_directory(self, path: Path) -> None:
        """With its parents, each synced into the one above."""
        if path.is_dir():
            return
        self._make_directory(path.parent)
        path.mkdir(exist_ok=True)
        _sync_directory(path.parent)

    def _walk(self, prefix: str, start_after: str) -> Iterator[ObjectInfo]:
        return _walk_directory(self._root, "", prefix, start_after)


def _walk_directory(directory: Path, above: str, prefix: str, start_after: str) -> Iterator[ObjectInfo]:
    """Objects in order of their keys. A directory sorts as its name with a slash, so `a-b` comes before `a/c`, as everywhere else."""
    try:
        entries = [(above + e.name + "/" * e.is_dir(follow_symlinks=False), e) for e in os.scandir(directory)]
    except (FileNotFoundError, NotADirectoryError):
        return
    for key, entry in sorted(entries, key=lambda one: one[0]):
        if key.startswith("."):
            continue
        if key.endswith("/"):
            may_hold = key.startswith(prefix) or prefix.startswith(key)
            if may_hold and (key > start_after or start_after.startswith(key)):
                yield from _walk_directory(Path(entry.path), key, prefix, start_after)
        elif key.startswith(prefix) and key > start_after:
            try:
                yield _info(key, entry.stat())
            except FileNotFoundError:
                continue


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    if not S_ISREG(status.st_mode):
        raise FileNotFoundError(key)
    return ObjectInfo(key, status.st_size, status.st_mtime_ns)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_directory(path: Path) -> None:
    _sync_file(path)


def _remove_if_stale(path: Path) -> None:
    """Another process may be writing here now, but not for a day."""
    try:
        if path.stat().st_mtime < time.time() - _STALE_S:
            path.unlink()
    except FileNotFoundError:
        return
