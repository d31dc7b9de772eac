"""Questions with one right answer, asked again while the node says that it cannot answer yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.client import Client, QueryFailed
from benchmarks.datasets import NS_PER_S, Dataset

DEADLINE_S = 60.0
SELECTOR = '{app="bench"}'


def eventually(ask: Callable[[], Any], *, is_right: Callable[[Any], bool] = bool, deadline_s: float = DEADLINE_S) -> Any:
    """The first answer that is right. For states that the node reaches by itself; what it counts is never asked for twice."""
    deadline = time.monotonic() + deadline_s
    while not is_right(answer := ask()):
        assert time.monotonic() < deadline, f"still {answer!r} after {deadline_s} s"
        time.sleep(0.02)
    return answer


def result(ask: Callable[[], Any]) -> Any:
    """The answer of a query, once the node answers: 503 means that it would have to guess."""

    def once() -> Any:
        try:
            return [ask()]
        except QueryFailed as error:
            if not str(error).startswith("503"):
                raise
            return None

    return eventually(once)[0]


def count(client: Client, data: Dataset, selector: str = SELECTOR) -> int:
    """All lines of the dataset, as one number."""
    expr = f"sum(count_over_time({selector}[{data.shape.seconds + 1}s]))"
    found = result(lambda: client.query(expr, time=data.end_ns))
    return int(found[0]["value"][1]) if found else 0


def counts_by_request(client: Client, data: Dataset) -> list[int]:
    """Lines stored of each request. The dataset begins a nanosecond after a step, because a range leaves its left end out and steps are aligned."""
    step_s = data.shape.seconds * data.shape.lines_per_request // data.shape.lines
    assert step_s * len(data.requests) == data.shape.seconds
    assert data.start_ns % NS_PER_S == 1
    assert data.start_ns // NS_PER_S % step_s == 0
    begin_s, expr = data.start_ns // NS_PER_S, f"sum(count_over_time({SELECTOR}[{step_s}s]))"
    found = result(lambda: client.query_range(expr, start=begin_s + step_s, end=begin_s + data.shape.seconds, step=step_s))
    counted = {int(at): int(value) for series in found for at, value in series["values"]}
    return [counted.pop(begin_s + step_s * (number + 1), 0) for number in range(len(data.requests))]


def entries(client: Client, data: Dataset, lines: int) -> list[tuple[str, int, str]]:
    """(pod, ts, line) of what is stored of the first `lines` lines of the dataset, sorted; twice what is stored twice."""
    end_ns = data.start_ns + lines * (data.shape.seconds * NS_PER_S // data.shape.lines)
    found = result(lambda: client.query_range(SELECTOR, start=data.start_ns, end=end_ns, limit=2 * lines, direction="forward"))
    return sorted((each["stream"]["pod"], int(at), line) for each in found for at, line in each["values"])
