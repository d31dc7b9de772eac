"""Which series an ingester has labels for, so that labels travel once a generation.

What is remembered here may be too little (then labels travel again) or out of date (then the ingester says UnknownSeries); it is never relied upon.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from lgtm.model.labels import Fingerprint
from lgtm.model.tenant import Tenant

_NONE: frozenset[Fingerprint] = frozenset()


class KnownSeries:
    """Of one ingester, in its latest generation that we heard of."""

    def __init__(self, series_max: int) -> None:
        self._series_max = series_max
        self._generation: int | None = None
        self._by_tenant: dict[Tenant, set[Fingerprint]] = {}
        self._count = 0

    def of(self, tenant: Tenant) -> AbstractSet[Fingerprint]:
        """Series of the tenant that it has labels for. Do not keep it: it changes."""
        return self._by_tenant.get(tenant) or _NONE

    def acknowledged(self, generation: int, tenant: Tenant, fingerprints: Iterable[Fingerprint]) -> None:
        """A part with these series was stored in the generation. Answers may come out of order; an older generation teaches nothing."""
        if self._generation is None or generation > self._generation:
            self.forget(generation)
        if generation != self._generation:
            return
        if self._count >= self._series_max:
            self.forget(generation)
        known = self._by_tenant.setdefault(tenant, set())
        before = len(known)
        known.update(fingerprints)
        self._count += len(known) - before

    def forget(self, generation: int) -> None:
        """Starts anew with this generation, be it later or, after the loss of a log, earlier."""
        self._generation = generation
        self._by_tenant.clear()
        self._count = 0
