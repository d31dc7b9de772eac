"""Values of every type become text and are read back exactly."""

from __future__ import annotations

import base64
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.attribute_text import NoAttribute, any_text, any_value, as_text, dynamic_type, from_text
from support.spans import VALUES


@given(st.sampled_from(sorted(VALUES)), st.booleans(), st.data())
def test_what_is_written_is_read_back(kind: str, is_list: bool, data: st.DataObject) -> None:
    name = f"{'event' if is_list else 'span'}{':' if kind else ''}{kind}.key"
    of_value = st.none() | VALUES[kind]
    given_values: list[Any] = data.draw(st.lists(st.none() | st.lists(of_value, max_size=3) if is_list else of_value, max_size=5))
    values = pa.array(given_values, dynamic_type(name))
    texts = as_text(values)
    assert texts.type == pa.string()
    assert texts.null_count == values.null_count
    assert repr(from_text(texts, values.type).to_pylist()) == repr(values.to_pylist())


@given(st.binary(max_size=300))
def test_a_value_of_any_kind_is_never_an_empty_text(value: bytes) -> None:
    assert any_text(value)
    assert any_value(any_text(value)) == value


@given(st.text(max_size=12) | st.binary(max_size=9).map(lambda data: base64.b64encode(data).decode()))
def test_other_texts_are_refused(text: str) -> None:
    try:
        value = any_value(text)
    except ValueError:
        return
    assert any_text(value) == text


WRONG = [("span:int.x", "1.5"), ("span:bool.x", "maybe"), ("span:any.x", "????"), ("event:int.x", '["a"]'), ("event.x", "{")]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_text_of_another_type(name: str, text: str) -> None:
    with pytest.raises(NoAttribute):
        from_text(pa.array([text]), dynamic_type(name))


def test_metadata_of_logs_is_text() -> None:
    assert dynamic_type("meta.trace_id") == pa.string()
