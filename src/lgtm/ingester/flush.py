"""A drained generation becomes blocks: one for each tenant, signal and UTC date of its rows.

Names follow from the log's id and the generation's segments, so a flush done again after a crash makes the same blocks, and publishing them is
idempotent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lgtm.blocks.lineage import flushed_identities
from lgtm.blocks.meta import PartInterval
from lgtm.blocks.union import RowUnion
from lgtm.blocks.writer import WrittenBlock, dates_of, write_block
from lgtm.ingester.generation import Generation
from lgtm.ingester.head import HeadSnapshot
from lgtm.model.batch import Batch


def write_blocks(generation: Generation, last_segment: int, directory: Path, *, created_ns: int) -> Iterator[WrittenBlock]:
    """Writes block after block to `directory`; the caller publishes and removes each before it asks for the next. Blocks: CPU and disk."""
    for key, head in generation.heads.items():
        if not head.row_count:
            continue
        snapshot = head.snapshot()
        union = RowUnion(batches_of(snapshot))
        identities = flushed_identities(
            head.signal,
            head.tenant,
            dates_of(batches_of(snapshot)),
            wal_id=generation.wal_id,
            first_segment=generation.number,
            last_segment=last_segment,
            parts=[PartInterval(*interval) for interval in generation.part_ids[key].intervals()],
        )
        for identity in identities:
            place = directory / identity.block_id
            place.mkdir(parents=True, exist_ok=True)
            yield write_block(union, identity, place, created_ns=created_ns)


def batches_of(snapshot: HeadSnapshot) -> list[Batch]:
    return [Batch(snapshot.signal, snapshot.tenant, snapshot.series, run.rows) for run in snapshot.runs]
