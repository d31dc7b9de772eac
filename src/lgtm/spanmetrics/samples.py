"""What comes out: samples of many series at one or two times, and exemplars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lgtm.model.labels import Labels
from lgtm.model.series import Series
from lgtm.model.tenant import Tenant
from lgtm.vectors.matrix import F64, I64


@dataclass(slots=True, frozen=True)
class Exemplar:
    """series: number in `Samples.series`, that of a bucket. labels: `traceID` with 32 hexadecimal digits. value: seconds."""

    series: int
    labels: Labels
    value: float
    ts_ns: int


@dataclass(slots=True, frozen=True, eq=False)
class Samples:
    """Row i is a sample of series[number[i]], whose labels hold `__name__` and, for buckets, `le`. Rows of one series ascend in time."""

    series: tuple[Series, ...]
    number: I64
    ts_ns: I64
    values: F64
    exemplars: tuple[Exemplar, ...] = ()

    def __len__(self) -> int:
        return len(self.number)

    @classmethod
    def join(cls, parts: Sequence[Samples]) -> Samples:
        """parts: of different series."""
        starts = np.cumsum([0, *(len(part.series) for part in parts)]).tolist()
        exemplars = [Exemplar(e.series + at, e.labels, e.value, e.ts_ns) for part, at in zip(parts, starts, strict=False) for e in part.exemplars]
        return cls(
            tuple(series for part in parts for series in part.series),
            np.concatenate([np.empty(0, np.int64), *(part.number + at for part, at in zip(parts, starts, strict=False))]),
            np.concatenate([np.empty(0, np.int64), *(part.ts_ns for part in parts)]),
            np.concatenate([np.empty(0), *(part.values for part in parts)]),
            tuple(exemplars),
        )


class Sink(Protocol):
    """Who brings samples to where metrics are kept.

    A series that is new to its counter begins with a 0 at the end of the previous minute. After a restart the store may already have a younger
    sample of that series; the 0 is then out of order, and the sink drops it.
    """

    async def write(self, tenant: Tenant, samples: Samples) -> None: ...
