"""The ring's state: what each instance says of itself, merged so that every member ends with the same view in whatever order news arrives.

For each instance the entry with the higher version wins, and of two with one version the greater encoding: a maximum, hence associative, commutative
and idempotent. Only the instance itself writes its entry, apart from *forget*, which leaves a tombstone; an instance that is alive and meets its own
tombstone registers anew above it.
"""

from __future__ import annotations

import base64
import enum
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from lgtm.errors import BadRequest
from lgtm.ring.hlc import wall_ns

ENTRY_BYTES_MAX = 16 * 1024
ID_CHARACTERS_MAX = 128
TOKENS_MAX = 1_024
FUTURE_NS_MAX = 60 * 1_000_000_000
"""Entries further ahead of our clock are refused: they could not be overruled until our clock gets there."""


class MalformedEntry(BadRequest):
    """The bytes are no ring entry."""


class InstanceState(enum.Enum):
    """JOINING: known, but takes no writes yet. LEAVING: takes none any more. Both answer queries. LEFT is a tombstone."""

    JOINING = "JOINING"
    ACTIVE = "ACTIVE"
    LEAVING = "LEAVING"
    LEFT = "LEFT"


@dataclass(slots=True, frozen=True)
class Instance:
    """version: by hybrid clock; its time is the last heartbeat. tokens: sorted."""

    id: str
    version: int
    state: InstanceState = InstanceState.JOINING
    rpc: str = ""
    """host:port for calls between nodes."""
    http: str = ""
    """host:port of its API and pages."""
    zone: str = ""
    wal_id: str = ""
    """Of its log; a new one means that what the old one held alone is gone."""
    tokens: tuple[int, ...] = ()
    registered_ns: int = 0
    disk: str = "ok"
    """ok, pressure, or full: it takes no writes."""
    single_copy_rows: int = 0
    """Rows that it acknowledged while nobody, and no store, could take a second copy."""
    spilled_rows: int = 0
    """Rows whose second copy is in the object store outside of blocks."""
    oldest_unflushed_ns: int = 0
    """Wall time of the first append that is not in a block yet; 0: everything is."""
    settled: bool = True
    """Whether it considers a restart of another instance safe."""

    @property
    def heartbeat_ns(self) -> int:
        return wall_ns(self.version)

    def to_bytes(self) -> bytes:
        tokens = struct.pack(f">{len(self.tokens)}I", *self.tokens)
        fields = {name: getattr(self, name) for name in _FIELDS}
        return orjson.dumps({**fields, "state": self.state.value, "tokens": base64.b64encode(tokens).decode()}, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, data: bytes) -> Instance:
        """Raises MalformedEntry. Fields of newer versions are left out."""
        try:
            if len(data) > ENTRY_BYTES_MAX:
                raise ValueError(f"{len(data)} bytes")
            fields = orjson.loads(data)
            known = {name: _checked(name, fields[name]) for name in _FIELDS if name in fields}
            entry = cls(**known, state=InstanceState(fields["state"]), tokens=_tokens(fields["tokens"]))
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedEntry(f"malformed ring entry: {error}") from error
        if not entry.id or len(entry.id) > ID_CHARACTERS_MAX or entry.version < 0:
            raise MalformedEntry("malformed ring entry: no usable id or version")
        return entry

    def forgotten(self, version: int) -> Instance:
        """The tombstone that takes its place. version: above its own."""
        assert version > self.version
        return replace(self, version=version, state=InstanceState.LEFT, tokens=(), single_copy_rows=0, spilled_rows=0)


_DEFAULTS: dict[str, Any] = {
    "id": "", "version": 0, "rpc": "", "http": "", "zone": "", "wal_id": "", "registered_ns": 0, "disk": "",
    "single_copy_rows": 0, "spilled_rows": 0, "oldest_unflushed_ns": 0, "settled": True,
}  # fmt: skip
_FIELDS = tuple(_DEFAULTS)


def _checked(name: str, value: Any) -> Any:
    if type(value) is not type(_DEFAULTS[name]):
        raise TypeError(f"{name} is {value!r}")
    return value


def _tokens(text: str) -> tuple[int, ...]:
    data = base64.b64decode(text, validate=True)
    if len(data) % 4 or len(data) > 4 * TOKENS_MAX:
        raise ValueError(f"{len(data)} bytes of tokens")
    return tuple(sorted(set(struct.unpack(f">{len(data) // 4}I", data))))


Entries = Mapping[str, Instance]


def newer(left: Instance, right: Instance) -> Instance:
    """The one that wins. Two different entries under one version come only from two instances with one identity."""
    if left.version != right.version:
        return left if left.version > right.version else right
    return max(left, right, key=Instance.to_bytes)


def merge(mine: Entries, theirs: Iterable[Instance]) -> tuple[dict[str, Instance], list[Instance]]:
    """The union, and those entries of theirs that changed something."""
    merged, changed = dict(mine), []
    for entry in theirs:
        before = merged.get(entry.id)
        if before == entry:
            continue
        after = entry if before is None else newer(before, entry)
        if after is not before:
            merged[entry.id] = after
            changed.append(after)
    return merged, changed


def purged(entries: Entries, *, now_ns: int, tombstone_ns: int) -> dict[str, Instance]:
    """Without tombstones older than that. They live long, because a member that was cut off for longer brings the dead back."""
    return {each.id: each for each in entries.values() if each.state is not InstanceState.LEFT or now_ns - each.heartbeat_ns < tombstone_ns}
