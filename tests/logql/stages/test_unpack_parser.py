"""`unpack`: undoes promtail's `pack`."""

from __future__ import annotations

import pytest

from lgtm.logql.stages import UnpackParser
from support.logframes import Row, frame_of, lines_of, shown, through


@pytest.mark.parametrize(
    ("line", "labels", "behind"),
    [
        ('{"a":"1","_entry":"text"}', {"a": "1"}, "text"),
        ('{"_entry":"text","a-b":"1"}', {"a_b": "1"}, "text"),
        ('{"a":"1","_entry":"a \\"b\\"\\n"}', {"a": "1"}, 'a "b"\n'),
        ('{"a":"1","n":2,"o":{"p":"q"},"t":true,"z":null,"_entry":""}', {"a": "1"}, ""),
        ('{"app":"x","_entry":"text"}', {"app_extracted": "x"}, "text"),
        ('{"a":"1","a":"2","_entry":"text"}', {"a": "1"}, "text"),
        ('{"a":"1"}', {}, '{"a":"1"}'),
        ('{"a":"1","_entry":5}', {}, '{"a":"1","_entry":5}'),
        ("{}", {}, "{}"),
        ("", {}, ""),
    ],
)
def test_string_fields_are_labels_where_an_entry_replaces_the_line(line: str, labels: Row, behind: str) -> None:
    frame = through(frame_of((line, {"app": "x"})), UnpackParser())
    assert (shown(frame), lines_of(frame)) == ([{"app": "x", **labels}], [behind])


@pytest.mark.parametrize("line", ["text", "[1]", '"_entry"', '{"_entry":"text"', '{"_entry" "text"}'])
def test_a_line_that_is_no_object_is_marked_and_stays(line: str) -> None:
    frame = through(frame_of(line), UnpackParser())
    assert frame.column("__error__").to_pylist() == ["JSONParserErr"]
    assert lines_of(frame) == [line]


def test_each_row_has_its_own_line() -> None:
    frame = through(frame_of("text", '{"_entry":"packed"}', '{"a":"b"}'), UnpackParser())
    assert lines_of(frame) == ["text", "packed", '{"a":"b"}']


def test_what_is_not_needed_is_left_out_but_the_line_is_replaced() -> None:
    frame = through(frame_of('{"a":"1","b":"2","_entry":"text"}'), UnpackParser(), needed=frozenset({"b"}))
    assert (shown(frame), lines_of(frame)) == ([{"b": "2"}], ["text"])


def test_it_prints_as_logql() -> None:
    assert str(UnpackParser()) == "| unpack"
