"""Answers as Prometheus writes them in JSON. Samples become text by the column: a range of a million points takes
0.35 s (whole numbers) to 1 s (random fractions)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add

import numpy as np

from lgtm.api.json_text import json_bytes
from lgtm.api.prometheus.histogram_json import histogram_json
from lgtm.api.prometheus.numbers import time_text, time_texts, value_texts
from lgtm.promql.columns import Objects
from lgtm.promql.functions import Kind
from lgtm.promql.numbers import format_float
from lgtm.promql.result import Result
from lgtm.promql.value import Ranges, Vector, is_some
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import I64

TRUNCATED = "results truncated due to limit"


@dataclass(slots=True, frozen=True)
class Remarks:
    """What is said beside the data."""

    warnings: Sequence[str] = ()
    infos: Sequence[str] = ()


NO_REMARKS = Remarks()


def success(data: object, remarks: Remarks = NO_REMARKS) -> bytes:
    return envelope(json_bytes(data), remarks)


def envelope(data: bytes, remarks: Remarks = NO_REMARKS) -> bytes:
    """data: JSON. A list of remarks is left out when there are none."""
    lists = {"warnings": remarks.warnings, "infos": remarks.infos}
    told = b"".join(b',"%b":%b' % (name.encode(), json_bytes(list(dict.fromkeys(texts)))) for name, texts in lists.items() if texts)
    return b'{"status":"success","data":' + data + told + b"}"


def encode_result(result: Result, *, is_range: bool, limit: int, stats: bytes | None) -> bytes:
    """`data` of a query. limit: series at most, 0 for all. stats: JSON, or None for none. A range query always answers with a matrix."""
    kind = Kind.MATRIX if is_range else result.kind
    told = b"" if stats is None else b',"stats":' + stats
    return b'{"resultType":"%b","result":%b%b}' % (str(kind).encode(), _result(result, limit, is_range=is_range), told)


def _result(result: Result, limit: int, *, is_range: bool) -> bytes:
    if result.string is not None:
        return b"[%b,%b]" % (time_text(int(result.steps_ms[0])).encode(), json_bytes(result.string))
    if result.scalar is not None:
        if is_range:
            return _listed([_series("{}", _points(_opened(time_texts(result.steps_ms)), value_texts(result.scalar)), "")])
        # The one place where Prometheus writes numbers without exponents.
        return f'[{time_text(int(result.steps_ms[0]))},"{format_float(float(result.scalar[0]))}"]'.encode()
    if result.ranges is not None:
        return _listed(_range_vector(result.ranges, limit))
    assert result.vector is not None
    vector = result.vector.take(np.arange(limit)) if 0 < limit < len(result.vector) else result.vector
    return _listed(_matrix(vector, result.steps_ms) if is_range else _instant(vector, int(result.steps_ms[0])))


def truncated(result: Result, limit: int) -> bool:
    """Whether the answer lacks series because of the limit."""
    return 0 < limit < len(result.labels)


def sample_count(result: Result) -> int:
    """How much there is to write."""
    if result.vector is not None:
        return int(result.vector.values.size)
    if result.ranges is not None:
        return int(result.ranges.float_counts.sum() + result.ranges.histogram_counts.sum())
    return len(result.steps_ms)


def _listed(members: Iterator[str] | list[str]) -> bytes:
    """Bytes of labels that are no UTF-8 are replaced already."""
    return f"[{','.join(members)}]".encode()


def label_texts(labels: LabelTable) -> list[str]:
    """Each label set as a JSON object, names ascending."""
    return [json_bytes(dict(row)).decode() for row in labels.rows()]


def _instant(vector: Vector, ts_ms: int) -> Iterator[str]:
    """Elements of a vector at one time."""
    time, texts = time_text(ts_ms), value_texts(vector.values[:, 0])
    histograms = [None] * len(vector) if vector.histograms is None else vector.histograms[:, 0].tolist()
    for metric, text, histogram in zip(label_texts(vector.labels), texts, histograms, strict=True):
        if histogram is None:
            yield f'{{"metric":{metric},"value":[{time},"{text}"]}}'
        else:
            yield f'{{"metric":{metric},"histogram":[{time},{histogram_json(histogram)}]}}'


def _matrix(vector: Vector, steps_ms: I64) -> Iterator[str]:
    """Elements of a matrix. The texts of all values are made at once, and cut into series by how many steps each has."""
    times = np.array(time_texts(steps_ms), dtype=object)
    opened = np.array(_opened(times.tolist()), dtype=object)
    texts, ends = value_texts(vector.values[vector.floats]), np.cumsum(np.count_nonzero(vector.floats, axis=1)).tolist()
    start = 0
    for row, (metric, end) in enumerate(zip(label_texts(vector.labels), ends, strict=True)):
        floats = _points(opened[vector.floats[row]].tolist(), texts[start:end])
        start = end
        yield _series(metric, floats, "" if vector.histograms is None else _histograms_of_row(times, vector.histograms[row]))


def _histograms_of_row(times: Objects, row: Objects) -> str:
    held = is_some(row)
    return _histogram_points(times[held].tolist(), row[held])


def _range_vector(ranges: Ranges, limit: int) -> Iterator[str]:
    """Elements of a matrix of the samples themselves."""
    count = limit if 0 < limit < len(ranges) else len(ranges)
    low, high = ranges.float_bounds.lo[:, 0].tolist(), ranges.float_bounds.hi[:, 0].tolist()
    metrics = label_texts(ranges.labels.take(np.arange(count)))
    for row, metric in enumerate(metrics):
        window = slice(low[row], high[row])
        floats = _points(_opened(time_texts(ranges.floats.ts_ms[window])), value_texts(ranges.floats.values[window]))
        yield _series(metric, floats, _histograms_of_range(ranges, row))


def _histograms_of_range(ranges: Ranges, row: int) -> str:
    if ranges.histograms is None or ranges.histogram_bounds is None:
        return ""
    window = slice(ranges.histogram_bounds.lo[row, 0], ranges.histogram_bounds.hi[row, 0])
    return _histogram_points(time_texts(ranges.histograms.ts_ms[window]), ranges.histograms.histograms[window])


def _series(metric: str, floats: str, histograms: str) -> str:
    told = [f'"metric":{metric}']
    if floats:
        told.append(f'"values":[{floats}]')
    if histograms:
        told.append(f'"histograms":[{histograms}]')
    return "{" + ",".join(told) + "}"


def _opened(times: list[str]) -> list[str]:
    """How each point begins."""
    return [f'[{time},"' for time in times]


def _points(opened: list[str], texts: list[str]) -> str:
    """`[1,"2"],[2,"3"]`. Two calls into C a point, and no line of Python."""
    return '"],'.join(map(add, opened, texts)) + '"]' if texts else ""


def _histogram_points(times: list[str], histograms: Objects) -> str:
    return ",".join(f"[{time},{histogram_json(histogram)}]" for time, histogram in zip(times, histograms.tolist(), strict=True))
