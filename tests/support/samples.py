"""Requests and batches of samples from plain Python values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from lgtm.model.batch import Batch
from lgtm.model.labels import Labels, labels_of
from lgtm.model.series import Series
from lgtm.model.signal import EXEMPLARS, META, SAMPLES
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.wire.decoded_samples import DecodedSamples, Metadata

NS_PER_MS = 1_000_000
Sample = tuple[Labels, int, float]
"""Labels, milliseconds, value."""


def metric(name: str, /, **labels: str) -> Labels:
    return labels_of({"__name__": name, **labels})


def samples_batch(samples: Sequence[Sample]) -> Batch:
    """In the order given."""
    numbers: dict[Labels, int] = {}
    series = [numbers.setdefault(labels, len(numbers)) for labels, _, _ in samples]
    return Batch(SAMPLES, DEFAULT_TENANT, tuple(map(Series.of, numbers)), _rows(series, [ts for _, ts, _ in samples], [v for _, _, v in samples]))


def _rows(series: Sequence[int], ts_ms: Sequence[int], values: Sequence[float]) -> pa.RecordBatch:
    columns = [pa.array(series, pa.uint32()), pa.array([ts * NS_PER_MS for ts in ts_ms], pa.int64()), pa.array(values, pa.float64())]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(list(SAMPLES.columns)[:3]))


def decoded_samples(
    samples: Sequence[Sample],
    *,
    exemplars: Sequence[tuple[Labels, int, float, Mapping[str, str]]] = (),
    metadata: Sequence[Metadata] = (),
    repeated: bool = False,
) -> DecodedSamples:
    """repeated: each sample brings its series anew, as if it had not been met before."""
    series: list[Labels] = []
    numbers = []
    for labels in [*(one[0] for one in samples), *(one[0] for one in exemplars)]:
        if repeated or labels not in series:
            series.append(labels)
        numbers.append(len(series) - 1 if repeated else series.index(labels))
    rows = _rows(numbers[: len(samples)], [ts for _, ts, _ in samples], [value for _, _, value in samples])
    keys = pa.array([repr(labels).encode() for labels in series], pa.binary())
    return DecodedSamples(keys, lambda index: series[index], rows, "remote_write_1", _exemplars(numbers[len(samples) :], exemplars), tuple(metadata))


def _exemplars(series: Sequence[int], exemplars: Sequence[tuple[Labels, int, float, Mapping[str, str]]]) -> pa.RecordBatch | None:
    if not exemplars:
        return None
    names = sorted({name for *_, labels in exemplars for name in labels})
    columns = [
        pa.array(series, pa.uint32()),
        pa.array([ts * NS_PER_MS for _, ts, _, _ in exemplars], pa.int64()),
        pa.array([value for _, _, value, _ in exemplars], pa.float64()),
        *(pa.array([labels.get(name) for *_, labels in exemplars], pa.string()) for name in names),
    ]
    return pa.record_batch(columns, names=[*EXEMPLARS.columns.names, *(META + name for name in names)])
