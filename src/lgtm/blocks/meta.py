"""What is known about a block without opening its data: `meta.json`, whose presence makes the block exist.

Values and their JSON; lineage.py says how blocks come to their identity.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from lgtm.blocks.layout import DATA_FILES, FORMAT_VERSION, TRACES_FILE, DamagedBlock, block_path, date_of
from lgtm.model.part import PartId
from lgtm.model.signal import SIGNALS, Signal
from lgtm.model.tenant import InvalidTenant, Tenant
from lgtm.model.window import Window

META_BYTES_MAX = 16 * 1024 * 1024
_T = TypeVar("_T")


@dataclass(slots=True, frozen=True, order=True)
class PartInterval:
    """Parts of one writer and epoch, first and last sequence included."""

    writer: bytes
    epoch: int
    first: int
    last: int

    def __contains__(self, part: PartId) -> bool:
        return (part.writer, part.epoch) == (self.writer, self.epoch) and self.first <= part.sequence <= self.last


@dataclass(slots=True, frozen=True)
class BlockIdentity:
    """What is known about a block before its rows are sorted.

    wal_id with first and last segment: the generation it was flushed from; a compacted block has sources instead, and wal_id "".
    siblings: ids of all blocks of that generation, tenant and signal, itself included: `parts` are stored once all of them are published.
    """

    signal: Signal
    tenant: Tenant
    date: str
    block_id: str
    wal_id: str = ""
    first_segment: int = 0
    last_segment: int = 0
    parts: tuple[PartInterval, ...] = ()
    siblings: tuple[str, ...] = ()
    level: int = 0
    sources: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class BlockFile:
    """path: inside the block. sha256 is what an object store checks, xxh3 (128 bit) what a reader checks, ten times as fast; both in hex."""

    path: str
    nbytes: int
    sha256: str
    xxh3: str


@dataclass(slots=True, frozen=True)
class BlockMeta:
    """min_ns, max_ns: least and greatest ts, both included. line_bytes, metadata_bytes: raw UTF-8, of metadata the values."""

    identity: BlockIdentity
    row_count: int
    series_count: int
    min_ns: int
    max_ns: int
    line_bytes: int
    metadata_bytes: int
    label_names: tuple[str, ...]
    dynamic_columns: tuple[str, ...]
    has_rest: bool
    attempt: str
    """Names the directory of the data; a digest of it, so equal data has equal names."""
    files: dict[str, BlockFile]
    """rows.parquet and series.parquet, and traces.index where rows have a trace id; blocks written before there was one lack it."""
    created_ns: int
    """Wall time of the flush or compaction."""
    flushed_ns: int | None = None
    """Of a compacted block, wall time of the first flush that it has rows of; None also where it was not written down yet."""

    @property
    def block_id(self) -> str:
        return self.identity.block_id

    @property
    def tenant(self) -> Tenant:
        return self.identity.tenant

    @property
    def signal(self) -> Signal:
        return self.identity.signal

    @property
    def arrived(self) -> tuple[int, str]:
        """Orders blocks as their rows arrived, as far as that is known of blocks."""
        return self.created_ns if self.flushed_ns is None else self.flushed_ns, self.block_id

    @property
    def path(self) -> str:
        """Key prefix of all its objects, without a slash at the end."""
        return block_path(self.signal.name, self.tenant, self.identity.date, self.block_id)

    @property
    def nbytes(self) -> int:
        return sum(file.nbytes for file in self.files.values())

    def key_of(self, name: str) -> str:
        """Object key of a data file."""
        return f"{self.path}/{self.files[name].path}"

    def overlaps(self, window: Window) -> bool:
        return window.overlaps(self.min_ns, self.max_ns)

    def same_content(self, other: BlockMeta) -> bool:
        """Whether both publish the same rows: equal in all but when and under which attempt they were written."""
        return self._content() == other._content()

    def _content(self) -> tuple[object, ...]:
        return (self.identity, self.row_count, self.series_count, self.min_ns, self.max_ns, self.line_bytes, self.metadata_bytes)

    def to_json(self) -> bytes:
        identity = self.identity
        writers: dict[str, list[list[int]]] = {}
        for part in identity.parts:
            writers.setdefault(f"{part.writer.hex()}-{part.epoch}", []).append([part.first, part.last])
        fields = {
            "format_version": FORMAT_VERSION,
            "signal": identity.signal.name,
            **{name: getattr(identity, name) for name in _IDENTITY_FIELDS},
            "parts": writers,
            **{name: getattr(self, name) for name in _FIELDS},
            **({} if self.flushed_ns is None else {"flushed_ns": self.flushed_ns}),
            "files": {name: dataclasses.asdict(file) for name, file in sorted(self.files.items())},
        }
        return orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_json(cls, data: bytes, *, name: str) -> BlockMeta:
        """name: the object's key, for errors. Raises DamagedBlock for anything that to_json could not have written, also of a newer format."""
        try:
            if len(data) > META_BYTES_MAX:
                raise ValueError(f"{len(data)} bytes")
            fields = orjson.loads(data)
            version = _integer(fields["format_version"])
            if version != FORMAT_VERSION:
                raise ValueError(f"format version {version} is not {FORMAT_VERSION}, which this program reads")
            meta = _meta_of(cls, fields)
            if meta.to_json() != orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE):
                raise ValueError("not in the form that is written")
            return meta
        except (KeyError, TypeError, ValueError, AttributeError, InvalidTenant) as error:
            raise DamagedBlock(name, f"{type(error).__name__}: {error}") from error


_IDENTITY_FIELDS = ("tenant", "date", "block_id", "wal_id", "first_segment", "last_segment", "siblings", "level", "sources")
_FIELDS = (
    "row_count", "series_count", "min_ns", "max_ns", "line_bytes", "metadata_bytes", "label_names", "dynamic_columns", "has_rest",
    "attempt", "created_ns",
)  # fmt: skip


def _meta_of(cls: type[BlockMeta], fields: dict[str, Any]) -> BlockMeta:
    identity = BlockIdentity(
        signal=SIGNALS[fields["signal"]],
        tenant=Tenant(_text(fields["tenant"])),
        date=_text(fields["date"]),
        block_id=_text(fields["block_id"]),
        wal_id=_text(fields["wal_id"]),
        first_segment=_integer(fields["first_segment"]),
        last_segment=_integer(fields["last_segment"]),
        parts=tuple(_parts(fields["parts"])),
        siblings=_tuple(fields["siblings"], _text),
        level=_integer(fields["level"]),
        sources=_tuple(fields["sources"], _text),
    )
    files = {
        name: BlockFile(_text(one["path"]), _integer(one["nbytes"]), _text(one["sha256"]), _text(one["xxh3"]))
        for name, one in fields["files"].items()
    }
    meta = cls(
        identity=identity,
        label_names=_tuple(fields["label_names"], _text),
        dynamic_columns=_tuple(fields["dynamic_columns"], _text),
        has_rest=fields["has_rest"] is True,
        attempt=_text(fields["attempt"]),
        files=files,
        flushed_ns=_integer(fields["flushed_ns"]) if "flushed_ns" in fields else None,
        **{name: _integer(fields[name]) for name in ("row_count", "series_count", "min_ns", "max_ns", "line_bytes", "metadata_bytes", "created_ns")},
    )
    optional = {TRACES_FILE} if identity.signal.has_traces else set[str]()
    if set(files) - optional != set(DATA_FILES) or any(file.path != f"{meta.attempt}/{name}" for name, file in files.items()):
        raise ValueError("files are not those of a block")
    if date_of(meta.min_ns) != identity.date or date_of(meta.max_ns) != identity.date or meta.min_ns > meta.max_ns:
        raise ValueError("times lie outside the date")
    return meta


def _parts(writers: dict[str, Any]) -> Iterable[PartInterval]:
    for writer, intervals in writers.items():
        name, _, epoch = writer.partition("-")
        for first, last in intervals:
            yield PartInterval(bytes.fromhex(name), int(epoch), _integer(first), _integer(last))


def _file(one: dict[str, Any]) -> BlockFile:
    return BlockFile(_text(one["path"]), _integer(one["nbytes"]), _text(one["sha256"]), _text(one["xxh3"]))


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no integer")
    return value


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError(f"{value!r} is no text")
    return value


def _tuple(values: object, check: Callable[[object], _T]) -> tuple[_T, ...]:
    if type(values) is not list:
        raise TypeError(f"{values!r} is no list")
    return tuple(check(value) for value in values)
