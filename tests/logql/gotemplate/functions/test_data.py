from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.functions.data import from_json
from logql.gotemplate.rendering import render

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70).map(float) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_json_reads_back(value: object, ascii_only: bool) -> None:
    assert from_json(json.dumps(value, ensure_ascii=ascii_only)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" [1, 2e0] ", [1.0, 2.0]),
        ('{"a": 1, "a": 2}', {"a": 2.0}),
        (r'"\ud83d\ude80 \ud83d \ude80 \\ud83d"', "🚀 \ufffd \ufffd \\ud83d"),
        ("9" * 5_000, None),
        ("1e999", None),
        ("NaN", None),
        ("[1,]", None),
        ('"\n"', None),
        ("\ufeff1", None),
        ("1 2", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_numbers_are_floats_and_what_is_no_json_is_nil(text: str, value: object) -> None:
    assert from_json(text) == value


def test_integers_are_floats() -> None:
    value = from_json("7")
    assert isinstance(value, float)
    assert math.isclose(value, 7)


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("{{__line__}}", "the line"),
        ("{{.empty | default `d`}}{{.level | default `d`}}{{default `d` .nosuch}}", "dinfod"),
        ("{{default `d`}}{{0 | default 5}}{{false | default true}}", "d5true"),
        ("{{default `d` nil `x`}}{{default 1 __timestamp__ | unixEpoch}}", "d1795172389"),
        ("{{fromJson `[1e6,null]`}}{{fromJson `x`}}", "[1e+06 <nil>]<no value>"),
    ],
)
def test_functions_on_data(template: str, output: str) -> None:
    assert render(template, line="the line") == output
