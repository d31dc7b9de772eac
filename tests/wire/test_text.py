"""Invalid UTF-8 is refused, and the message says where it stood."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.text import decode, text_or_none, utf8, utf8_where_valid


def test_valid_bytes_become_strings_unchanged() -> None:
    values = ["", "plain", "ü 🚀 \x00"]
    strings = utf8(pa.array([value.encode() for value in values]), str)
    assert strings.type == pa.string()
    assert strings.to_pylist() == values


def test_the_first_invalid_value_is_named() -> None:
    with pytest.raises(MalformedBody, match="value 1 is not valid UTF-8 at byte 3"):
        utf8(pa.array([b"ok", b"bad\xff", b"\xfe"]), lambda index: f"value {index}")


@pytest.mark.parametrize("value", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"])
def test_columns_and_single_values_are_judged_alike(value: bytes) -> None:
    with pytest.raises(MalformedBody):
        decode(value, lambda: "it")
    with pytest.raises(MalformedBody):
        utf8(pa.array([value]), str)
    assert text_or_none(value) is None
    texts, wrong = utf8_where_valid(pa.array([b"before", value, b""], pa.binary()))
    assert texts.to_pylist() == ["before", "", ""]
    assert wrong is not None
    assert wrong.tolist() == [False, True, False]


def test_where_all_is_valid_nothing_is_marked() -> None:
    texts, wrong = utf8_where_valid(pa.array(["a", "é"], pa.binary()))
    assert (texts.to_pylist(), wrong) == (["a", "é"], None)
