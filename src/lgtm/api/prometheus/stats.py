"""The `stats` block of a query's answer, which clients ask for with `stats=true` or, with numbers for each step, `stats=all`."""

from __future__ import annotations

import numpy as np

from lgtm.api.json_text import json_bytes
from lgtm.api.prometheus.engine import PromAnswer, PromStats
from lgtm.api.prometheus.numbers import time_texts
from lgtm.model.labels import quote
from lgtm.promql.result import Result

ALL = "all"
KNOWN = ("", "true", ALL)


def stats_json(answer: PromAnswer, asked: str) -> bytes | None:
    """None where nothing is asked."""
    if not asked:
        return None
    return b'{"timings":%b,"samples":%b}' % (json_bytes(_timings(answer.stats)), _samples(answer.result, per_step=asked == ALL))


def deprecation(asked: str) -> list[str]:
    if asked in KNOWN:
        return []
    told = f'value {quote(asked)} for parameter "stats" is deprecated and will be rejected in the next major release'
    return [f'{told}, use "true" or "all"']


def _timings(stats: PromStats) -> dict[str, float]:
    """Sorting is part of the evaluation here."""
    evaluation_s = stats.read_s + stats.evaluate_s
    return {
        "evalTotalTime": evaluation_s,
        "resultSortTime": 0.0,
        "queryPreparationTime": stats.read_s,
        "innerEvalTime": stats.evaluate_s,
        "execQueueTime": stats.queue_s,
        "execTotalTime": stats.queue_s + evaluation_s,
    }


def _samples(result: Result, *, per_step: bool) -> bytes:
    """How often a sample was read is not counted apart from how often a step found it."""
    found = result.statistics
    told = f'"totalQueryableSamples":{found.queryable},"samplesRead":{found.queryable},"peakSamples":{found.peak}'
    if per_step:
        counts = np.broadcast_to(found.per_step, result.steps_ms.shape).tolist()
        steps = ",".join(f"[{time},{count}]" for time, count in zip(time_texts(result.steps_ms), counts, strict=True))
        told += f',"totalQueryableSamplesPerStep":[{steps}]'
    return f"{{{told}}}".encode()
