"""How much the streams of a selector hold: `/index/stats`, `/index/volume`, `/index/volume_range`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from starlette.responses import Response

from lgtm.api.loki.encode import dump, sample_time, with_warnings
from lgtm.api.loki.engine import SeriesVolumes
from lgtm.api.loki.params import Bounds, InvalidParameter, check_points, read_step, read_volume_limit
from lgtm.api.loki.side import Call, QuerySide, json_answer
from lgtm.errors import NotFound
from lgtm.logql.parser import parse_matchers
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matcher, Matchers, MatchOp
from lgtm.vectors.matrix import I64

NS_PER_MS = 1_000_000
BY_SERIES, BY_LABELS = "series", "labels"


class VolumeDisabled(NotFound):
    def __str__(self) -> str:
        return "not found"


class TooManyVolumes(InvalidParameter):
    def __init__(self, series_max: int) -> None:
        self.series_max = series_max

    def __str__(self) -> str:
        return f"the query hit the max number of series limit (limit: {self.series_max} series)"


@dataclass(slots=True, frozen=True)
class VolumeQuery:
    """keep: labels that the answer's series have, or that it is told by; empty means all."""

    matchers: Matchers
    keep: tuple[str, ...]
    by_labels: bool
    limit: int


async def stats(side: QuerySide, call: Call) -> Response:
    """Counts of streams, entries and bytes. What Loki calls chunks are here the streams: each has something to read."""
    bounds = call.bounds()
    bounds.check_order()
    text = call.form.get("query")
    matchers = await side.read(len(text), lambda: parse_matchers(text))
    answer = await side.engine.volumes(call.tenant, matchers, _edges(bounds, None))
    found = answer.volumes
    rows = [int(volumes.rows.sum()) for volumes in found]
    streams = sum(1 for count in rows if count)
    nbytes = sum(int(volumes.nbytes.sum()) for volumes in found)
    told = with_warnings({"streams": streams, "chunks": streams, "bytes": nbytes, "entries": sum(rows)}, answer.warnings)
    return json_answer(dump(told))


async def volume(side: QuerySide, call: Call) -> Response:
    """Bytes of each series over the whole range, largest first."""
    bounds = call.bounds()
    bounds.check_order()
    return await _volume(side, call, bounds, None)


async def volume_range(side: QuerySide, call: Call) -> Response:
    """Bytes of each series in each step."""
    bounds = call.bounds()
    bounds.check_order()
    step_ns = read_step(call.form.get("step"), bounds)
    check_points(bounds, step_ns)
    return await _volume(side, call, bounds, step_ns)


async def _volume(side: QuerySide, call: Call, bounds: Bounds, step_ns: int | None) -> Response:
    limits = side.engine.limits(call.tenant)
    if not limits.volume_enabled:
        raise VolumeDisabled
    query = await side.read(call.form.length, lambda: _read(call))
    edges_ns = _edges(bounds, step_ns)
    answer = await side.engine.volumes(call.tenant, query.matchers, edges_ns)
    totals = aggregate(answer.volumes, query)
    if 0 < limits.volume_max_series < len(totals):
        raise TooManyVolumes(limits.volume_max_series)
    return await side.encode(len(totals) * len(edges_ns), partial(_encode, totals, edges_ns, query.limit, answer.warnings))


def _read(call: Call) -> VolumeQuery:
    form = call.form
    limit = read_volume_limit(form.get("limit"))
    by = form.get("aggregateBy") or BY_SERIES
    if by not in (BY_SERIES, BY_LABELS):
        raise InvalidParameter("invalid aggregation option")
    text = form.get("query")
    matchers = parse_matchers(text, allow_empty_compatible=True)
    if matchers:
        matchers = parse_matchers(text)
    targets = tuple(name for name in form.get("targetLabels").split(",") if name)
    return targeted(VolumeQuery(matchers, targets, by == BY_LABELS, limit))


def targeted(query: VolumeQuery) -> VolumeQuery:
    """Streams must have each target label. Without targets, series are told by the labels that are matched on."""
    named = {matcher.name for matcher in query.matchers}
    added = tuple(Matcher(name, MatchOp.RE, ".+") for name in query.keep if name not in named)
    keep = query.keep or (() if query.by_labels else tuple(sorted(named)))
    return dataclasses.replace(query, matchers=query.matchers + added, keep=keep)


def aggregate(found: Iterable[SeriesVolumes], query: VolumeQuery) -> dict[Labels, I64]:
    """Bytes per bucket of each series of the answer; those of nothing are left out."""
    totals: dict[Labels, I64] = {}
    for volumes in found:
        if not volumes.rows.any():
            continue
        kept = tuple(pair for pair in volumes.labels if not query.keep or pair[0] in query.keep)
        for key in [((name, ""),) for name, _ in kept] if query.by_labels else [kept]:
            totals[key] = totals[key] + volumes.nbytes if key in totals else volumes.nbytes
    return totals


def _encode(totals: dict[Labels, I64], edges_ns: Sequence[int], limit: int, warnings: Sequence[str]) -> bytes:
    times = _sample_times(edges_ns)
    rows = [(labels, [(times[i], int(nbytes[i])) for i in np.flatnonzero(nbytes).tolist()]) for labels, nbytes in totals.items()]
    rows = sorted((row for row in rows if row[1]), key=lambda row: (-row[1][0][1], row[0]))[:limit]
    result: list[dict[str, Any]]
    if any(len(samples) > 1 for _, samples in rows):
        kind = "matrix"
        result = [{"metric": dict(labels), "values": [(time, str(nbytes)) for time, nbytes in samples]} for labels, samples in rows]
    else:
        kind = "vector"
        result = [{"metric": dict(labels), "value": (samples[0][0], str(samples[0][1]))} for labels, samples in rows]
    return dump(with_warnings({"status": "success", "data": {"resultType": kind, "result": result}}, warnings))


def _edges(bounds: Bounds, step_ns: int | None) -> list[int]:
    """Buckets end at multiples of the step; without a step there is one."""
    inner = range(bounds.start_ns // step_ns * step_ns + step_ns, bounds.end_ns, step_ns) if step_ns else ()
    return [bounds.start_ns, *inner, bounds.end_ns]


def _sample_times(edges_ns: Sequence[int]) -> list[int | float]:
    """The end of each bucket: a millisecond before the next begins, and the end of the range for the last."""
    return [sample_time(edge_ns - NS_PER_MS) for edge_ns in edges_ns[1:-1]] + [sample_time(edges_ns[-1])]
