from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.level_reference import reference_level
from distributor.level_texts import log_lines
from distributor.test_levels import RECORDED
from lgtm.distributor.level_lines import ROWS_FOR_KERNELS_MIN, line_levels
from lgtm.distributor.levels import LEVELS, LevelFields, level_fields
from lgtm.model.limits import LOG_LEVEL_FIELDS

FIELDS = level_fields(LOG_LEVEL_FIELDS, 2)


def levels(lines: list[str], fields: LevelFields = FIELDS) -> list[str]:
    """By the kernels: shorter lists are filled up."""
    filled = lines + ["x"] * ROWS_FOR_KERNELS_MIN
    return [LEVELS[code] for code in line_levels(pa.array(filled), fields)][: len(lines)]


def test_recorded_lines_have_their_recorded_levels() -> None:
    cases = [case for case in RECORDED if not case["labels"] and not case["metadata"]]
    assert levels([case["line"] for case in cases]) == [case["level"] for case in cases]


@given(st.lists(log_lines(), min_size=1, max_size=40), st.sampled_from([0, 1, 2, 3]))
def test_a_column_is_read_as_the_reference_reads_each_line(lines: list[str], depth_max: int) -> None:
    expected = [reference_level(line, LOG_LEVEL_FIELDS, depth_max) for line in lines]
    assert levels(lines, LevelFields(LOG_LEVEL_FIELDS, depth_max)) == expected


@pytest.mark.parametrize("names", [(), ("severity",), ("lvl", "level"), ("a.b", "x,y", "msg")])
@given(lines=st.lists(log_lines(), min_size=1, max_size=20))
def test_the_names_of_the_tenant_are_looked_for(names: tuple[str, ...], lines: list[str]) -> None:
    assert levels(lines, LevelFields(names, 2)) == [reference_level(line, names, 2) for line in lines]


def test_slices_are_read_where_they_begin() -> None:
    lines = pa.array([f"level={level}" for level in LEVELS[1:]] * 40).slice(3, 200)
    expected = [text.partition("=")[2] for text in lines.to_pylist()]
    assert [LEVELS[code] for code in line_levels(lines, FIELDS)] == expected


@pytest.mark.parametrize("count", [0, 1, ROWS_FOR_KERNELS_MIN])
def test_any_number_of_lines_has_as_many_levels(count: int) -> None:
    assert line_levels(pa.array(["warn"] * count, pa.string()), FIELDS).tolist() == [LEVELS.index("warn")] * count


def test_lines_of_common_loggers_are_decided_by_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only speed hangs on it, so it is pinned here: line by line costs thirty times as much."""
    monkeypatch.setattr("lgtm.distributor.level_lines.field_value", lambda line, fields: pytest.fail(f"read alone: {line}"))
    slog = {"time": "2026-01-01T00:00:00Z", "level": "WARN", "source": {"function": "main.main", "line": 5}, "msg": 'a "b"', "args": [1, "x"]}
    pino = {"level": 30, "time": 1, "pid": 5, "req": {"id": 1, "url": "/"}, "msg": "info x"}
    nested = {"log": {"offset": 3, "level": "ERROR"}, "message": "x"}
    common = {
        json.dumps(slog): "warn",
        json.dumps(slog, separators=(",", ":")): "warn",
        json.dumps(pino): "info",
        json.dumps(nested): "error",
        'time="2026-01-01T00:00:00Z" level=warning msg="a=b level=fatal"': "warn",
        "ts=2026-01-01T00:00:00.0Z caller=main.go:5 level=debug msg=started": "debug",
        "t=1 lvl=eror lvl_x=1": "unknown",
        "ts=1 severity=CRITICAL x": "critical",
        '10.0.0.1 - - "GET /a?level=err HTTP/1.1" 200 "Mozilla"': "error",
        "2026-01-01 12:00:00,123 ERROR root: failed": "error",
    }
    assert levels(list(common)) == list(common.values())


def test_codes_are_small_integers() -> None:
    assert line_levels(pa.array(["x"]), FIELDS).dtype == np.int8
