"""`/api/v1/status/tsdb`: which names and values the series of the last hours are made of, most first."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.responses import Response

from lgtm.api.loki.params import InvalidParameter, atoi
from lgtm.api.prometheus.encode import Remarks, success
from lgtm.api.prometheus.side import Call, PrometheusSide
from lgtm.model.labels import Labels

LIMIT, LIMIT_MAX = 10, 10_000
NAME = "__name__"


async def tsdb_status(side: PrometheusSide, call: Call) -> Response:
    """limit: how long each list is."""
    limit = read_list_limit(call.whole_form.get("limit"))
    start_ms = call.now_ms - side.config.head_ms
    found = await side.engine.series(call.tenant, (), start_ms, call.now_ms, limit=0)

    def encoder() -> bytes:
        told = {"headStats": head_stats(found.series, start_ms, call.now_ms)} | top_lists(found.series, limit)
        return success(told, Remarks(found.warnings))

    return await side.encode(len(found.series), encoder)


def read_list_limit(text: str) -> int:
    if not text:
        return LIMIT
    try:
        limit = atoi(text)
    except InvalidParameter:
        limit = 0
    if limit < 1:
        raise InvalidParameter("limit must be a positive number")
    if limit > LIMIT_MAX:
        raise InvalidParameter(f"limit must not exceed {LIMIT_MAX}")
    return limit


def head_stats(series: list[Labels], start_ms: int, end_ms: int) -> dict[str, int]:
    """There are no chunks here: the number of them is that of the series. Times are those asked for."""
    pairs = len({pair for labels in series for pair in labels})
    return {"numSeries": len(series), "numLabelPairs": pairs, "chunkCount": len(series), "minTime": start_ms, "maxTime": end_ms}


def top_lists(series: list[Labels], limit: int) -> dict[str, Any]:
    by_pair = Counter(pair for labels in series for pair in labels)
    by_metric, values, nbytes = Counter[str](), Counter[str](), Counter[str]()
    for (name, value), count in by_pair.items():
        values[name] += 1
        nbytes[name] += len(name.encode("utf-8", "surrogateescape")) + len(value.encode("utf-8", "surrogateescape"))
        if name == NAME:
            by_metric[value] = count
    pairs = Counter({f"{name}={value}": count for (name, value), count in by_pair.items()})
    return {
        "seriesCountByMetricName": _top(by_metric, limit),
        "labelValueCountByLabelName": _top(values, limit),
        "memoryInBytesByLabelName": _top(nbytes, limit),
        "seriesCountByLabelValuePair": _top(pairs, limit),
    }


def _top(counts: Counter[str], limit: int) -> list[dict[str, Any]]:
    """Equal counts by name, so that two answers agree."""
    return [{"name": name, "value": count} for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:limit]]
