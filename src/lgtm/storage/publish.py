"""A block becomes visible exactly once, whatever crashes, times out or is done twice on the way.

    data files   put under <block path>/<attempt>/, named by their own digest: a repeated put writes the same bytes to the same keys
    meta.json    put last and only if absent: before it there is no block, after it there is all of it
    412          somebody was here, perhaps we: read it back; the same rows are a success, others a mistake that a person must see
    verify       read the meta back and look at the files: only then may the log's segments go

A StoreUnavailable from any step leaves the outcome unknown; calling `publish` again with the same block settles it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from lgtm.blocks.layout import META_FILE
from lgtm.blocks.meta import BlockMeta
from lgtm.errors import Corruption
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import AlreadyExists, ObjectNotFound, ObjectStore
from lgtm.telemetry import event

_log = logging.getLogger(__name__)


class BlockConflict(Corruption):
    """A block of this name exists and holds other rows. Nothing was changed; the log still has ours."""

    def __init__(self, block_path: str) -> None:
        self.block_path = block_path

    def __str__(self) -> str:
        return f"block {self.block_path} is published already, with other rows"


class BlockUnverified(Corruption):
    """A published block's data is not in the store as its meta says. The log must keep the rows."""

    def __init__(self, block_path: str, reason: str) -> None:
        self.block_path, self.reason = block_path, reason

    def __str__(self) -> str:
        return f"block {self.block_path} does not verify: {self.reason}"


async def publish(store: ObjectStore, files: Mapping[str, Path], meta: BlockMeta, metrics: StorageMetrics) -> BlockMeta:
    """Publishes the block and verifies it; returns the meta that stands, ours or the equal one of an earlier try.

    files: local paths by name, which must not change any more. Raises StoreUnavailable (unknown outcome; call again), BlockConflict, BlockUnverified,
    DamagedBlock when the meta that stands cannot be read.
    """
    for name, path in files.items():
        await store.put_file(meta.key_of(name), path)
    key = f"{meta.path}/{META_FILE}"
    outcome = "new"
    try:
        await store.put(key, meta.to_json(), if_absent=True)
    except AlreadyExists:
        outcome = "repeated"
    standing = BlockMeta.from_json(await store.get(key), name=key)
    if not standing.same_content(meta):
        metrics.published.labels("conflict").inc()
        raise BlockConflict(meta.path)
    await _verify(store, standing)
    if standing.attempt != meta.attempt:
        await _drop_attempt(store, meta)
    metrics.published.labels(outcome).inc()
    return standing


async def _verify(store: ObjectStore, meta: BlockMeta) -> None:
    for name, file in meta.files.items():
        try:
            nbytes = (await store.head(meta.key_of(name))).nbytes
        except ObjectNotFound as error:
            raise BlockUnverified(meta.path, f"{file.path} is missing") from error
        if nbytes != file.nbytes:
            raise BlockUnverified(meta.path, f"{file.path} has {nbytes} bytes instead of {file.nbytes}")


async def _drop_attempt(store: ObjectStore, meta: BlockMeta) -> None:
    """Our data is not what the standing meta points at; it would be rubbish for ever."""
    event(_log, logging.INFO, "dropping an attempt that another one preceded", block=meta.path, attempt=meta.attempt)
    for name in meta.files:
        await store.delete(meta.key_of(name))
