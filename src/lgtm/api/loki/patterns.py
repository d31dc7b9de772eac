"""`/loki/api/v1/patterns`: what the lines of a selector have in common, and when they came.

Patterns are found when they are asked for, over the newest lines of the range, so they are there for any time that lines are kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import aclosing
from functools import partial
from typing import Any

import numpy as np
import pyarrow.compute as pc
from starlette.responses import Response

from lgtm.api.loki.drain import CLUSTERS_MAX, TEMPLATES_MAX, clusters, templates
from lgtm.api.loki.encode import dump
from lgtm.api.loki.params import check_points, read_step
from lgtm.api.loki.side import Call, QuerySide, json_answer
from lgtm.clock import NS_PER_S
from lgtm.logql.frame import LogFrame
from lgtm.logql.parser import parse_log_selector
from lgtm.model.window import Window

LEVEL = "detected_level"
UNKNOWN = "unknown"


async def patterns(side: QuerySide, call: Call) -> Response:
    bounds = call.bounds()
    bounds.check_order()
    step_ns = read_step(call.form.get("step"), bounds)
    check_points(bounds, step_ns)
    text = call.form.get("query")
    expr = await side.read(len(text), lambda: parse_log_selector(text))
    seen, lines = Seen(step_ns), 0
    async with aclosing(side.engine.scan(call.tenant, expr, Window(bounds.start_ns, bounds.end_ns))) as frames:
        async for frame in frames:
            room = side.config.pattern_lines_max - lines
            lines += len(frame)
            await side.run(partial(seen.add, frame if len(frame) <= room else _newest(frame, room)))
            if lines >= side.config.pattern_lines_max:
                break
    return json_answer(await side.run(seen.answer))


class Seen:
    """Counts of templates by level and step."""

    def __init__(self, step_ns: int) -> None:
        self._step_ns = step_ns
        self._counts: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)

    def add(self, frame: LogFrame) -> None:
        template = templates(frame.line).dictionary_encode()
        level = pc.fill_null(frame.column(LEVEL), UNKNOWN).dictionary_encode()
        steps = frame.ts_ns // self._step_ns
        keys = np.stack([level.indices.to_numpy(), template.indices.to_numpy(), steps])
        distinct, counts = np.unique(keys, axis=1, return_counts=True)
        levels, texts = level.dictionary.to_pylist(), template.dictionary.to_pylist()
        for (of_level, of_text, step), count in zip(distinct.T.tolist(), counts.tolist(), strict=True):
            self._counts[levels[of_level], texts[of_text]][step] += count

    def answer(self) -> bytes:
        found = [pattern for level in sorted({level for level, _ in self._counts}) for pattern in self._of_level(level)]
        found.sort(key=lambda pattern: -sum(count for _, count in pattern["samples"]))
        return dump({"status": "success", "data": found[:CLUSTERS_MAX]})

    def _of_level(self, level: str) -> list[dict[str, Any]]:
        totals = {text: counts.total() for (of, text), counts in self._counts.items() if of == level}
        frequent = sorted(totals, key=lambda text: (-totals[text], text))[:TEMPLATES_MAX]
        return [
            {"pattern": str(cluster), "level": level, "samples": self._samples(level, cluster.members)}
            for cluster in clusters(frequent)
            if str(cluster)
        ]

    def _samples(self, level: str, members: list[str]) -> list[tuple[int, int]]:
        """Unix seconds at which the step begins, and how many lines it has."""
        counts: Counter[int] = Counter()
        for text in members:
            counts.update(self._counts[level, text])
        return [(step * self._step_ns // NS_PER_S, count) for step, count in sorted(counts.items())]


def _newest(frame: LogFrame, count: int) -> LogFrame:
    return frame.take(np.argsort(frame.ts_ns, kind="stable")[len(frame) - count :])
