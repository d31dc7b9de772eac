"""Names of metadata become Prometheus names as Loki makes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.metadata_names import NAME_BYTES_MAX, InvalidMetadataName, sanitize


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("trace_id", "trace_id"),
        ("a.b", "a_b"),
        ("a-b", "a_b"),
        ("a b", "a_b"),
        ("a/b/c", "a_b_c"),
        ("a__b", "a_b"),
        ("a_", "a_"),
        ("_a", "_a"),
        ("9a", "key_9a"),
        ("9.", "key_9_"),
        ("ünï", "_n_"),
        ("__y__", "__y__"),
        ("__a.b__", "__a_b__"),
        ("__a", "_a"),
        ("A", "A"),
        ("٣a", "_a"),
    ],
)
def test_names_are_sanitised(name: str, clean: str) -> None:
    assert sanitize(name) == clean


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "label name is empty"),
        ("_", 'normalization for label name "_" resulted in invalid name "_"'),
        ("___", 'normalization for label name "___" resulted in invalid name "_"'),
        ("...", 'normalization for label name "..." resulted in invalid name "_"'),
        ("é", 'normalization for label name "é" resulted in invalid name "_"'),
        ("____", 'normalization for label name "____" resulted in invalid name "____"'),
        ("x" * (NAME_BYTES_MAX + 1), f'label name of 4097 characters is longer than 4096: "{"x" * 64}"...'),
    ],
)
def test_names_of_which_nothing_is_left_are_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidMetadataName) as caught:
        sanitize(name)
    assert str(caught.value) == text


@given(st.text(max_size=30))
def test_a_sanitised_name_is_ascii_and_stays_as_it_is(name: str) -> None:
    try:
        clean = sanitize(name)
    except InvalidMetadataName:
        return
    assert clean.isascii()
    assert clean.replace("_", "a").isalnum()
    assert sanitize(clean) == clean
