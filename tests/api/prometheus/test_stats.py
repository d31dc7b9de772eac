"""What a query cost is told to those who ask."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lgtm.api.prometheus.engine import PromAnswer, PromStats
from lgtm.api.prometheus.stats import deprecation, stats_json
from lgtm.promql.times import Times
from promql.memory import Memory

RANGE = Times(0, 120_000, 60_000)


def told(asked: str, times: Times = RANGE) -> Any:
    result = Memory.of('up{job="a"} 1 1 1\nup{job="b"} _ 1 1').query("sum(up)", times)
    text = stats_json(PromAnswer(result, PromStats(queue_s=0.25, read_s=0.5, evaluate_s=1.0)), asked)
    return None if text is None else json.loads(text)


def test_nothing_is_told_unless_asked() -> None:
    assert told("") is None


def test_times_are_those_of_waiting_reading_and_evaluating() -> None:
    assert told("true")["timings"] == {
        "evalTotalTime": 1.5,
        "resultSortTime": 0,
        "queryPreparationTime": 0.5,
        "innerEvalTime": 1.0,
        "execQueueTime": 0.25,
        "execTotalTime": 1.75,
    }


def test_samples_are_counted_as_often_as_a_step_finds_them() -> None:
    assert told("true")["samples"] == {"totalQueryableSamples": 5, "samplesRead": 5, "peakSamples": 6}


def test_all_also_tells_of_each_step() -> None:
    assert told("all")["samples"]["totalQueryableSamplesPerStep"] == [[0, 1], [60, 2], [120, 2]]
    assert told("all", Times(60_500, 60_500))["samples"]["totalQueryableSamplesPerStep"] == [[60.5, 2]]


@pytest.mark.parametrize("asked", ["", "true", "all"])
def test_the_known_words_need_no_warning(asked: str) -> None:
    assert deprecation(asked) == []


def test_other_words_work_with_a_warning() -> None:
    assert told("1")["samples"] == told("true")["samples"]
    assert deprecation("1") == ['value "1" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"']
