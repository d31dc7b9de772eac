"""Sorting by small whole numbers, which most sorting here is."""

from __future__ import annotations

import numpy as np

from lgtm.vectors.matrix import I64

_DIGIT = 1 << 16
"""numpy sorts 16-bit numbers by counting: 2 ms for a million, where 64-bit ones take 30 ms."""


def stable_order(keys: I64) -> I64:
    """Indices that sort `keys` (none negative), equals in the order given."""
    if not len(keys) or (most := int(keys.max())) >= _DIGIT * _DIGIT:
        return np.argsort(keys, kind="stable")
    order = np.argsort((keys % _DIGIT).astype(np.uint16), kind="stable")
    if most < _DIGIT:
        return order
    return order[np.argsort((keys // _DIGIT).astype(np.uint16)[order], kind="stable")]
