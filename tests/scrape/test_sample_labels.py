"""Labels of page and target meet as in Prometheus."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.model.labels import labels_of
from lgtm.relabel.rule import Action, RelabelRule, RelabelRules
from lgtm.scrape.config import ScrapeLimits
from lgtm.scrape.sample_labels import InvalidSample, SampleLabels

NO_LIMITS = ScrapeLimits()
TARGET = labels_of({"job": "j", "instance": "i"})


def final(scraped: dict[str, str], *, honor: bool = False, rules: RelabelRules = (), limits: ScrapeLimits = NO_LIMITS) -> Any:
    labels = SampleLabels(TARGET, honor, rules, limits).of([("__name__", "m"), *scraped.items()])
    return None if labels is None else {name: value for name, value in labels if name != "__name__"}


@pytest.mark.parametrize(
    ("scraped", "overriding", "honoring"),
    [
        ({"a": "b"}, {"a": "b", "job": "j", "instance": "i"}, {"a": "b", "job": "j", "instance": "i"}),
        ({"job": "x"}, {"exported_job": "x", "job": "j", "instance": "i"}, {"job": "x", "instance": "i"}),
        ({"job": ""}, {"job": "j", "instance": "i"}, {"instance": "i"}),
        (
            {"job": "x", "exported_job": "y"},
            {"job": "j", "instance": "i", "exported_job": "y", "exported_exported_job": "x"},
            {"job": "x", "exported_job": "y", "instance": "i"},
        ),
        ({"a": ""}, {"job": "j", "instance": "i"}, {"job": "j", "instance": "i"}),
    ],
)
def test_labels_of_the_target_win_unless_those_of_the_page_are_honored(
    scraped: dict[str, str], overriding: dict[str, str], honoring: dict[str, str]
) -> None:
    assert final(scraped) == overriding
    assert final(scraped, honor=True) == honoring


def test_rules_see_the_labels_of_both() -> None:
    drop = RelabelRule(action=Action.DROP, source_labels=("__name__", "job", "a"), regex="m;j;b")
    assert final({"a": "b"}, rules=(drop,)) is None
    assert final({"a": "c"}, rules=(RelabelRule(source_labels=("a", "job"), target_label="d"),))["d"] == "c;j"


@pytest.mark.parametrize(
    ("scraped", "limits", "message"),
    [
        ({"a": "b"}, {"labels_max": 3}, r"label_limit exceeded \(metric: m, number of labels: 4, limit: 3\)"),
        ({"ä": "b"}, {"label_name_bytes_max": 1}, r"label_name_length_limit exceeded \(metric: m, label name: __name__, length: 8, limit: 1\)"),
        (
            {"a": "ää"},
            {"label_value_bytes_max": 3},
            r'label_value_length_limit exceeded \(metric: m, label name: a, value: "ää", length: 4, limit: 3\)',
        ),
    ],
)
def test_limits_are_those_of_the_final_labels(scraped: dict[str, str], limits: dict[str, int], message: str) -> None:
    assert final(scraped, limits=ScrapeLimits(**{name: value + 8 for name, value in limits.items()})) is not None
    with pytest.raises(InvalidSample, match=message):
        final(scraped, limits=ScrapeLimits(**limits))


@pytest.mark.parametrize(
    ("scraped", "message"),
    [
        ([("a", "b")], r"missing metric name \(__name__ label\)"),
        ([("__name__", "m"), ("a", "b"), ("a", "b")], 'label name "a" is not unique: invalid sample'),
        ([("__name__", "m"), ("", "b")], "invalid metric name or label names"),
    ],
)
def test_series_that_cannot_be_are_refused(scraped: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(InvalidSample, match=message):
        SampleLabels(TARGET, False, (), ScrapeLimits()).of(scraped)
