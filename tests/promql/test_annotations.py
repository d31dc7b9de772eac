from __future__ import annotations

from lgtm.promql.annotations import Annotations, of_metric
from lgtm.promql.position import Position


def test_texts_carry_their_kind_and_position_and_count_once() -> None:
    annotations = Annotations()
    for _ in range(2):
        annotations.warn("careful", Position(1, 6))
        annotations.inform("by the way", Position(2, 1))
    assert annotations.warnings == ["PromQL warning: careful (1:6)"]
    assert annotations.infos == ["PromQL info: by the way (2:1)"]


def test_ten_are_shown_and_the_rest_is_counted() -> None:
    annotations = Annotations()
    for column in range(1, 14):
        annotations.warn("w", Position(1, column))
    assert len(annotations.warnings) == 11
    assert annotations.warnings[-1] == "3 more warning annotations omitted"


def test_a_metric_without_name_is_not_named() -> None:
    assert of_metric("text", "") == "text"
    assert of_metric("text", 'a"b') == 'text for metric name "a\\"b"'
