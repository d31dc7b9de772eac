"""Prometheus' own evaluation scripts (testdata/, see NOTICE there), and what they leave open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lgtm.errors import LgtmError
from lgtm.promql.times import Times
from promql.memory import Memory
from promql.script import Clear, Eval, Load, parse_script
from promql.verdict import Differs, require_answer, require_failure, require_middle

TESTDATA = Path(__file__).parent / "testdata"
EVALS = {
    "aggregators": 104,
    "at_modifier": 51,
    "collision": 1,
    "duration_expression": 38,
    "extended_vectors": 110,
    "fill-modifier": 30,
    "functions": 280,
    "histograms": 120,
    "info": 34,
    "limit": 24,
    "literals": 16,
    "name_label_dropping": 20,
    "native_histograms": 339,
    "operators": 139,
    "range_queries": 12,
    "selectors": 20,
    "staleness": 11,
    "start_timestamps": 17,
    "subquery": 22,
    "trig_functions": 12,
    "type_and_unit": 38,
}
"""How many queries each script evaluates. All of them hold; what does not would be listed beside its reason in KNOWN."""
KNOWN: dict[str, str] = {}
"""`script:line` of what is known to differ → why."""

_AROUND_MS = 60_000
_EDGES = ("start()", "end()", "range()", "step()")


def cases(name: str) -> Iterator[tuple[Eval, Memory]]:
    """Every evaluation of a script with the series that are loaded by then."""
    memory = Memory()
    for command in parse_script((TESTDATA / f"{name}.test").read_text(encoding="utf-8")):
        match command:
            case Clear():
                memory = Memory()
            case Load(series=loaded):
                memory.add(loaded)
            case Eval():
                yield command, memory


def check(case: Eval, memory: Memory) -> None:
    try:
        result = memory.query(case.query, case.times)
    except LgtmError as error:
        require_failure(case, str(error))
    else:
        require_answer(case, result)


def failures(name: str, *checks: object) -> list[str]:
    found = []
    for case, memory in cases(name):
        for one in checks:
            assert callable(one)
            try:
                one(case, memory)
            except Differs as error:
                if f"{name}:{case.line}" not in KNOWN:
                    found.append(f"{name}:{case.line} {case.query}\n    {error}")
    return found


def test_all_scripts_are_evaluated() -> None:
    assert {path.stem for path in TESTDATA.glob("*.test")} == EVALS.keys()
    assert {name: sum(1 for _ in cases(name)) for name in EVALS} == EVALS


@pytest.mark.parametrize("name", EVALS)
def test_every_evaluation_of_the_script_holds(name: str) -> None:
    assert failures(name, check) == []


REWRITES: dict[str, str] = json.loads((TESTDATA / "at_rewrites.json").read_text(encoding="utf-8"))
"""`time-in-ms query` → the query with `@ time` on every selector and subquery, which must give the same at any evaluation time."""


def check_as_range(case: Eval, memory: Memory) -> None:
    """An instant query is the middle of a range query around it."""
    bare = not (case.expects("ordered") or case.expects("fail") or case.grid or case.string is not None or any(word in case.query for word in _EDGES))
    if case.is_instant and bare:
        ts_ms = case.times.start_ms
        require_middle(case, memory.query(case.query, Times(ts_ms - _AROUND_MS, ts_ms + _AROUND_MS, _AROUND_MS)), ts_ms)


def check_at_other_times(case: Eval, memory: Memory) -> None:
    """With its time written into the query it gives the same at any other."""
    ts_ms = case.times.start_ms
    query = REWRITES.get(f"{ts_ms} {case.query}")
    if query is None or not case.is_instant or case.grid is not None:
        return
    for other_ms in (-10 * ts_ms, 0, ts_ms // 5, ts_ms, 10 * ts_ms) if ts_ms else (-1_000, 0, 1_000):
        moved = Eval(case.line, query, Times(other_ms, other_ms), case.expectations, case.series, case.scalar, case.string)
        try:
            result = memory.query(query, moved.times)
        except LgtmError as error:
            require_failure(case, str(error))
        else:
            require_answer(moved, result, annotated=False)


@pytest.mark.long
@pytest.mark.parametrize("name", EVALS)
def test_every_instant_holds_inside_a_range_and_at_other_times(name: str) -> None:
    assert failures(name, check_as_range, check_at_other_times) == []
