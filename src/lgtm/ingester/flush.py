"""Parts of a drained generation become blocks: one for each tenant, signal and UTC date of their rows.

Names follow from the log's id, the generation's segments and the parts, so a flush done again after a crash makes the same blocks, and publishing
them is idempotent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from lgtm.blocks.lineage import flushed_identities
from lgtm.blocks.meta import PartInterval
from lgtm.blocks.union import RowUnion
from lgtm.blocks.writer import WrittenBlock, dates_of, write_block
from lgtm.ingester.generation import Generation
from lgtm.ingester.head import HeadSnapshot
from lgtm.model.batch import Batch
from lgtm.model.part_ids import PartIds


def write_blocks(
    generation: Generation, last_segment: int, directory: Path, *, created_ns: int, parts: PartIds | None = None
) -> Iterator[WrittenBlock]:
    """Writes block after block to `directory`; the caller publishes and removes each before it asks for the next. Blocks: CPU and disk.

    parts: the parts wanted; None: all.
    """
    for head in list(generation.heads.values()):
        snapshot = head.snapshot()
        batches, held = batches_of(snapshot, parts), PartIds()
        if not batches:
            continue
        for run in snapshot.runs:
            held.update(run.parts.ids(None if parts is None else run.parts.within(parts)))
        union = RowUnion(batches)
        identities = flushed_identities(
            head.signal,
            head.tenant,
            dates_of(batches),
            wal_id=generation.wal_id,
            first_segment=generation.number,
            last_segment=last_segment,
            parts=[PartInterval(*interval) for interval in held.intervals()],
        )
        for identity in identities:
            place = directory / identity.block_id
            place.mkdir(parents=True, exist_ok=True)
            yield write_block(union, identity, place, created_ns=created_ns)


def batches_of(snapshot: HeadSnapshot, parts: PartIds | None = None) -> list[Batch]:
    """The rows of the parts wanted (None: all), a batch for each run that has any."""
    found = []
    for run in snapshot.runs:
        rows = run.rows
        if parts is not None and not (wanted := run.parts.within(parts)).all():
            rows = rows.filter(pa.array(run.parts.rows_of(wanted)))
        if rows.num_rows:
            found.append(Batch(snapshot.signal, snapshot.tenant, snapshot.series, rows))
    return found
