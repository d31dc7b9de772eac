"""Labels whose values have types, as texts and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.columns import Scalar
from lgtm.traceql.series_labels import decode, decode_labels, encode, encode_labels, name_of, named, order

SCALARS: st.SearchStrategy[Scalar] = st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False))


@given(SCALARS)
def test_a_value_is_read_back_with_its_type(value: Scalar) -> None:
    found = decode(encode(value))
    assert (type(found), found) == (type(value), value)


def test_equal_looking_values_of_different_types_stay_apart() -> None:
    assert len({encode(value) for value in (1, 1.0, "1", True)}) == 4


@given(st.lists(st.tuples(st.text(), SCALARS)).map(tuple))
def test_labels_are_read_back(labels: tuple[tuple[str, Scalar], ...]) -> None:
    assert decode_labels(encode_labels(labels)) == labels


def test_the_name_of_a_function_is_told_when_it_is_all_there_is() -> None:
    assert name_of(named("rate")) == "rate"
    assert name_of((*named("rate"), ("a", encode(1)))) is None
    assert name_of((("a", encode("rate")),)) is None
    assert name_of(()) is None


def test_fewer_labels_sort_first() -> None:
    a, b, ab = (("a", "i1"),), (("b", "i1"),), (("a", "i1"), ("b", "i1"))
    assert sorted([ab, b, (), a], key=order) == [(), a, b, ab]
