from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.pushes import Entry, metadata_of, rows_of
from distributor.test_levels import RECORDED
from lgtm.distributor.detected_level import with_detected_level
from lgtm.distributor.levels import level_fields, line_level, normalise, severity_number_level
from lgtm.distributor.resolve import resolve
from lgtm.model.limits import LOG_LEVEL_FIELDS, Limits

FIELDS = level_fields(LOG_LEVEL_FIELDS, 2)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["line"])
def test_an_entry_has_the_level_that_loki_recorded(case: dict[str, Mapping[str, str]]) -> None:
    stream = resolve(tuple(case["labels"].items()), Limits())
    metadata = {name: value for name, value in case["metadata"].items() if value}
    rows = with_detected_level(rows_of([(0, (1, str(case["line"]), metadata))]), [stream.level], FIELDS)
    assert metadata_of(rows) == [{**metadata, "detected_level": case["level"]}]


NAMES = ["detected_level", "level", "SEVERITY", "severity_text", "severity_number", "other"]
VALUES = st.sampled_from(["info", "ERR", "custom", "17", "0"])
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.tuples(st.just(1), st.sampled_from(["level=debug", "x"]), st.dictionaries(st.sampled_from(NAMES), VALUES))),
    min_size=1, max_size=12,
)  # fmt: skip


@given(ROWS, st.tuples(st.sampled_from(["", "warn"]), st.sampled_from(["", "x"])), st.sets(st.sampled_from(NAMES)))
def test_each_row_is_decided_as_if_it_were_alone(entries: list[tuple[int, Entry]], stream_levels: tuple[str, str], in_rest: set[str]) -> None:
    rows = with_detected_level(rows_of(entries, rest_names=sorted(in_rest)), stream_levels, FIELDS)
    rows.validate(full=True)
    for (series, (_, line, sent)), stored in zip(entries, metadata_of(rows), strict=True):  # type: ignore[misc]  # all have metadata
        assert stored == {**sent, "detected_level": _expected(line, sent, stream_levels[series])}


def _expected(line: str, metadata: Mapping[str, str], stream_level: str) -> str:
    if "detected_level" in metadata:
        return normalise(metadata["detected_level"])
    if stream_level:
        return stream_level
    for name in LOG_LEVEL_FIELDS:
        if name in metadata:
            return normalise(metadata[name])
    if "severity_number" in metadata:
        return severity_number_level(metadata["severity_number"])
    return line_level(line, FIELDS)


def test_an_empty_value_says_nothing() -> None:
    rows = with_detected_level(rows_of([(0, (1, "warn", {"level": "", "detected_level": ""}))]), [""], FIELDS)
    assert rows.column("meta.detected_level").to_pylist() == ["warn"]


def test_the_column_comes_before_rest() -> None:
    rows = with_detected_level(rows_of([(0, (1, "warn", {"a": "1", "b": "2"}))], rest_names=["b"]), [""], FIELDS)
    assert rows.schema.names == ["series", "ts", "line", "meta.a", "meta.detected_level", "rest"]


def test_no_rows_have_no_levels() -> None:
    assert with_detected_level(rows_of([]), [], FIELDS).num_rows == 0
