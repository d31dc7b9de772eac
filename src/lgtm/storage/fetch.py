"""Block files on local disk, ready to be read: cached from the store, or in place where the store is a directory of this machine.

A block that is being read is pinned. One that is not may go when room is needed, the least recently used first. Each file is checked against its
digest once after it was fetched, or once a process where it is read in place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from lgtm.blocks.layout import DATA_FILES, ROWS_FILE, SERIES_FILE, DamagedBlock, parse_key
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader
from lgtm.errors import Unavailable
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectNotFound, ObjectStore
from lgtm.telemetry import event

_log = logging.getLogger(__name__)

READERS_MAX = 256
"""Blocks kept open in place: footers and series tables are memory."""

_RUBBISH = ".rubbish"


class CacheFull(Unavailable):
    """Blocks that are being read fill the cache."""

    def __init__(self, nbytes: int, bytes_max: int) -> None:
        self.nbytes, self.bytes_max = nbytes, bytes_max

    def __str__(self) -> str:
        return f"no room for a block of {self.nbytes} bytes beside those being read; see storage.cache_bytes_max, now {self.bytes_max}"


class BlockGone(Unavailable):
    """The block was deleted and erased after the catalogue was asked; the rows are elsewhere, or past retention. Ask again."""

    def __init__(self, block_path: str) -> None:
        self.block_path = block_path

    def __str__(self) -> str:
        return f"block {self.block_path} was erased meanwhile"


@dataclass(slots=True, eq=False)
class _Entry:
    """A block's files. reader None: on disk since before this process. nbytes: room they take in the cache, 0 in place."""

    nbytes: int
    reader: BlockReader | None = None
    users: int = 0


class BlockFiles:
    """directory: of the cache; nobody else writes there. Call `start` once before `open`."""

    def __init__(self, store: ObjectStore, directory: Path, bytes_max: int, metrics: StorageMetrics) -> None:
        self._store, self._directory, self._bytes_max, self._metrics = store, directory, bytes_max, metrics
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        """By path of the attempt, least recently used first."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._nbytes = 0

    async def start(self) -> None:
        """Adopts what an earlier process left in the cache, and removes what it left half done."""
        for path, nbytes in await asyncio.to_thread(_adopt, self._directory):
            self._entries[path] = _Entry(nbytes)
            self._grow(nbytes)
        await self._make_room(0)

    @contextlib.asynccontextmanager
    async def open(self, meta: BlockMeta) -> AsyncIterator[BlockReader]:
        """A reader of the block, whose files stay while the context lasts.

        Raises CacheFull, BlockGone, StoreUnavailable, and DamagedBlock when the store's own bytes are damaged.
        """
        path = f"{meta.path}/{meta.attempt}"
        lock = self._locks.setdefault(path, asyncio.Lock())
        async with lock:  # one fetch at a time; when it is cancelled, the next in line does it
            entry = self._entries.get(path) or self._entries.setdefault(path, _Entry(0))
            entry.users += 1
            try:
                reader = await self._reader(path, entry, meta)
            except BaseException:
                self._release(path, entry)
                raise
        self._entries.move_to_end(path)
        try:
            yield reader
        finally:
            self._release(path, entry)

    @property
    def nbytes(self) -> int:
        """Room taken in the cache."""
        return self._nbytes

    async def _reader(self, path: str, entry: _Entry, meta: BlockMeta) -> BlockReader:
        """Fills the entry, which is pinned and locked."""
        if entry.reader is not None:
            self._metrics.cache_requests.labels("open").inc()
            return entry.reader
        if self._store.local_path(path) is not None:
            entry.reader = await self._open_in_place(meta)
            self._metrics.cache_requests.labels("disk").inc()
            self._drop_idle_readers()
            return entry.reader
        if entry.nbytes:
            try:
                entry.reader = await self._open_cached(meta)
                self._metrics.cache_requests.labels("disk").inc()
                return entry.reader
            except DamagedBlock as error:
                self._metrics.damaged.labels("cache").inc()
                event(_log, logging.WARNING, "cached block is damaged; fetching it again", block=path, error=error)
                await self._remove_files(path, entry)
        await self._fetch(path, entry, meta)
        self._metrics.cache_requests.labels("store").inc()
        assert entry.reader is not None
        return entry.reader

    async def _open_in_place(self, meta: BlockMeta) -> BlockReader:
        paths = {name: self._store.local_path(meta.key_of(name)) for name in DATA_FILES}
        rows, series = paths[ROWS_FILE], paths[SERIES_FILE]
        assert rows is not None
        assert series is not None
        if not await asyncio.to_thread(rows.exists):
            raise BlockGone(meta.path)
        return await asyncio.to_thread(BlockReader, rows, series, meta)

    async def _open_cached(self, meta: BlockMeta) -> BlockReader:
        rows, series = (self._directory / meta.key_of(name) for name in (ROWS_FILE, SERIES_FILE))
        return await asyncio.to_thread(BlockReader, rows, series, meta)

    async def _fetch(self, path: str, entry: _Entry, meta: BlockMeta) -> None:
        await self._make_room(meta.nbytes)
        entry.nbytes = meta.nbytes
        self._grow(meta.nbytes)
        try:
            await asyncio.to_thread((self._directory / path).mkdir, parents=True, exist_ok=True)
            for name in DATA_FILES:
                await self._store.get_file(meta.key_of(name), self._directory / meta.key_of(name))
            entry.reader = await self._open_cached(meta)
        except ObjectNotFound as error:
            await self._remove_files(path, entry)
            raise BlockGone(meta.path) from error
        except BaseException:
            await self._remove_files(path, entry)
            raise

    async def _make_room(self, nbytes: int) -> None:
        """Removes idle blocks until there is room for more. Raises CacheFull when removing all of them would not do."""
        if nbytes + sum(entry.nbytes for entry in self._entries.values() if entry.users) > self._bytes_max:
            raise CacheFull(nbytes, self._bytes_max)
        while self._nbytes + nbytes > self._bytes_max:
            idle = next(path for path, entry in self._entries.items() if not entry.users and entry.nbytes)
            await self._remove_files(idle, self._entries.pop(idle))

    async def _remove_files(self, path: str, entry: _Entry) -> None:
        """Moved away at once, before anybody can fetch the block anew into the same place; the slow part follows on a thread."""
        self._grow(-entry.nbytes)
        entry.nbytes, entry.reader = 0, None
        rubbish = self._directory / _RUBBISH / uuid.uuid4().hex
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._directory / path, rubbish)
        await asyncio.to_thread(shutil.rmtree, rubbish, ignore_errors=True)

    def _release(self, path: str, entry: _Entry) -> None:
        entry.users -= 1
        if not entry.users and entry.reader is None and not entry.nbytes and self._entries.get(path) is entry:
            del self._entries[path]

    def _drop_idle_readers(self) -> None:
        in_place = [path for path, entry in self._entries.items() if not entry.users and not entry.nbytes]
        for path in in_place[: max(0, len(self._entries) - READERS_MAX)]:
            del self._entries[path]

    def _grow(self, nbytes: int) -> None:
        self._nbytes += nbytes
        self._metrics.cache_bytes.set(self._nbytes)


def _adopt(directory: Path) -> list[tuple[str, int]]:
    """Attempts in the cache that have all their files, least recently fetched first, with their sizes; everything else is removed."""
    shutil.rmtree(directory / _RUBBISH, ignore_errors=True)
    (directory / _RUBBISH).mkdir(parents=True)
    found: list[tuple[float, str, int]] = []
    for attempt in directory.glob("signal=*/tenant=*/date=*/*/*/"):
        path = attempt.relative_to(directory).as_posix()
        files = {file.name: file.stat() for file in attempt.iterdir()}
        if set(files) == set(DATA_FILES) and parse_key(f"{path}/{ROWS_FILE}") is not None:
            found.append((max(status.st_mtime for status in files.values()), path, sum(status.st_size for status in files.values())))
        else:
            shutil.rmtree(attempt, ignore_errors=True)
    return [(path, nbytes) for _, path, nbytes in sorted(found)]
