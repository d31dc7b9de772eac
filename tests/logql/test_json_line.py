"""One line of JSON, right or broken, read as the jsonparser library reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql import json_line
from lgtm.logql.json_line import DEPTH_MAX, MALFORMED, NO_ARRAY, NO_OBJECT, NO_STRING, NOT_AN_OBJECT, UNKNOWN, read_json, read_json_paths, read_packed
from lgtm.logql.line_labels import LineError, LineLabels
from lgtm.logql.stages.extraction import parse_json_path
from lgtm.logql.values import sanitize_name


def read(reader: Callable[[str, LineLabels], None], line: str) -> tuple[dict[str, str], str | None]:
    """What is found, and the error; `marked` where it says nothing more."""
    labels = LineLabels()
    try:
        reader(line, labels)
    except LineError as error:
        return labels.found, error.details or "marked"
    return labels.found, None


@pytest.mark.parametrize(
    ("line", "labels", "error"),
    [
        ("{}", {}, None),
        (' {"a":1}', {"a": "1"}, None),
        ('{"a" : 1 , "b":\t"x"}', {"a": "1", "b": "x"}, None),
        ('{"a":-1.5e+3,"b":1E5}', {"a": "-1.5e+3", "b": "1E5"}, None),
        ('{"a":{"b":{"c":1}},"d":2}', {"a_b_c": "1", "d": "2"}, None),
        ('{"a":{"1b":1}}', {"a_1b": "1"}, None),
        ('{"a":{"_b":1}}', {"a__b": "1"}, None),
        ('{"a":["{",1],"b":1}', {"b": "1"}, None),
        ('{"a":"{\\"b\\":1}"}', {"a": '{"b":1}'}, None),
        ('{"":1,"-":2}', {"_": "2"}, None),
        # Text behind the object does not matter, nor does a comma before its end.
        ('{"a":1} tail', {"a": "1"}, None),
        ('{"a":1,}', {"a": "1"}, None),
        # Numbers are whatever begins like one.
        ('{"a":1.2.3,"b":01,"c":-}', {"a": "1.2.3", "b": "01", "c": "-"}, None),
        ("", {}, NO_OBJECT),
        ("text", {}, NO_OBJECT),
        ("[1]", {}, NO_OBJECT),
        ("{", {}, MALFORMED),
        ('{"a"', {}, MALFORMED),
        ('{"a":', {}, MALFORMED),
        ('{"a":1', {"a": "1"}, NO_ARRAY),
        ('{"a":1,', {"a": "1"}, NO_ARRAY),
        ('{"a":1 "b":2}', {"a": "1"}, NO_OBJECT),
        ('{"a":1,b:2}', {"a": "1"}, NO_OBJECT),
        ('{"a":"open', {}, NO_STRING),
        ('{"a":1,"b":nope}', {"a": "1"}, UNKNOWN),
        ('{"a":1,"b":[1,2}', {"a": "1"}, NO_ARRAY),
        ('{"a":1,"b":{"c":2}', {"a": "1", "b_c": "2"}, NO_ARRAY),
        ('{"a":1,"b":{"c":2', {"a": "1"}, NO_OBJECT),
        ('{"a":1,"\\x":2}', {"a": "1"}, json_line.BAD_ESCAPE),
        ('{"a":"\\x"}', {"a": ""}, None),
        ('{"a":"\\ud83d"}', {"a": ""}, None),
    ],
)
def test_fields_up_to_the_break_are_labels(line: str, labels: dict[str, str], error: str | None) -> None:
    assert read(read_json, line) == (labels, error)


def test_objects_within_objects_have_a_bound() -> None:
    def nested(depth: int) -> str:
        return '{"a":' * depth + "1" + "}" * depth

    assert read(read_json, nested(DEPTH_MAX)) == ({"_".join("a" * DEPTH_MAX): "1"}, None)
    assert read(read_json, nested(DEPTH_MAX + 1)) == ({}, f"nested deeper than {DEPTH_MAX}")


@pytest.mark.parametrize("line", ['{"a":' * 50_000, "[" * 50_000, '{"a":' + "[" * 50_000, '{"a":' * 50_000 + "1" + "}" * 50_000])
def test_a_line_of_nothing_but_brackets_is_an_error_like_others(line: str) -> None:
    assert read(read_json, line)[1] is not None


def test_a_line_is_read_no_further_than_needed() -> None:
    labels = LineLabels(wanted=frozenset({"a"}))
    read_json('{"a":1,broken', labels)
    assert labels.found == {"a": "1"}


PATHS = '{"a":"x\\n","n":1.50,"t":true,"z":null,"o":{"p":[1,{"q":"r"}], "k.s":2},"l":[ [1,2] , "s"]}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", "x\n"),
        ("n", "1.50"),
        ("t", "true"),
        ("z", ""),
        ("o", '{"p":[1,{"q":"r"}], "k.s":2}'),
        ("o.p", '[1,{"q":"r"}]'),
        ("o.p[0]", "1"),
        ("o.p[1].q", "r"),
        ('o["k.s"]', "2"),
        ("l[0][1]", "2"),
        ("l[1]", "s"),
        ("l[2]", ""),
        ("l.a", ""),
        ("o[0]", ""),
        ("a.b", ""),
        ("none", ""),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: str, value: str) -> None:
    assert read(partial(read_json_paths, paths={"x": parse_json_path(path)}), PATHS) == ({"x": value}, None)


@pytest.mark.parametrize(
    ("line", "labels", "error"),
    [
        ("", {}, None),
        ("text", {}, "marked"),
        (" {}", {}, "marked"),
        ("1", {}, "marked"),
        ('"a"', {"x": ""}, None),
        ('{"b":1', {"x": ""}, None),
        ('{"a":1,"b', {"x": "1"}, None),
        ('{"b":1,"a":"open', {"x": ""}, NO_STRING),
    ],
)
def test_paths_into_lines_that_break(line: str, labels: dict[str, str], error: str | None) -> None:
    assert read(partial(read_json_paths, paths={"x": ("a",)}), line) == (labels, error)


@pytest.mark.parametrize(
    ("line", "labels", "entry", "error"),
    [
        ('{"a":"1","_entry":"line"}', {"a": "1"}, "line", None),
        ('{"a":"1","b":2}', {}, None, None),
        ("text", {}, None, NOT_AN_OBJECT),
        ("", {}, None, None),
        ('{"_entry":"line"', {}, None, NO_ARRAY),
    ],
)
def test_packed_lines(line: str, labels: dict[str, str], entry: str | None, error: str | None) -> None:
    found = LineLabels()
    try:
        read_packed(line, found)
        details = None
    except LineError as raised:
        details = raised.details
    assert (found.found, found.line, details) == (labels, entry, error)


scalars = st.text(st.characters(codec="utf-8", exclude_characters="\ufffd"), max_size=4) | st.integers() | st.booleans() | st.none()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab_-1é", max_size=3), inner, max_size=3), max_leaves=6
)


def flattened(fields: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in fields.items():
        name = sanitize_name(key)
        if prefix:
            name = f"{prefix}_{name[1:] if key[:1].isdecimal() else name}"
        if isinstance(value, dict):
            found = {**flattened(value, name), **found}
        elif isinstance(value, str | int) and name:
            found.setdefault(name, value if isinstance(value, str) else json.dumps(value))
    return found


@given(st.dictionaries(st.text("ab_-1é", max_size=3), values, max_size=4), st.booleans())
def test_a_sound_line_is_flattened_and_the_reader_of_broken_lines_agrees(fields: dict[str, Any], ascii_only: bool) -> None:
    line = json.dumps(fields, ensure_ascii=ascii_only)
    assert read(read_json, line) == (flattened(fields), None)
    # A comma before the end is no error, and none that the decoder knows.
    broken = line.removesuffix("}") + (",}" if fields else "}")
    assert read(read_json, broken) == (flattened(fields), None)


@given(st.text('{}[]",:a1\\ ', max_size=24))
def test_any_line_is_labels_or_an_error(line: str) -> None:
    read(read_json, line)
    read(partial(read_json_paths, paths={"x": ("a", 0), "y": ("a", "a")}), line)
    read(read_packed, line)
