"""From a generation in memory to blocks in the object store."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from pathlib import Path

import aiofiles.os
import pyarrow as pa

from lgtm.blocks.writer import WrittenBlock
from lgtm.clock import Clock
from lgtm.errors import Corruption, Unavailable
from lgtm.ingester.flush import write_blocks
from lgtm.ingester.generation import Generation
from lgtm.model.part_ids import PartIds
from lgtm.storage.catalog import Catalog
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectStore
from lgtm.storage.publish import publish
from lgtm.telemetry import event

logger = logging.getLogger(__name__)


class Flusher:
    """Turns a generation into published, verified blocks, one after the other, so that disk and memory hold one at a time."""

    def __init__(self, store: ObjectStore, catalog: Catalog, metrics: StorageMetrics, directory: Path, clock: Clock) -> None:
        self._store, self._catalog, self._metrics, self._directory, self._clock = store, catalog, metrics, directory, clock

    async def flush(self, generation: Generation, last_segment: int, parts: PartIds) -> None:
        """Raises Unavailable when it must be tried again. A conflict or damage is reported and tried again too: the log keeps the rows."""
        directory = self._directory / generation.id
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        try:
            blocks = write_blocks(generation, last_segment, directory, created_ns=self._clock.now_ns(), parts=parts)
            while (written := await asyncio.to_thread(next, blocks, None)) is not None:
                await self._publish(written)
                # The allocator keeps freed pages for later; after a flush there is no such later for a while.
                await asyncio.to_thread(pa.default_memory_pool().release_unused)
        except OSError as error:
            raise FlushFailed(f"cannot write block files in {directory}: {error}") from error
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def _publish(self, written: WrittenBlock) -> None:
        try:
            self._catalog.add(await publish(self._store, written.files, written.meta, self._metrics))
        except Corruption as error:
            event(logger, logging.ERROR, "block cannot be published; its rows stay in the log", error=str(error))
            raise FlushFailed(str(error)) from error
        for path in written.files.values():
            with contextlib.suppress(FileNotFoundError):
                await aiofiles.os.unlink(path)


class FlushFailed(Unavailable):
    """A generation could not be turned into blocks this time."""
