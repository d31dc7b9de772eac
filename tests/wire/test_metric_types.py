"""Names of types, and of families."""

from __future__ import annotations

import pytest

from lgtm.wire.metric_types import family_of, type_name


@pytest.mark.parametrize(
    ("number", "name"), [(0, "unknown"), (1, "counter"), (4, "gaugehistogram"), (7, "stateset"), (8, "unknown"), (-1, "unknown")]
)
def test_types(number: int, name: str) -> None:
    assert type_name(number) == name


@pytest.mark.parametrize(
    ("name", "kind", "family"),
    [
        ("a_seconds_bucket", "histogram", "a_seconds"),
        ("a_seconds_count", "histogram", "a_seconds"),
        ("a_seconds_sum", "summary", "a_seconds"),
        ("a_seconds", "summary", "a_seconds"),
        ("a_gcount", "gaugehistogram", "a"),
        ("a_count", "gauge", "a_count"),
        ("a_total", "counter", "a_total"),
    ],
)
def test_families(name: str, kind: str, family: str) -> None:
    assert family_of(name, kind) == family
