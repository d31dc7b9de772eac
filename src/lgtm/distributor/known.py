"""Which series an ingester has labels for, so that labels travel once a generation.

What is remembered here may be too little (then labels travel again) or out of date (then the ingester says UnknownSeries); it is never relied upon.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lgtm.model.fingerprint_index import FingerprintIndex, Prints
from lgtm.model.tenant import Tenant

Flags = npt.NDArray[np.bool_]


class KnownSeries:
    """Of one ingester, in its latest generation that we heard of."""

    def __init__(self, series_max: int) -> None:
        self._series_max = series_max
        self._generation: int | None = None
        self._by_tenant: dict[Tenant, FingerprintIndex] = {}
        self._count = 0
        self.epoch = 0
        """As long as it is the same, nothing was forgotten."""

    def has(self, tenant: Tenant, prints: Prints) -> Flags:
        """For each of the series whether it has labels for it."""
        known = self._by_tenant.get(tenant)
        return np.zeros(len(prints), np.bool_) if known is None else known.find(prints) >= 0

    def acknowledged(self, generation: int, tenant: Tenant, prints: Prints) -> None:
        """A part with these series was stored in the generation. Answers may come out of order; an older generation teaches nothing."""
        if self._generation is None or generation > self._generation:
            self.forget(generation)
        if generation != self._generation:
            return
        if self._count >= self._series_max:
            self.forget(generation)
        known = self._by_tenant.setdefault(tenant, FingerprintIndex())
        before = len(known)
        known.add(prints)
        self._count += len(known) - before

    def forget(self, generation: int) -> None:
        """Starts anew with this generation, be it later or, after the loss of a log, earlier."""
        self._generation = generation
        self._by_tenant.clear()
        self._count = 0
        self.epoch += 1
