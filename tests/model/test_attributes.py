"""Names of attributes say scope, type and key, and can be read back whatever the key is."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.attributes import EVENT, LINK, RESOURCE, SPAN, TYPES, AttributeName

names = st.builds(AttributeName, st.sampled_from([RESOURCE, "scope", SPAN, EVENT, LINK]), st.sampled_from(sorted(TYPES)), st.text())


@given(names)
def test_a_name_is_read_back(name: AttributeName) -> None:
    assert AttributeName.parse(str(name)) == name


@given(names, names)
def test_different_attributes_have_different_names(one: AttributeName, other: AttributeName) -> None:
    assert (str(one) == str(other)) == (one == other)


def test_names_read_well() -> None:
    assert str(AttributeName(SPAN, "", "http.method")) == "span.http.method"
    assert str(AttributeName(SPAN, "int", "http.status_code")) == "span:int.http.status_code"


def test_what_is_no_attribute() -> None:
    assert AttributeName.parse("scope_name") is None
    assert AttributeName.parse("span:decimal.x") is None


def test_children_have_lists() -> None:
    assert AttributeName(SPAN, "int", "x").arrow_type == pa.int64()
    assert AttributeName(EVENT, "int", "x").arrow_type == pa.list_(pa.int64())
