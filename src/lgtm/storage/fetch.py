"""Block files on local disk, ready to be read: cached from the store, or in place where the store is a directory of this machine.

Files are fetched, kept and dropped in pieces: rows and series together, and apart from them the index of traces, which is small and says of most
blocks that their rows need not be fetched. A piece that is being read is pinned. One that is not may go when room is needed, the least recently used
first. Each file is checked against its digest once after it was fetched, or once a process where it is read in place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from lgtm.blocks.layout import DATA_FILES, ROWS_FILE, SERIES_FILE, TRACES_FILE, DamagedBlock, parse_key
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.trace_index import TraceIndex, open_trace_index
from lgtm.errors import Unavailable
from lgtm.storage.column_cache import ColumnCache
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectNotFound, ObjectStore
from lgtm.telemetry import event

_log = logging.getLogger(__name__)

READERS_MAX = 256
"""Blocks kept open in place: footers and series tables are memory."""
INDEXES_MAX = 4_096
"""Indexes kept open in place: each is a mapping, of which a process has some 65,000."""

T = TypeVar("T")

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


@dataclass(slots=True, frozen=True)
class _Piece(Generic[T]):
    """files: by name. suffix: of the directory that they have in the cache, behind that of the attempt. open_max: in place. read: opens them."""

    files: tuple[str, ...]
    suffix: str
    open_max: int
    read: Callable[[Mapping[str, Path], BlockMeta], T]

    def path(self, meta: BlockMeta) -> str:
        return f"{meta.path}/{meta.attempt}{self.suffix}"

    def nbytes(self, meta: BlockMeta) -> int:
        return sum(meta.files[name].nbytes for name in self.files)


_TRACES = _Piece((TRACES_FILE,), "-traces", INDEXES_MAX, lambda paths, meta: open_trace_index(paths[TRACES_FILE], meta))


@dataclass(slots=True, eq=False)
class _Entry:
    """The files of a piece. reader None: on disk since before this process. nbytes: room they take in the cache, 0 in place."""

    nbytes: int
    reader: Any = None
    users: int = 0


class BlockFiles:
    """directory: of the cache; nobody else writes there. Call `start` once before `open`."""

    def __init__(self, store: ObjectStore, directory: Path, bytes_max: int, metrics: StorageMetrics, decoded: ColumnCache | None = None) -> None:
        """decoded: where readers keep columns that they have decoded."""
        self._rows = _Piece(DATA_FILES, "", READERS_MAX, lambda paths, meta: BlockReader(paths[ROWS_FILE], paths[SERIES_FILE], meta, decoded=decoded))
        self._store, self._directory, self._bytes_max, self._metrics = store, directory, bytes_max, metrics
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        """By path of the piece, least recently used first."""
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

        Raises CacheFull, BlockGone, StoreUnavailable, and DamagedBlock when the store's own bytes are damaged. When what is read turns out to be
        damaged, let it pass through here: the next to open the block checks it anew, and fetches it again.
        """
        async with self._open(self._rows, meta) as reader:
            yield reader

    @contextlib.asynccontextmanager
    async def open_index(self, meta: BlockMeta) -> AsyncIterator[TraceIndex | None]:
        """The block's index of traces, without its rows; None for a block that has none. Raises as `open`."""
        if TRACES_FILE not in meta.files:
            yield None
            return
        async with self._open(_TRACES, meta) as index:
            yield index

    @property
    def nbytes(self) -> int:
        """Room taken in the cache."""
        return self._nbytes

    @contextlib.asynccontextmanager
    async def _open(self, piece: _Piece[T], meta: BlockMeta) -> AsyncIterator[T]:
        path = piece.path(meta)
        lock = self._locks.setdefault(path, asyncio.Lock())
        async with lock:  # one fetch at a time; when it is cancelled, the next in line does it
            entry = self._entries.get(path) or self._entries.setdefault(path, _Entry(0))
            entry.users += 1
            try:
                reader = await self._reader(piece, entry, meta)
            except BaseException:
                self._release(path, entry)
                raise
        self._entries.move_to_end(path)
        try:
            yield reader
        except DamagedBlock as error:
            # The local disk has changed or lost what was intact when it was fetched; kept open, the block would fail every query until a restart.
            if error.name.startswith(f"{path}/") and entry.reader is reader:
                entry.reader = None
            raise
        finally:
            self._release(path, entry)

    async def _reader(self, piece: _Piece[T], entry: _Entry, meta: BlockMeta) -> T:
        """Fills the entry, which is pinned and locked."""
        if entry.reader is None:
            entry.reader, found = await self._find(piece, entry, meta)
        else:
            found = "open"
        self._metrics.cache_requests.labels(found).inc()
        reader: T = entry.reader
        return reader

    async def _find(self, piece: _Piece[T], entry: _Entry, meta: BlockMeta) -> tuple[T, str]:
        """A reader, and where its files were."""
        path = piece.path(meta)
        if self._store.local_path(path) is not None:
            reader = await self._open_in_place(piece, meta)
            self._drop_idle_readers(type(reader), piece.open_max)
            return reader, "disk"
        if entry.nbytes:
            try:
                return await self._open_cached(piece, meta), "disk"
            except DamagedBlock as error:
                self._metrics.damaged.labels("cache").inc()
                event(_log, logging.WARNING, "cached block is damaged; fetching it again", block=path, error=error)
                await self._remove_files(path, entry)
        return await self._fetch(piece, entry, meta), "store"

    async def _open_in_place(self, piece: _Piece[T], meta: BlockMeta) -> T:
        paths: dict[str, Path] = {}
        for name in piece.files:
            path = self._store.local_path(meta.key_of(name))
            assert path is not None
            paths[name] = path
        return await asyncio.to_thread(_read_in_place, piece, paths, meta)

    async def _open_cached(self, piece: _Piece[T], meta: BlockMeta) -> T:
        return await asyncio.to_thread(piece.read, self._cached_paths(piece, meta), meta)

    async def _fetch(self, piece: _Piece[T], entry: _Entry, meta: BlockMeta) -> T:
        path, nbytes = piece.path(meta), piece.nbytes(meta)
        await self._make_room(nbytes)
        entry.nbytes = nbytes
        self._grow(nbytes)
        try:
            await asyncio.to_thread((self._directory / path).mkdir, parents=True, exist_ok=True)
            for name, target in self._cached_paths(piece, meta).items():
                await self._store.get_file(meta.key_of(name), target)
            return await self._open_cached(piece, meta)
        except ObjectNotFound as error:
            await self._remove_files(path, entry)
            raise BlockGone(meta.path) from error
        except BaseException:
            await self._remove_files(path, entry)
            raise

    def _cached_paths(self, piece: _Piece[T], meta: BlockMeta) -> dict[str, Path]:
        return {name: self._directory / piece.path(meta) / name for name in piece.files}

    async def _make_room(self, nbytes: int) -> None:
        """Removes idle pieces until there is room for more. Raises CacheFull when removing all of them would not do."""
        if self._nbytes + nbytes <= self._bytes_max:
            return
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

    def _drop_idle_readers(self, kind: type, open_max: int) -> None:
        if len(self._entries) <= open_max:
            return
        idle = [path for path, entry in self._entries.items() if not entry.users and not entry.nbytes and type(entry.reader) is kind]
        for path in idle[: max(0, len(idle) - open_max)]:
            del self._entries[path]

    def _grow(self, nbytes: int) -> None:
        self._nbytes += nbytes
        self._metrics.cache_bytes.set(self._nbytes)


def _read_in_place(piece: _Piece[T], paths: dict[str, Path], meta: BlockMeta) -> T:
    if not paths[piece.files[0]].exists():
        raise BlockGone(meta.path)
    return piece.read(paths, meta)


def _adopt(directory: Path) -> list[tuple[str, int]]:
    """Pieces in the cache that have all their files, least recently fetched first, with their sizes; everything else is removed."""
    shutil.rmtree(directory / _RUBBISH, ignore_errors=True)
    (directory / _RUBBISH).mkdir(parents=True)
    found: list[tuple[float, str, int]] = []
    wanted = [set(DATA_FILES), set(_TRACES.files)]
    for piece in directory.glob("signal=*/tenant=*/date=*/*/*/"):
        path = piece.relative_to(directory).as_posix()
        files = {file.name: file.stat() for file in piece.iterdir()}
        if set(files) in wanted and parse_key(f"{path}/{ROWS_FILE}") is not None:
            found.append((max(status.st_mtime for status in files.values()), path, sum(status.st_size for status in files.values())))
        else:
            shutil.rmtree(piece, ignore_errors=True)
    return [(path, nbytes) for _, path, nbytes in sorted(found)]
