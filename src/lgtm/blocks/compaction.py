"""Blocks of one tenant, signal and date become one: their rows in block order, each record once.

It reads and writes a chunk at a time, some series or a stretch of time of one series, so memory follows the chunk and not the blocks.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from lgtm.blocks.duplicates import row_order, without_copies
from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.meta import BlockIdentity
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.rest import count_names
from lgtm.blocks.series_table import Ints
from lgtm.blocks.union import RowUnion
from lgtm.blocks.writer import BlockWriter, WrittenBlock, row_groups
from lgtm.model.attribute_text import dynamic_type
from lgtm.model.batch import Batch
from lgtm.model.labels import Fingerprint, is_placeholder
from lgtm.model.series import Series
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, REST, REST_TYPE, TS
from lgtm.model.window import ALWAYS, Window

CHUNK_BYTES = 32 * 1024 * 1024
"""Raw content that is held at once, about; a few times as much while it is sorted."""
ROW_BYTES = 32
"""What a row costs beside its strings."""


def compact_blocks(
    readers: Sequence[BlockReader],
    identity: BlockIdentity,
    directory: Path,
    *,
    created_ns: int,
    options: WriteOptions | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> WrittenBlock:
    """Writes the rows of all blocks to files in `directory`, which exists. The same blocks make the same rows, in whatever order they are given.

    Of several copies that of the block flushed first stays. Raises DamagedBlock when the bytes of a block are not what its meta says. Blocks: CPU
    and disk.
    """
    options = options or WriteOptions.of(identity.signal)
    sources = sorted(readers, key=lambda reader: reader.meta.arrived)
    table = _Table.of(sources)
    dynamic, has_rest = _dynamic_columns(sources)
    fixed = [field for field in sources[0].meta.signal.columns if not field.nullable or any(field.name in source.schema.names for source in sources)]
    fields = [*fixed, *(_field(sources, name) for name in dynamic)]
    schema = pa.schema([*fields, pa.field(REST, REST_TYPE)] if has_rest else fields)
    writer = BlockWriter(identity, table.series, schema, directory, options)
    for first, last, window in _chunks(sources, table, chunk_bytes):
        union = RowUnion(table.rows(sources, first, last, window), dynamic=dynamic)
        ranks = table.ranks_of(union.series)
        by_rank = ranks[union.series_of]
        content = union.take if union.signal.identity_includes_content else None
        order = without_copies(row_order(by_rank, union.ts), by_rank, union.ts, content)
        for part in row_groups(union, order, options):
            writer.append(_with_columns(union.take(part, numbers=ranks), schema))
    return writer.finish(created_ns=created_ns, flushed_ns=sources[0].meta.arrived[0])


@dataclass(slots=True, frozen=True)
class _Table:
    """series: of all sources, sorted by labels; a series' rank is its place there. ranks: for each source, the rank of each of its numbers.
    nbytes: raw content by rank."""

    series: tuple[Series, ...]
    rank_of: dict[Fingerprint, int]
    ranks: tuple[Ints, ...]
    nbytes: Ints

    @classmethod
    def of(cls, sources: Sequence[BlockReader]) -> _Table:
        known: dict[Fingerprint, Series] = {}
        for source in sources:
            for one in source.table.all:
                if one.fingerprint not in known or is_placeholder(known[one.fingerprint].labels):
                    known[one.fingerprint] = one  # labels that one log has lost come back from another
        series = tuple(sorted(known.values(), key=lambda one: (one.labels or (), one.fingerprint)))
        rank_of = {one.fingerprint: rank for rank, one in enumerate(series)}
        ranks = tuple(np.array([rank_of[one.fingerprint] for one in source.table.all], np.int64) for source in sources)
        nbytes = np.zeros(len(series), np.int64)
        for source, places in zip(sources, ranks, strict=True):
            table = source.table
            nbytes[places] += table.line_bytes + table.metadata_bytes + ROW_BYTES * table.row_count
        return cls(series, rank_of, ranks, nbytes)

    def ranks_of(self, series: Sequence[Series]) -> Ints:
        return np.array([self.rank_of[one.fingerprint] for one in series], np.int64)

    def rows(self, sources: Sequence[BlockReader], first: int, last: int, window: Window, columns: frozenset[str] | None = None) -> list[Batch]:
        """Rows of the series from rank `first` up to, not including, `last`."""
        found: list[Batch] = []
        for source, ranks in zip(sources, self.ranks, strict=True):
            numbers = np.flatnonzero((ranks >= first) & (ranks < last)).astype(np.int64)
            if len(numbers):
                found.extend(source.read(source.pick(numbers), window, columns))
        return found


def _chunks(sources: Sequence[BlockReader], table: _Table, chunk_bytes: int) -> Iterator[tuple[int, int, Window]]:
    """(first rank, rank behind the last, window), in block order and together everything."""
    ends = np.cumsum(table.nbytes)
    first, before = 0, 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, before + chunk_bytes, side="right")))
        if table.nbytes[first] > chunk_bytes:
            yield from ((first, last, window) for window in _windows(sources, table, first, chunk_bytes))
        else:
            yield first, last, ALWAYS
        first, before = last, int(ends[last - 1])


def _windows(sources: Sequence[BlockReader], table: _Table, rank: int, chunk_bytes: int) -> list[Window]:
    """Stretches of time in which one large series has about chunk_bytes. Rows of one nanosecond stay together: copies are found among them."""
    batches = table.rows(sources, rank, rank + 1, ALWAYS, frozenset())
    ts = np.sort(np.concatenate([batch.rows.column(TS).to_numpy() for batch in batches]))
    count = -(-int(table.nbytes[rank]) // chunk_bytes)
    cuts = np.unique(ts[np.arange(1, count) * len(ts) // count]).tolist()
    return [Window(*edges) for edges in itertools.pairwise([int(ts[0]), *(cut for cut in cuts if cut > ts[0]), int(ts[-1]) + 1])]


def _dynamic_columns(sources: Sequence[BlockReader]) -> tuple[list[str], bool]:
    """Names that become columns, sorted, and whether others are left for `rest`: past the cap the rarest go there."""
    counts: Counter[str] = Counter()
    for source in sources:
        counts.update(source.value_counts())
        if source.meta.has_rest:
            for batch in source.read(columns=frozenset((REST,))):
                counts.update(count_names(batch.rows.column(REST)))
    kept = sorted(counts, key=lambda name: (-counts[name], name))[:DYNAMIC_COLUMNS_MAX]
    return sorted(kept), len(counts) > len(kept)


def _field(sources: Sequence[BlockReader], name: str) -> pa.Field:
    return next((source.schema.field(name) for source in sources if name in source.schema.names), pa.field(name, dynamic_type(name)))


def _with_columns(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The rows with all columns of the block; those that this chunk lacks are null."""
    columns = [rows.column(f.name) if f.name in rows.schema.names else pa.nulls(rows.num_rows, f.type) for f in schema]
    return pa.record_batch(columns, schema=schema)
