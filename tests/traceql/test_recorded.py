"""What Tempo answered to the recorded requests is what the package answers, but for few that tests/traceql/recorded/README.md names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from traceql.asking import ask, is_for_the_api
from traceql.comparing import canonical, difference, project
from traceql.dataset import read_lines

PASSING = {
    "search_intrinsics": 112,
    "search_attributes": 257,
    "search_structural": 145,
    "search_pipeline": 90,
    "search_params": 51,
    "search_legacy": 51,
    "tags": 33,
    "tag_values": 124,
    "metrics_range": 147,
    "metrics_instant": 129,
    "errors": 172,
    "parse": 456,
}
"""How many of each area agree. The numbers may only rise."""


_UNFORMATTED = re.compile(r"(?<=of type )\(.*\)")
"""Where Tempo forgets to put the expression into its message; ours names it."""


@cache
def cases() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for case in read_lines("cases.jsonl.gz"):
        if not is_for_the_api(case):
            found.setdefault(case["area"], []).append(case)
    return found


def disagreement(case: Mapping[str, Any]) -> str:
    """Empty when the answer is as recorded, else what differs."""
    status, answer = ask(case)
    if status != case["status"]:
        return f"status {status}, recorded {case['status']}: {canonical(answer)[:300]}"
    if status != 200:
        return "" if _words(case) in (answer, _UNFORMATTED.sub("(%v)", answer)) else f"recorded {_words(case)!r}, got {answer!r}"
    how = case["compare"]
    return "" if how == "status" else difference(case["response"], project(how, answer))


def _words(case: Mapping[str, Any]) -> str:
    """Without what the endpoint puts in front."""
    return str(case["response"]).removeprefix("invalid TraceQL query: ").removeprefix("compiling query: ")


@pytest.mark.parametrize("area", PASSING)
def test_recorded_answers(area: str) -> None:
    verdicts = {case["id"]: disagreement(case) for case in cases()[area]}
    wrong = {name: why for name, why in verdicts.items() if why}
    counts = Counter(not why for why in verdicts.values())
    assert counts[True] == PASSING[area], wrong
