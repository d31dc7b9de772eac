from __future__ import annotations

import pytest

from lgtm.promql.errors import EvaluationError
from lgtm.promql.times import Times
from promql.memory import Memory

BASE = 'x{instance="a",job="j"} 1 2 3\nx{instance="b",job="j"} 4 5 6\nx 7 8 9'


def answer(text: str, query: str, times: Times | None = None) -> dict[str, list[float]]:
    series = Memory.of(f"{BASE}\n{text}").query(query, times or Times(0, 120_000, 60_000)).series()
    return {",".join(f"{name}={value}" for name, value in labels if name != "__name__"): floats.values.tolist() for labels, floats, _ in series}


def test_labels_are_added_where_something_describes_the_series() -> None:
    assert answer('target_info{instance="a",job="j",v="1"} 1', "info(x)") == {
        "instance=a,job=j,v=1": [1, 2, 3],
        "instance=b,job=j": [4, 5, 6],
        "": [7, 8, 9],
    }


def test_only_described_series_stay_where_a_label_is_demanded() -> None:
    assert answer('target_info{instance="a",job="j",v="1"} 1', 'info(x, {v=~".+"})') == {"instance=a,job=j,v=1": [1, 2, 3]}


def test_a_description_may_change_from_step_to_step() -> None:
    text = 'target_info{instance="a",job="j",v="1"} 1 stale\ntarget_info{instance="a",job="j",v="2"} _ 1 1'
    assert answer(text, 'info(x{instance="a"})') == {"instance=a,job=j,v=1": [1], "instance=a,job=j,v=2": [2, 3]}


def test_the_newest_of_two_descriptions_counts_and_a_tie_is_refused() -> None:
    text = 'target_info{instance="a",job="j",v="1"} 1 _ _\ntarget_info{instance="a",job="j",v="2"} _ 1 1'
    assert answer(text, 'info(x{instance="a"})') == {"instance=a,job=j,v=1": [1], "instance=a,job=j,v=2": [2, 3]}
    text = 'target_info{instance="a",job="j",v="1"} 1\ntarget_info{instance="a",job="j",v="2"} 1'
    with pytest.raises(EvaluationError, match=r'found duplicate series for info metric: existing {.*v="1"} @ 0, new {.*v="2"} @ 0'):
        answer(text, "info(x)", Times(0, 0))
    assert answer(text, 'info(x{instance="b"})', Times(0, 0)) == {"instance=b,job=j": [4]}


def test_info_metrics_complement_and_must_not_contradict_each_other() -> None:
    text = 'target_info{instance="a",job="j",v="1"} 1\nbuild_info{instance="a",job="j",w="2"} 1'
    assert "instance=a,job=j,v=1,w=2" in answer(text, 'info(x, {__name__=~".+_info"})')
    text = 'target_info{instance="a",job="j",v="1"} 1\nbuild_info{instance="a",job="j",v="2"} 1'
    with pytest.raises(EvaluationError, match="conflicting label: v"):
        answer(text, 'info(x, {__name__=~".+_info"})')


def test_labels_of_the_base_win() -> None:
    assert answer('y{instance="a",job="j",v="0"} 1\ntarget_info{instance="a",job="j",v="1",w="2"} 1', "info(y)") == {
        "instance=a,job=j,v=0,w=2": [1, 1, 1]
    }


def test_info_series_are_numbers() -> None:
    with pytest.raises(EvaluationError, match="info sample should be float"):
        answer('target_info{instance="a",job="j"} {{count:1 buckets:[1]}}', "info(x)")
