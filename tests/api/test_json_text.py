"""JSON holds whatever text labels may have."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.json_text import json_bytes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
)


@given(JSON)
def test_what_is_written_reads_back(value: object) -> None:
    assert json.loads(json_bytes(value)) == value


def test_bytes_that_are_no_utf8_become_the_replacement_character() -> None:
    text = b"a\xffb".decode("utf-8", "surrogateescape")
    assert json_bytes({text: [text, "é\n"]}) == '{"a�b":["a�b","é\\n"]}'.encode()


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        json_bytes({"a": object()})
