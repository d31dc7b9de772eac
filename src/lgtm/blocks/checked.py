"""The bytes of a block's file against what its meta says of them, and one error for all that is found wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import xxhash

from lgtm.blocks.layout import DamagedBlock
from lgtm.blocks.meta import BlockMeta

Source = Path | bytes
_READ_BYTES = 1024 * 1024


def check_file(source: Source | memoryview, meta: BlockMeta, name: str, *, verify: bool) -> None:
    """Raises ValueError when the file is not that of the meta by its size, and with `verify` by its digest."""
    expected = meta.files[name]
    nbytes = source.stat().st_size if isinstance(source, Path) else len(source)
    if nbytes != expected.nbytes:
        raise ValueError(f"{nbytes} bytes instead of {expected.nbytes}")
    if verify and digest_of(source) != expected.xxh3:
        raise ValueError("checksum differs")


def digest_of(source: Source | memoryview) -> str:
    """XXH3-128 in hex."""
    if not isinstance(source, Path):
        return xxhash.xxh3_128_hexdigest(source)
    digest = xxhash.xxh3_128()
    with source.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()


@contextmanager
def damage(name: str) -> Iterator[None]:
    """What Arrow and the system raise for bytes that do not fit becomes DamagedBlock."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, ValueError, KeyError, TypeError, OverflowError, IndexError, AttributeError) as error:
        raise DamagedBlock(name, f"{type(error).__name__}: {error}".splitlines()[0][:500]) from error
