"""Symbols: keys of labels, and the names of series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import BOUNDS, BodyBounds, MalformedBody, MetadataTooLarge
from lgtm.wire.field_runs import scan_long
from lgtm.wire.protobuf import LENGTH_DELIMITED, Buffer, tag
from lgtm.wire.symbols import JoinedLabels, Symbols
from wire.messages import field_bytes
from wire.sent import pairs_of


def symbols_of(*texts: bytes) -> Symbols:
    buffer = Buffer(b"".join(field_bytes(4, text) for text in texts))
    return Symbols(buffer, scan_long(buffer, 0, buffer.size, most=1000).places(tag(4, LENGTH_DELIMITED)))


def lists(*series: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum([0, *map(len, series)]), np.array([ref for refs in series for ref in refs], np.uint64)


def test_keys_are_the_texts_each_with_an_end() -> None:
    symbols, refs = symbols_of(b"", b"a", b"bc"), lists([1, 2], [], [2, 0])
    keys = symbols.join(*refs, BOUNDS)
    assert keys.to_pylist() == [b"a\xffbc\xff", b"", b"bc\xff\xff"]
    assert [JoinedLabels(keys, *refs, symbols)(index) for index in range(3)] == [(("a", "bc"),), (), (("bc", ""),)]


@pytest.mark.parametrize("odd", [b"\xff", b"a\xffb", b"\xff\xff", b"\xfe", b"\xfd"])
def test_a_symbol_that_is_no_text_harms_only_what_uses_it(odd: bytes) -> None:
    symbols, refs = symbols_of(b"", b"a", odd, b"b"), lists([1, 3], [1, 2], [2, 1], [3, 0])
    labels = JoinedLabels(symbols.join(*refs, BOUNDS), *refs, symbols)
    assert [labels(index) for index in (0, 3)] == [(("a", "b"),), (("b", ""),)]
    for index in (1, 2):
        with pytest.raises(MalformedBody, match=f"labels of series {index} is not valid UTF-8 at byte"):
            labels(index)
    assert symbols.texts_or_none(np.arange(4)) == ["", "a", None, "b"]


def test_a_request_without_symbols_has_no_labels() -> None:
    symbols = symbols_of()
    assert len(symbols) == 0
    assert symbols.join(*lists([], []), BOUNDS).to_pylist() == [b"", b""]
    with pytest.raises(MalformedBody, match="outside of symbols table"):
        JoinedLabels(symbols.join(*lists([0, 0]), BOUNDS), *lists([0, 0]), symbols)(0)


def test_keys_that_repeat_long_texts_are_bounded() -> None:
    symbols = symbols_of(b"x" * 99, b"")
    assert len(symbols.join(*lists([0] * 10), BodyBounds(metadata_bytes_max=1000))[0].as_py()) == 1000
    with pytest.raises(MetadataTooLarge):
        symbols.join(*lists([0] * 10, [1]), BodyBounds(metadata_bytes_max=1000))


@pytest.mark.parametrize(
    ("refs", "name"),
    [
        ([1, 2], 2),
        ([3, 3, 1, 2, 3, 3], 2),
        ([3, 1, 2, 3], -1),
        ([1], -1),
        ([1, 9], -1),
        ([9, 9, 1, 2], 2),
        ([3, 3] * 16 + [1, 2], -1),
        ([], -1),
        ([1, 1, 1, 2], 1),
    ],
)
def test_the_name_is_the_value_of_its_label(refs: list[int], name: int) -> None:
    symbols = symbols_of(b"", b"__name__", b"up", b"x")
    assert symbols.names(*lists([1, 2], refs, [3, 3], [1, 3])).tolist() == [2, name, -1, 3]


def test_texts_are_decoded_when_they_are_asked_for() -> None:
    symbols = symbols_of(b"", b"caf\xc3\xa9", b"caf\xe9")
    assert symbols.texts(np.array([1, 0, 1])) == ["caf\u00e9", "", "caf\u00e9"]
    with pytest.raises(MalformedBody, match="a symbol is not valid UTF-8"):
        symbols.texts(np.array([0, 2]))


@given(st.lists(st.lists(st.integers(0, 5), max_size=8), min_size=1, max_size=8), st.data())
def test_labels_of_many_series_are_those_of_each(series: list[list[int]], data: st.DataObject) -> None:
    """Symbol 4 is no text, and there is none with the number 5: then each is asked by itself."""
    symbols = symbols_of(b"", b"a", b"bc", "é".encode(), b"\xe9")
    refs = lists(*series)
    labels = JoinedLabels(symbols.join(*refs, BOUNDS), *refs, symbols)
    some = sorted(data.draw(st.sets(st.sampled_from(range(len(series))), min_size=1)))
    found = labels.together(np.array(some))
    if any(len(series[index]) % 2 or max(series[index], default=0) > 3 for index in some):
        assert found is None
    else:
        assert found is not None
        assert pairs_of(found) == [labels(index) for index in some]
