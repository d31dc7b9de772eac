"""A well-mixed number for each label set, from which `limit_ratio` draws its samples."""

from __future__ import annotations

import numpy as np
import xxhash

from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import F64

_SEED = 1
_MIX = np.uint64(0x9E3779B97F4A7C15)
_TO_FRACTION = 2.0**-64


def hash_fractions(labels: LabelTable) -> F64:
    """In [0, 1), the same for the same labels on every node and at every time."""
    mixed = np.zeros(len(labels), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name in sorted(labels.columns):
            column = labels.columns[name]
            hashes = [
                0 if not value else xxhash.xxh64_intdigest(f"{name}\xff{value}".encode("utf-8", "surrogatepass"), _SEED) for value in column.values
            ]
            mixed += np.array(hashes, dtype=np.uint64)[column.codes]
        # Sums of hashes are as good as hashes, once their bits are spread again (splitmix64).
        mixed = (mixed + _MIX) ^ (mixed >> np.uint64(30))
        mixed = mixed * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return np.minimum(mixed.astype(np.float64) * _TO_FRACTION, np.nextafter(1.0, 0.0))
