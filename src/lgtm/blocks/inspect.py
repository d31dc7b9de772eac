"""Describing a block in a directory to people and programs, and finding out whether it is what was written. Reads only.

Everything that can be checked is: the meta's own form, sizes and both digests of the data files, each page's CRC, that every row can be decoded,
that rows are in order, that rows, series table and meta agree on numbers and times, and that the index of traces is that of the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lgtm.blocks.layout import META_FILE, ROWS_FILE, SERIES_FILE, TOMBSTONE_FILE, TRACES_FILE, DamagedBlock
from lgtm.blocks.meta import BlockFile, BlockMeta
from lgtm.blocks.reader import BlockReader, SeriesSelection
from lgtm.blocks.trace_index import TraceIndexBuilder, open_trace_index
from lgtm.model.labels import Labels, format_labels
from lgtm.model.signal import TRACE_ID, TS

Json = dict[str, Any]


@dataclass(slots=True, frozen=True)
class SeriesDescription:
    """nbytes: lines and metadata, not compressed. Times are inclusive."""

    labels: Labels
    row_count: int
    min_ns: int
    max_ns: int
    nbytes: int

    def as_json(self) -> Json:
        return {"labels": dict(self.labels), "row_count": self.row_count, "min_ns": self.min_ns, "max_ns": self.max_ns, "nbytes": self.nbytes}

    def __str__(self) -> str:
        return f"    {format_labels(self.labels)}  {self.row_count} rows  {self.nbytes} bytes  {self.min_ns} to {self.max_ns}"


@dataclass(slots=True, frozen=True)
class BlockDescription:
    directory: Path
    meta: BlockMeta | None
    """None when it cannot be read; then nothing else is known."""
    damage: tuple[str, ...]
    series: tuple[SeriesDescription, ...]
    """Empty when the series table is damaged."""
    trace_count: int | None
    """None without an index of traces, or a sound one."""
    strangers: tuple[str, ...]
    """Files that the meta does not name, such as those of an attempt that was given up. They do no harm."""
    is_deleted: bool
    """Whether a tombstone lies beside the meta."""

    def as_json(self) -> Json:
        meta = self.meta
        facts: Json = {} if meta is None else {
            "block_id": meta.block_id, "signal": meta.signal.name, "tenant": str(meta.tenant), "date": meta.identity.date,
            "wal_id": meta.identity.wal_id, "segments": [meta.identity.first_segment, meta.identity.last_segment], "level": meta.identity.level,
            "row_count": meta.row_count, "series_count": meta.series_count, "min_ns": meta.min_ns, "max_ns": meta.max_ns,
            "line_bytes": meta.line_bytes, "metadata_bytes": meta.metadata_bytes, "stored_bytes": meta.nbytes,
            "label_names": list(meta.label_names), "dynamic_columns": list(meta.dynamic_columns), "created_ns": meta.created_ns,
            "trace_count": self.trace_count, "series": [one.as_json() for one in self.series],
        }  # fmt: skip
        rest = {"damage": list(self.damage), "strangers": list(self.strangers), "is_deleted": self.is_deleted}
        return {"directory": str(self.directory), **facts, **rest}

    def as_text(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield str(self.directory)
        for problem in self.damage:
            yield f"  DAMAGE: {problem}"
        if self.is_deleted:
            yield "  deleted: a tombstone hides it from queries"
        for name in self.strangers:
            yield f"  not part of the block: {name}"
        if (meta := self.meta) is None:
            return
        raw_bytes = meta.line_bytes + meta.metadata_bytes
        yield f"  {meta.signal} of tenant {meta.tenant}, {meta.identity.date}, level {meta.identity.level}, segments {_segments(meta)}"
        yield f"  {meta.row_count} rows of {meta.series_count} series, times {meta.min_ns} to {meta.max_ns} (ns, both included)"
        yield f"  {raw_bytes} bytes of lines and metadata in {meta.nbytes} bytes, {raw_bytes / max(meta.nbytes, 1):.1f} to 1"
        yield f"  labels {', '.join(meta.label_names) or 'none'}; metadata {', '.join(meta.dynamic_columns) or 'none'}"
        if self.trace_count is not None:
            yield f"  {self.trace_count} traces in an index of {meta.files[TRACES_FILE].nbytes} bytes"
        yield from map(str, self.series)


def inspect_block(path: Path) -> BlockDescription:
    """path: the directory of a block, or its meta. Raises FileNotFoundError when there is no meta; whatever else is wrong is in the description."""
    directory = path.parent if path.name == META_FILE else path
    data = (directory / META_FILE).read_bytes()
    is_deleted = (directory / TOMBSTONE_FILE).exists()
    try:
        meta = BlockMeta.from_json(data, name=META_FILE)
    except DamagedBlock as error:
        return BlockDescription(directory, None, (f"{error.name}: {error.reason}",), (), None, (), is_deleted)
    damage = list(_misplaced(directory, meta))
    for file in meta.files.values():
        damage += _damage_of(directory, file)
    series: tuple[SeriesDescription, ...] = ()
    trace_count = None
    if not any(problem.startswith(tuple(file.path for file in meta.files.values())) for problem in damage):
        series, trace_count, wrong = _contents(directory, meta)
        damage += wrong
    return BlockDescription(directory, meta, tuple(damage), series, trace_count, _strangers(directory, meta), is_deleted)


def _misplaced(directory: Path, meta: BlockMeta) -> Iterator[str]:
    place = directory.resolve().as_posix()
    if "signal=" in place and not place.endswith(f"/{meta.path}"):
        yield f"{META_FILE}: belongs in {meta.path}"
    elif directory.resolve().name != meta.block_id:
        yield f"{META_FILE}: belongs in a directory named {meta.block_id}"


def _damage_of(directory: Path, file: BlockFile) -> Iterator[str]:
    path = directory / file.path
    try:
        nbytes = path.stat().st_size
        if nbytes != file.nbytes:
            yield f"{file.path}: {nbytes} bytes instead of {file.nbytes}"
            return
        with path.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
                yield f"{file.path}: checksum differs"
    except OSError as error:
        yield f"{file.path}: {error.strerror or error}"


def _contents(directory: Path, meta: BlockMeta) -> tuple[tuple[SeriesDescription, ...], int | None, list[str]]:
    """Series as the table tells them, traces as the index does, and in what the rows differ from table, index and meta."""
    paths = {name: directory / file.path for name, file in meta.files.items()}
    try:
        reader = BlockReader(paths[ROWS_FILE], paths[SERIES_FILE], meta)
        selection = reader.series()
        wrong = list(_differences(reader, selection))
        if TRACES_FILE not in paths:
            return _series(selection), None, wrong
        index = open_trace_index(paths[TRACES_FILE], meta)
        return _series(selection), len(index), [*wrong, *_index_differences(reader, paths[TRACES_FILE])]
    except DamagedBlock as error:
        return (), None, [f"{error.name}: {error.reason}"]


def _index_differences(reader: BlockReader, path: Path) -> Iterator[str]:
    """Builds the index anew."""
    builder = TraceIndexBuilder()
    for ids in reader.column(TRACE_ID):
        builder.add(ids)
    if builder.finish() != path.read_bytes():
        yield f"{reader.meta.files[TRACES_FILE].path}: is not the index of the rows"


def _differences(reader: BlockReader, selection: SeriesSelection) -> Iterator[str]:
    """Reads every row, a row group at a time."""
    meta, counts = reader.meta, np.zeros(len(selection), np.int64)
    least, greatest = np.full(len(selection), np.iinfo(np.int64).max), np.full(len(selection), np.iinfo(np.int64).min)
    in_order = True
    for batch in reader.read(selection):
        numbers, ts = batch.rows.column(0).to_numpy(), batch.rows.column(TS).to_numpy()
        same = numbers[1:] == numbers[:-1]
        in_order = in_order and bool((numbers[1:] >= numbers[:-1]).all() and (ts[1:] >= ts[:-1])[same].all())
        np.add.at(counts, numbers, 1)
        np.minimum.at(least, numbers, ts)
        np.maximum.at(greatest, numbers, ts)
    if not in_order:
        yield f"{meta.files[ROWS_FILE].path}: rows are not in the order of series and time"
    if not ((counts == selection.row_count).all() and (least == selection.min_ns).all() and (greatest == selection.max_ns).all()):
        yield f"{meta.files[SERIES_FILE].path}: counts or times of series are not those of the rows"
    if (int(least.min()), int(greatest.max())) != (meta.min_ns, meta.max_ns):
        yield f"{META_FILE}: times are not those of the rows"
    if (int(selection.line_bytes.sum()), int(selection.metadata_bytes.sum())) != (meta.line_bytes, meta.metadata_bytes):
        yield f"{META_FILE}: bytes are not those of the series"


def _series(selection: SeriesSelection) -> tuple[SeriesDescription, ...]:
    nbytes = selection.line_bytes + selection.metadata_bytes
    columns = zip(selection.series, selection.row_count, selection.min_ns, selection.max_ns, nbytes, strict=True)
    return tuple(SeriesDescription(one.labels or (), int(rows), int(least), int(last), int(size)) for one, rows, least, last, size in columns)


def _strangers(directory: Path, meta: BlockMeta) -> tuple[str, ...]:
    known = {META_FILE, TOMBSTONE_FILE, *(file.path for file in meta.files.values())}
    found = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    return tuple(sorted(found - known))


def _segments(meta: BlockMeta) -> str:
    identity = meta.identity
    return f"{identity.first_segment} to {identity.last_segment} of log {identity.wal_id}" if identity.wal_id else "none (compacted)"
