"""`drop` and `keep`: which labels a row goes on with."""

from __future__ import annotations

import pytest

from lgtm.logql.parser import parse_log_selector
from lgtm.logql.stages import JsonParser
from support.logframes import Row, frame_of, shown, through

LABELS = {"a": "1", "b": "2"}


def labels_behind(text: str, line: str = '{"c":"3"}') -> Row:
    """Of a row with a and b in the stream, m in the metadata and what `json` finds in the line."""
    stages = parse_log_selector('{a="b"} | json ' + text).stages
    (row,) = shown(through(frame_of((line, LABELS), metadata={"m": "4"}), *stages))
    return row


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "abcm"),
        ("| drop a", "bcm"),
        ("| drop c, m", "ab"),
        ("| drop z", "abcm"),
        ('| drop a="1"', "bcm"),
        ('| drop a="2"', "abcm"),
        ('| drop a!="2", b=~"[12]", c!~"3"', "cm"),
        ('| drop a=~"."', "bcm"),
        ('| drop z=""', "abcm"),
        ("| drop a | drop b", "cm"),
        ("| keep a", "a"),
        ("| keep a, c", "ac"),
        ("| keep z", ""),
        ("| keep m", "m"),
        ('| keep a="1"', "a"),
        ('| keep a="2"', ""),
        ('| keep a!="2", b="1", c=~"3|4"', "ac"),
        ('| keep a=~".*"', "a"),
        ("| keep a, b | drop b", "a"),
    ],
)
def test_labels_of_every_layer_stay_or_go(text: str, names: str) -> None:
    assert "".join(sorted(labels_behind(text))) == names


def test_a_regex_is_anchored() -> None:
    assert "long" in labels_behind('| drop long=~"a.*"', '{"long":"xa"}')
    assert "long" not in labels_behind('| drop long=~"a.*"', '{"long":"ab"}')


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"a", "b", "m", "__error__", "__error_details__"}),
        ("| keep a", {"a", "__error__", "__error_details__"}),
        ("| drop __error__", {"a", "b", "m", "__error_details__"}),
        ("| drop __error__, __error_details__", {"a", "b", "m"}),
        ('| drop __error__="JSONParserErr"', {"a", "b", "m", "__error_details__"}),
        ('| drop __error__="Other"', {"a", "b", "m", "__error__", "__error_details__"}),
    ],
)
def test_errors_stay_unless_they_are_dropped_by_name(text: str, names: set[str]) -> None:
    assert labels_behind(text, "no json").keys() - {"failed"} == names


def test_a_dropped_error_is_none() -> None:
    frame = through(frame_of("no json"), *parse_log_selector('{a="b"} | json | drop __error__').stages)
    assert not frame.failed().any()
    assert not frame.errors().any()


def test_a_matcher_decides_row_by_row() -> None:
    stages = parse_log_selector('{a="b"} | drop a="1"').stages
    rows = shown(through(frame_of(("", {"a": "1"}), ("", {"a": "2"}), ("", {})), *stages))
    assert rows == [{}, {"a": "2"}, {}]


def test_a_parser_still_makes_way_for_a_label_that_was_dropped() -> None:
    stages = (*parse_log_selector('{a="b"} | drop a').stages, JsonParser())
    assert shown(through(frame_of(('{"a":"9"}', {"a": "1"})), *stages)) == [{"a_extracted": "9"}]


@pytest.mark.parametrize("text", ["| drop a,b", '| drop a="x",b', '| keep a,b=~"x|y"'])
def test_it_prints_as_logql(text: str) -> None:
    (stage,) = parse_log_selector('{a="b"} ' + text).stages
    assert str(stage) == text
