"""Answers as Loki writes them in JSON: numbers of samples as strings, times of samples as seconds, times of entries as strings of nanoseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson

from lgtm.api.loki.engine import Stats
from lgtm.api.loki.stats import stats_block
from lgtm.api.number_texts import number_texts
from lgtm.logql.evaluate_log import Entries, LogResult
from lgtm.logql.label_sets import CategorizedLabels
from lgtm.model.labels import Labels
from lgtm.parsing.gonumbers import format_float
from lgtm.vectors.matrix import F64, I64, Matrix

CATEGORIZE = "categorize-labels"
"""Flag of clients that want stream labels, structured metadata and parsed labels told apart."""

NS_PER_MS = 1_000_000
Sample = tuple[int | float, str]


def encode_streams(result: LogResult, stats: Stats, *, flags: Sequence[str] = (), warnings: Sequence[str] = ()) -> bytes:
    data: dict[str, Any] = {"resultType": "streams"}
    if flags:
        # Grafana decodes as it reads, so the flags have to stand in front of the result.
        data["encodingFlags"] = list(flags)
    data["result"] = stream_objects(result, categorize=CATEGORIZE in flags)
    return success(data, stats, warnings)


def encode_matrix(matrix: Matrix, stats: Stats, warnings: Sequence[str] = ()) -> bytes:
    times = [sample_time(ts_ns) for ts_ns in matrix.steps_ns.tolist()]
    texts = number_table(matrix.values, matrix.present)
    result = []
    for labels, present, row in zip(matrix.labels, matrix.present, texts, strict=True):
        values = [(times[step], row[step]) for step in np.flatnonzero(present).tolist()]
        result.append({"metric": dict(labels), "values": values})
    return success({"resultType": "matrix", "result": result}, stats, warnings)


def encode_vector(matrix: Matrix, stats: Stats, warnings: Sequence[str] = ()) -> bytes:
    """matrix: of one step."""
    time = sample_time(int(matrix.steps_ns[0]))
    texts = number_table(matrix.values, matrix.present)
    samples = zip(matrix.labels, matrix.present[:, 0].tolist(), texts, strict=True)
    result = [{"metric": dict(labels), "value": (time, row[0])} for labels, present, row in samples if present]
    return success({"resultType": "vector", "result": result}, stats, warnings)


def encode_scalar(time_ns: int, value: float, stats: Stats) -> bytes:
    """Its time is in seconds, as of every other sample. Loki writes milliseconds here, which its own client reads as seconds."""
    return success({"resultType": "scalar", "result": (sample_time(time_ns), format_float(value))}, stats)


def success(data: dict[str, Any], stats: Stats, warnings: Sequence[str] = ()) -> bytes:
    return dump(with_warnings({"status": "success"}, warnings) | {"data": data | {"stats": stats_block(stats)}})


def with_warnings(answer: dict[str, Any], warnings: Sequence[str]) -> dict[str, Any]:
    """An answer that may lack something says so, whatever its form."""
    return answer | {"warnings": list(dict.fromkeys(warnings))} if warnings else answer


def dump(value: object) -> bytes:
    return orjson.dumps(value) + b"\n"


def stream_objects(result: LogResult, *, categorize: bool) -> list[dict[str, Any]]:
    if not categorize:
        return [{"stream": dict(entries.labels), "values": _plain_values(entries)} for entries in result.folded()]
    return [{"stream": dict(entries.labels), "values": _categorized_values(entries)} for entries in result.categorized()]


def sample_time(ts_ns: int) -> int | float:
    """Seconds; to the millisecond, without decimals when there are none."""
    seconds, ms = divmod(ts_ns // NS_PER_MS, 1_000)
    return (seconds * 1_000 + ms) / 1_000 if ms else seconds


def number_table(values: F64, present: np.ndarray[Any, np.dtype[np.bool_]]) -> list[list[str]]:
    """The text of each value; what is absent gets some text."""
    texts = number_texts(np.where(present, values, 0.0).ravel(), format_float)
    width = values.shape[1]
    return [texts[start : start + width] for start in range(0, len(texts), width)] if width else [[] for _ in values]


def _plain_values(entries: Entries) -> list[tuple[str, str]]:
    return list(zip(_ns_texts(entries.ts_ns), entries.lines, strict=True))


def _categorized_values(entries: Entries) -> list[tuple[str, str, dict[str, Any]]]:
    assert entries.categories is not None
    told = {labels: _categories(labels) for labels in dict.fromkeys(entries.categories)}
    return [(ts, line, told[labels]) for ts, line, labels in zip(_ns_texts(entries.ts_ns), entries.lines, entries.categories, strict=True)]


def _categories(labels: CategorizedLabels) -> dict[str, Any]:
    groups: Iterable[tuple[str, Labels]] = (("structuredMetadata", labels.metadata), ("parsed", labels.parsed))
    return {name: dict(pairs) for name, pairs in groups if pairs}


def _ns_texts(ts_ns: I64) -> list[str]:
    return list(map(str, ts_ns.tolist()))
