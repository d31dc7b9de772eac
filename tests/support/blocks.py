"""Written blocks to test with, and ways to damage bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.layout import ROWS_FILE, SERIES_FILE, TRACES_FILE
from lgtm.blocks.lineage import flushed_identities
from lgtm.blocks.meta import BlockIdentity, BlockMeta, PartInterval
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.trace_index import TraceIndex, open_trace_index
from lgtm.blocks.writer import WrittenBlock, dates_of, write_block
from lgtm.model.batch import Batch
from lgtm.model.limits import DAY_NS
from lgtm.model.signal import LOGS, SAMPLES, SPANS, Signal
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from support.rows import Entry, batch_of, entry
from support.samples import Sample, samples_batch
from support.spans import Span, spans_batch

DAY_START_NS = 20_000 * DAY_NS
DATE = "2024-10-04"


def identity(date: str = DATE, *, generation: int = 1, tenant: Tenant = DEFAULT_TENANT, wal_id: str = "a1", signal: Signal = LOGS) -> BlockIdentity:
    parts = [PartInterval(b"w" * 16, 1, generation * 100, generation * 100 + 99)]
    return flushed_identities(signal, tenant, [date], wal_id=wal_id, first_segment=generation, last_segment=generation + 1, parts=parts)[0]


def written(
    entries: Iterable[Entry] | Sequence[Batch],
    directory: Path,
    *,
    of: BlockIdentity | None = None,
    options: WriteOptions | None = None,
    created_ns: int = 7,
) -> WrittenBlock:
    """Entries (or batches) as a block; its date is that of the first row."""
    given = list(entries)
    batches = [batch_of(e for e in given if isinstance(e, Entry)), *(b for b in given if isinstance(b, Batch))]
    batches = [b for b in batches if len(b)]
    directory.mkdir(parents=True, exist_ok=True)
    return write_block(batches, of or identity(dates_of(batches)[0]), directory, created_ns=created_ns, options=options)


def written_spans(spans: Sequence[Span], directory: Path, *, generation: int = 1, options: WriteOptions | None = None) -> WrittenBlock:
    """Spans of one day as a block. generation: also when it was flushed."""
    batch = spans_batch(spans)
    (date,) = dates_of([batch])
    return written([batch], directory, of=identity(date, generation=generation, signal=SPANS), options=options, created_ns=generation)


def written_samples(samples: Sequence[Sample], directory: Path, *, generation: int) -> WrittenBlock:
    """As `written_spans`."""
    batch = samples_batch(samples)
    (date,) = dates_of([batch])
    return written([batch], directory, of=identity(date, generation=generation, signal=SAMPLES), created_ns=generation)


def day_of_entries(count: int = 40) -> list[Entry]:
    """Entries of three streams in turn, one a second, some with metadata."""
    apps = ("web", "api", "db")
    return [entry(apps[n % 3], DAY_START_NS + n * 1_000_000_000, f"line {n}", None, **({"trace": f"t{n}"} if n % 2 else {})) for n in range(count)]


def open_block(block: WrittenBlock, *, meta: BlockMeta | None = None, verify: bool = True) -> BlockReader:
    return BlockReader(block.files[ROWS_FILE], block.files[SERIES_FILE], meta or block.meta, verify=verify)


def open_index(block: WrittenBlock) -> TraceIndex:
    return open_trace_index(block.files[TRACES_FILE], block.meta)


def without_index(meta: BlockMeta) -> BlockMeta:
    """As blocks were written before there was an index of traces."""
    return replace(meta, files={name: file for name, file in meta.files.items() if name != TRACES_FILE})
