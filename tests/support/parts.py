"""Parts of numbered lines, for tests of what happens to acknowledged rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.part import Part, PartId
from lgtm.model.series import Series
from lgtm.model.signal import LINE, LOGS, SERIES, TS
from lgtm.model.tenant import Tenant

TENANT = Tenant("t")
WRITER = b"w" * 16
SECOND = 1_000_000_000


def series(app: str) -> Series:
    return Series.of(labels_of({"app": app}))


def batch(
    lines: Sequence[str], *, apps: Sequence[str] = ("api",), ts: Sequence[int] | None = None, tenant: Tenant = TENANT, labels: bool = True
) -> Batch:
    """Row i belongs to apps[i % len(apps)], at ts[i] or second i. labels: whether the series carry them."""
    rows = pa.record_batch(
        {
            SERIES: pa.array([i % len(apps) for i in range(len(lines))], pa.uint32()),
            TS: pa.array(ts if ts is not None else [i * SECOND for i in range(len(lines))], pa.int64()),
            LINE: pa.array(lines, pa.string()),
        }
    )
    table = tuple(series(app) if labels else Series(series(app).fingerprint, None) for app in apps)
    return Batch(LOGS, tenant, table, rows)


def part(number: int, lines: Sequence[str], *, apps: Sequence[str] = ("api",), ts: Sequence[int] | None = None, labels: bool = True) -> Part:
    return Part(PartId(WRITER, 1, number), ("a",), batch(lines, apps=apps, ts=ts, labels=labels))


def lines_of(batches: Iterable[Batch]) -> list[str]:
    return [line for one in batches for line in one.rows.column(LINE).to_pylist()]
