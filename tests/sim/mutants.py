"""The program broken on purpose, to see that the simulation notices. Each takes away one thing that keeps a promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lgtm.app import flusher
from lgtm.blocks.layout import META_FILE
from lgtm.blocks.meta import BlockMeta
from lgtm.model.part_ids import PartIds
from lgtm.peer.faults import PeerUnknown
from lgtm.query import sample_rows, select
from lgtm.query.duplicates import Suspects
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import AlreadyExists, ObjectStore
from sim import run
from support.simdisk import SimFile

Mutant = Callable[[], None]


def no_fsync() -> None:
    """A sync returns at once."""
    SimFile.sync = lambda self: self._disk.change()  # type: ignore[method-assign]


def one_copy() -> None:
    """A write is acknowledged when one log has it."""
    run.DEFAULTS["distributor.copies"] = "1"


def no_dedupe() -> None:
    """Replicas' rows are not recognised as copies."""
    changed: Any = select
    changed.find_suspects = lambda _members, _part: Suspects({})
    changed.PartIds = _Forgetful


class _Forgetful(PartIds):
    """Nothing is ever in it."""

    def __init__(self, _intervals: object = ()) -> None:
        super().__init__()

    def update(self, other: PartIds) -> None:
        pass


def every_sample() -> None:
    """Of samples of one series and time all count, not the first."""
    changed: Any = sample_rows
    changed._sorted_once = lambda series, times: np.lexsort((times, series))


def timeout_is_down() -> None:
    """Whoever is silent is taken for dead."""
    PeerUnknown.refused = True


def meta_before_data() -> None:
    """A block exists before its rows do."""
    changed: Any = flusher
    assert changed.publish, "what is broken must be what is used"
    changed.publish = _publish_backwards


async def _publish_backwards(store: ObjectStore, files: Mapping[str, Path], meta: BlockMeta, _metrics: StorageMetrics) -> BlockMeta:
    try:
        await store.put(f"{meta.path}/{META_FILE}", meta.to_json(), if_absent=True)
    except AlreadyExists:
        return meta
    for name, path in files.items():
        await store.put_file(meta.key_of(name), path)
    return meta


MUTANTS: dict[str, Mutant] = {
    "no-fsync": no_fsync,
    "one-copy": one_copy,
    "no-dedupe": no_dedupe,
    "every-sample": every_sample,
    "timeout-is-down": timeout_is_down,
    "meta-before-data": meta_before_data,
}
