"""Where blocks come from: names that repeat when the work is repeated, and which parts are stored for good.

A block's id is a digest of the origin of its rows, so a flush or compaction done again after a crash has the same name and publishes once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from lgtm.blocks.layout import FORMAT_VERSION
from lgtm.blocks.meta import BlockIdentity, BlockMeta, PartInterval
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import SIGNALS, Signal
from lgtm.model.tenant import Tenant


def flushed_identities(
    signal: Signal,
    tenant: Tenant,
    dates: Iterable[str],
    *,
    wal_id: str,
    first_segment: int,
    last_segment: int,
    parts: Iterable[PartInterval],
) -> list[BlockIdentity]:
    """The blocks of some parts of one generation, tenant and signal: one for each date their rows have."""
    intervals = tuple(sorted(parts))
    which = ",".join(f"{part.writer.hex()}-{part.epoch}:{part.first}-{part.last}" for part in intervals)
    ids = {date: _digest(signal.name, tenant, date, wal_id, str(first_segment), str(last_segment), which) for date in sorted(dates)}
    together = tuple(ids.values())
    return [
        BlockIdentity(signal, tenant, date, block_id, wal_id, first_segment, last_segment, intervals, siblings=together)
        for date, block_id in ids.items()
    ]


def compacted_identity(metas: Sequence[BlockMeta], *, forget_parts: bool = False) -> BlockIdentity:
    """The block that takes the place of `metas`, all of one tenant, signal and date. Raises ValueError for others, or for none.

    Its parts count as stored when those of all its sources do: siblings of the sources that are no sources themselves stay siblings.
    forget_parts: nobody can be waiting to read of them any more. A node that does, because it was away for so long, stores its copies again.
    """
    places = {(meta.signal.name, meta.tenant, meta.identity.date) for meta in metas}
    if len(places) != 1:
        raise ValueError("blocks of one tenant, signal and date are compacted together")
    signal, tenant, date = places.pop()
    sources = tuple(sorted({meta.block_id for meta in metas}))
    inherited = tuple(sorted({source for meta in metas for source in meta.identity.sources}))
    block_id = _digest(signal, tenant, date, "closed" if forget_parts else "compacted", *sources)
    siblings = {sibling for meta in metas for sibling in meta.identity.siblings} - set(sources) - set(inherited)
    return BlockIdentity(
        signal=SIGNALS[signal],
        tenant=tenant,
        date=date,
        block_id=block_id,
        parts=() if forget_parts else tuple(PartInterval(*interval) for interval in parts_of(metas).intervals()),
        siblings=tuple(sorted({*siblings, block_id})),
        level=1 + max(meta.identity.level for meta in metas),
        sources=tuple(sorted({*sources, *inherited})),
    )


def parts_of(metas: Iterable[BlockMeta]) -> PartIds:
    """All parts that the blocks have rows of."""
    return PartIds((part.writer, part.epoch, part.first, part.last) for meta in metas for part in meta.identity.parts)


def stored_parts(metas: Iterable[BlockMeta]) -> set[PartInterval]:
    """Intervals of parts whose rows are all in `metas`: those of blocks that have all their siblings, themselves or compacted, among them."""
    known = list(metas)
    present = {meta.block_id for meta in known} | {source for meta in known for source in meta.identity.sources}
    return {part for meta in known if present.issuperset(meta.identity.siblings) for part in meta.identity.parts}


def _digest(*fields: str) -> str:
    return hashlib.sha256("\0".join((str(FORMAT_VERSION), *fields)).encode()).hexdigest()[:32]
