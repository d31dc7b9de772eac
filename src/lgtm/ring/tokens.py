"""An instance's places on the ring, derived from its log: the same volume has the same tokens whatever its address, and there is no file to lose."""

from __future__ import annotations

import hashlib

TOKENS = 128
"""Loads of few instances then differ by about a tenth (standard deviation 1/√128)."""


def tokens_of(wal_id: str, count: int = TOKENS) -> tuple[int, ...]:
    """`count` distinct 32-bit numbers, sorted."""
    found: dict[int, None] = {}
    block = 0
    while len(found) < count:
        digest = hashlib.sha256(f"{wal_id}/{block}".encode()).digest()
        found.update((int.from_bytes(digest[at : at + 4], "big"), None) for at in range(0, len(digest), 4))
        block += 1
    return tuple(sorted(list(found)[:count]))
