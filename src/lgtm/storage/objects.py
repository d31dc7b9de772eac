"""The object store that everything else is written against, its errors, and what a key may be.

A put is atomic: readers see the whole object or none. After an Unavailable from put or delete the outcome is unknown: the store may have done it.
`if_absent` is how two writers of one key learn that they are two; see tests/contracts for what each store promises.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lgtm.errors import BadRequest, LgtmError, NotFound, Unavailable

KEY_BYTES_MAX = 900
"""S3 allows 1,024; the difference is left to a configured prefix."""

_KEY = re.compile(r"(?!\.)(?:(?!\.\.?(?:/|\Z))[A-Za-z0-9!\-_.*'()=]{1,255}(?:/(?!\Z)|\Z))+")
"""Segments of what tenants may be made of, and `=`: safe in S3, in URLs and in file systems. None of them is `.` or `..`, and no dot is in front."""


class InvalidKey(BadRequest):
    """The key is none, or would leave the store's root."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __str__(self) -> str:
        return f"{self.key[:200]!r} is no object key"


class ObjectNotFound(NotFound):
    """There is no object under the key."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __str__(self) -> str:
        return f"object {self.key} does not exist"


class AlreadyExists(LgtmError):
    """A put with if_absent met an object under its key: another writer's, or the caller's own from a try whose answer was lost."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __str__(self) -> str:
        return f"object {self.key} exists already"


class StoreUnavailable(Unavailable):
    """The store did not do it in time, or refused in a way that may pass. For a put or delete the outcome is unknown."""

    def __init__(self, operation: str, key: str, reason: str) -> None:
        self.operation, self.key, self.reason = operation, key, reason

    def __str__(self) -> str:
        return f"object store: {self.operation} {self.key}: {self.reason}"


@dataclass(slots=True, frozen=True)
class ObjectInfo:
    key: str
    nbytes: int
    modified_ns: int
    """By the store's clock, at its resolution (S3: seconds)."""


class ObjectStore(Protocol):
    """Methods raise StoreUnavailable when the store does not answer, InvalidKey for a key that cannot be one."""

    async def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        """Durable on return; replaces what was there. Raises AlreadyExists with if_absent when something was."""

    async def put_file(self, key: str, path: Path, *, if_absent: bool = False) -> None:
        """As put, with the content of a file, which must not change any more: a local store may keep the very file."""

    async def get(self, key: str) -> bytes:
        """Raises ObjectNotFound."""

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`; fewer, perhaps none, at the end. Raises ObjectNotFound."""

    async def get_file(self, key: str, path: Path) -> None:
        """Writes the object to a file, which appears only when it is complete. Raises ObjectNotFound."""

    async def head(self, key: str) -> ObjectInfo:
        """Raises ObjectNotFound."""

    def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Objects whose key begins with `prefix` and sorts after `start_after`, by key. What is put or deleted meanwhile may show or not."""

    async def delete(self, key: str) -> None:
        """What does not exist is deleted already."""

    def local_path(self, key: str) -> Path | None:
        """The file that holds the object, when there is one on this machine; to be read only."""

    async def close(self) -> None: ...


def check_key(key: str) -> str:
    """Returns the key. Raises InvalidKey for empty segments, `.`, `..`, a dot in front, characters outside `A-Za-z0-9!-_.*'()=`, over 900 bytes."""
    if len(key) > KEY_BYTES_MAX or not _KEY.fullmatch(key):
        raise InvalidKey(key)
    return key
