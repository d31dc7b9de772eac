"""Backslash escapes of JSON strings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.escapes import UNESCAPED, unescape


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("x", "x"),
        (r"\"\\\/\b\f\n\r\t", '"\\/\b\f\n\r\t'),
        (r"\u00e9\u00E9", "éé"),
        (r"\ud83d\ude80", "🚀"),
        (r"\\u00e9", r"\u00e9"),
        (r"\q", None),
        (r"\u12", None),
        ("\\\n", None),
        (r"\'", None),
        (r"\ud83d", None),
        (r"\ude80\ud83d", None),
    ],
)
def test_escapes_stand_for_characters(text: str, plain: str | None) -> None:
    assert unescape(text) == plain


def test_other_escapes_can_be_given_and_what_stands_for_half_a_pair() -> None:
    assert unescape(r"\'\n", UNESCAPED | {"'": "'"}) == "'\n"
    assert unescape(r"x\ud83dy\ud83d\ude80", lone_surrogates="?") == "x?y🚀"


@given(st.text())
def test_what_json_writes_is_read_back(text: str) -> None:
    assert unescape(json.dumps(text)[1:-1]) == text
