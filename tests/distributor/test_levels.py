from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.level_reference import reference_level
from distributor.level_texts import log_lines
from lgtm.distributor.levels import LevelFields, level_fields, line_level, normalise, severity_number_level
from lgtm.model.limits import LOG_LEVEL_FIELDS

FIELDS = level_fields(LOG_LEVEL_FIELDS, 2)
RECORDED = [json.loads(line) for line in (Path(__file__).parent / "detected_levels.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("case", [case for case in RECORDED if not case["labels"] and not case["metadata"]], ids=lambda case: case["line"])
def test_a_line_has_the_level_that_loki_recorded(case: dict[str, str]) -> None:
    assert line_level(case["line"], FIELDS) == case["level"]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("lvl=warn level=err", "error"),  # the order of names decides, not that of the line
        ("msg=level=trc lvl=dbg", "unknown"),  # a malformed pair ends the reading
        ('msg="level=err" lvl=dbg', "debug"),
        ("level= lvl=dbg", "unknown"),  # level is there, and says nothing
        ("level lvl=dbg", "debug"),  # a bare word is no field
        ('level="info"lvl=dbg', "info"),
        ('{"a":[{"level":"debug"}],"lvl":"wrn"}', "warn"),  # arrays are not searched
        ('{"level":30,"severity":"trc"}', "trace"),  # only strings count
        ('{"a":"{\\"level\\":\\"fatal\\"}","LVL":"inf"}', "info"),
        ('{"a":{"b":{"level":"trc"}}}', "unknown"),  # deeper than two
        ('{"a":1 "level":"trc"}', "unknown"),  # malformed before the field
        ('{"level":"trc" oops}', "trace"),  # malformed behind it
        (" \t{\"level\":\"dbg\"}\n", "debug"),
        ("{" * 100_000 + "}", "unknown"),
        ('{"a":' * 100_000 + "}" * 100_000, "unknown"),
        ('{"a":"' + '\\"' * 100_000 + "}", "unknown"),
        ("an ERROR: occurred", "error"),
        ("terror errors", "unknown"),
    ],
)  # fmt: skip
def test_levels_of_lines(line: str, level: str) -> None:
    assert line_level(line, FIELDS) == level


@given(log_lines(), st.sampled_from([0, 1, 2, 3]))
def test_a_line_is_read_as_the_reference_reads_it(line: str, depth_max: int) -> None:
    assert line_level(line, LevelFields(LOG_LEVEL_FIELDS, depth_max)) == reference_level(line, LOG_LEVEL_FIELDS, depth_max)


@pytest.mark.parametrize(("value", "level"), [("ERR", "error"), ("Information", "info"), ("notice", "notice"), ("NOTICE", "NOTICE"), ("", "")])
def test_a_value_is_normalised_and_stays_when_it_is_no_level(value: str, level: str) -> None:
    assert normalise(value) == level


@pytest.mark.parametrize(
    ("number", "level"),
    [
        ("0", "unknown"), ("1", "trace"), ("4", "trace"), ("5", "debug"), ("8", "debug"), ("9", "info"), ("12", "info"), ("13", "warn"),
        ("16", "warn"), ("17", "error"), ("20", "error"), ("21", "fatal"), ("24", "fatal"), ("25", "unknown"), ("-1", "trace"), ("+17", "error"),
        ("x", "info"), ("1.5", "info"), ("", "info"), (" 1", "info"), ("9" * 5_000, "info"), ("٣", "info"),
    ],
)  # fmt: skip
def test_a_severity_number_names_a_level(number: str, level: str) -> None:
    assert severity_number_level(number) == level
