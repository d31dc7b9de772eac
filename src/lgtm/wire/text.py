"""Bytes to text columns: whatever leaves a decoder is valid UTF-8, and whoever sent something else is told where it stood."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.wire.bounds import MalformedBody


def utf8(values: pa.Array, what: Callable[[int], str]) -> pa.Array:
    """Binary values as strings, without a copy. what: names value i in the text of the MalformedBody that is raised for it."""
    _, offsets, content = values.buffers()
    if values.offset == 0 and values.null_count == 0 and content is not None and np.frombuffer(content, np.uint8).max(initial=0) < 0x80:
        # ASCII is valid wherever it is cut. Arrow looks at each value by itself, which takes five times as long.
        return pa.Array.from_buffers(pa.string(), len(values), [None, offsets, content], 0)
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        for index, value in enumerate(values):
            decode(value.as_py(), lambda index=index: what(index))  # type: ignore[misc]
        raise


def utf8_where_valid(values: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_] | None]:
    """Binary values as strings, empty where they are no UTF-8; and which those are, None where there are none."""
    try:
        return utf8(values, str), None
    except MalformedBody:
        texts = [text_or_none(value) for value in values.to_pylist()]
        return pa.array([text or "" for text in texts], pa.string()), np.array([text is None for text in texts], np.bool_)


def text_or_none(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def decode(value: bytes, what: Callable[[], str]) -> str:
    """Raises MalformedBody, naming what was not UTF-8 and at which byte."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise MalformedBody(f"{what()} is not valid UTF-8 at byte {error.start}") from error
