"""`pattern`: what it finds becomes labels."""

from __future__ import annotations

import pytest

from lgtm.logql.stages import InvalidStage, PatternParser
from support.logframes import frame_of, shown, through


def test_captures_are_labels_and_lines_that_do_not_fit_pass_unchanged() -> None:
    frame = through(frame_of("GET /x 200", "GET", "", "x\ufffd /y"), PatternParser("<method> <path>"))
    assert shown(frame) == [{"method": "GET", "path": "/x 200"}, {"method": "GET"}, {}, {"method": "x ", "path": "/y"}]


def test_a_stored_label_keeps_its_name_and_the_first_value_stays() -> None:
    frame = frame_of(("x y", {"a": "stored"}), "x y")
    found = through(frame, PatternParser("<a> <b>"), PatternParser("<_> <a>"))
    assert shown(found) == [{"a": "stored", "a_extracted": "x", "b": "y"}, {"a": "x", "b": "y"}]


def test_what_is_needed_is_found() -> None:
    frame = through(frame_of("x y", "x", ""), PatternParser("<a> <b>"), needed=frozenset({"b"}))
    assert frame.column("b").to_pylist() == ["y", None, None]


@pytest.mark.parametrize(("pattern", "reason"), [("text", "at least one capture is required"), ("", "syntax error: unexpected $end")])
def test_a_pattern_that_is_none_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidStage, match=r"^invalid pattern parser: ") as raised:
        PatternParser(pattern)
    assert reason in str(raised.value)


def test_it_prints_as_logql() -> None:
    assert str(PatternParser('<a> "<b>"')) == '| pattern "<a> \\"<b>\\""'
