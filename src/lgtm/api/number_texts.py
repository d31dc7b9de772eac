"""Columns of numbers as text: the shortest decimals that read back as the same values, a million in a fifth of a second."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import orjson

from lgtm.vectors.matrix import F64

WHOLE_MAX = 1e15
"""Whole numbers below it are written as integers."""
PLAIN_MIN = 1e-5
"""orjson writes others from here up to WHOLE_MAX as everybody does: digits and a point."""


def number_texts(values: F64, odd: Callable[[float], str]) -> list[str]:
    """values: one-dimensional. odd: writes what is very small or very large, negative zero, infinite or no number."""
    size = np.abs(values)
    whole = (size < WHOLE_MAX) & (values == np.trunc(values)) & ~((values == 0) & np.signbit(values))
    plain = ~whole & (size >= PLAIN_MIN) & (size < WHOLE_MAX)
    if whole.all():
        return _dumped(values.astype(np.int64))
    if plain.all():
        return _dumped(values)
    texts = np.empty(len(values), dtype=object)
    texts[whole] = _dumped(values[whole].astype(np.int64))
    texts[plain] = _dumped(values[plain])
    rest = ~(whole | plain)
    texts[rest] = [odd(value) for value in values[rest].tolist()]
    found: list[str] = texts.tolist()
    return found


def _dumped(numbers: np.ndarray[tuple[int], np.dtype[np.int64]] | F64) -> list[str]:
    """One call for all of them."""
    return orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode("ascii").split(",") if len(numbers) else []
