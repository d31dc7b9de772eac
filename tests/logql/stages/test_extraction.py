"""The paths behind `json` and `logfmt`."""

from __future__ import annotations

import pytest

from lgtm.logql.json_line import JsonStep
from lgtm.logql.stages.extraction import Extraction, check_logfmt_path, join_extractions, parse_json_path


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b_1.C", ("a", "b_1", "C")),
        ("a[0]", ("a", 0)),
        ("[12].a", (12, "a")),
        ('["k-v"]', ("k-v",)),
        ('a["b.c"][0].d', ("a", "b.c", 0, "d")),
        ('["a\\"b"]', ('a"b',)),
        ('[""]', ("",)),
        (" a . b ", ("a", "b")),
        ("a-b", ("a",)),
    ],
)
def test_a_json_path_is_steps_from_the_outermost(path: str, steps: tuple[JsonStep, ...]) -> None:
    assert parse_json_path(path) == steps


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "unexpected $end, expecting LSB or FIELD"),
        (".a", "unexpected DOT, expecting LSB or FIELD"),
        ("a.", "unexpected $end, expecting FIELD"),
        ("a[", "unexpected $end, expecting STRING or INDEX"),
        ("a[b]", "unexpected FIELD, expecting STRING or INDEX"),
        ('a["b"', "unexpected $end, expecting RSB"),
        ("a b", "unexpected FIELD"),
        ('"a"', "unexpected STRING, expecting LSB or FIELD"),
    ],
)
def test_a_json_path_that_is_none_is_refused(path: str, reason: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_json_path(path)
    assert str(raised.value) == f"cannot parse expression [{path}]: syntax error: {reason}"


@pytest.mark.parametrize("path", ["a", "_a1", " a "])
def test_a_logfmt_path_is_one_key(path: str) -> None:
    check_logfmt_path(path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "syntax error: unexpected $end, expecting KEY"),
        ("a b", "syntax error: unexpected KEY"),
        ("a.b", "unexpected char ."),
        ("1a", "unexpected char 1"),
    ],
)
def test_a_logfmt_path_that_is_none_is_refused(path: str, reason: str) -> None:
    with pytest.raises(ValueError) as raised:
        check_logfmt_path(path)
    assert str(raised.value) == f"cannot parse expression [{path}]: {reason}"


def test_extractions_print_with_their_paths() -> None:
    assert join_extractions(()) == ""
    assert join_extractions((Extraction("a", "a", explicit=False), Extraction("b", '["x"]'))) == ' a="a",b="[\\"x\\"]"'
