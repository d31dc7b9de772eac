"""Labels are read from the bytes of their fields: of one series, or of many at once, with the same result."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.label_fields import LabelBytes
from wire.messages import field_bytes
from wire.sent import pairs_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
LABELS = st.lists(st.tuples(TEXTS, TEXTS), max_size=5)


def key(labels: list[tuple[str, str]]) -> bytes:
    return b"".join(field_bytes(1, field_bytes(1, name.encode()) + field_bytes(2, value.encode())) for name, value in labels)


@given(st.lists(LABELS, min_size=1, max_size=12), st.data())
def test_labels_are_those_that_were_sent(sent: list[list[tuple[str, str]]], data: st.DataObject) -> None:
    labels = LabelBytes(pa.array(map(key, sent), pa.binary()))
    assert [labels(index) for index in range(len(sent))] == [tuple(one) for one in sent]
    some = sorted(data.draw(st.sets(st.sampled_from(range(len(sent))), min_size=1)))
    together = labels.together(np.array(some))
    assert together is not None
    assert pairs_of(together) == [tuple(sent[index]) for index in some]


@pytest.mark.parametrize("label", [b"\xff", field_bytes(1, b"\xff"), field_bytes(2, b"caf\xe9"), b"\x0a\x05x"])
def test_what_is_no_label_is_found_by_itself(label: bytes) -> None:
    labels = LabelBytes(pa.array([key([("a", "b")]), field_bytes(1, label)], pa.binary()))
    assert labels.together(np.array([0, 1])) is None
    assert labels(0) == (("a", "b"),)
    with pytest.raises(MalformedBody):
        labels(1)


@given(st.lists(st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.binary(max_size=4)), max_size=4), min_size=1, max_size=4), st.binary(max_size=3))
def test_odd_labels_are_read_alike_or_not_at_all(sent: list[list[tuple[int, bytes]]], noise: bytes) -> None:
    """Fields in any order, twice or missing, unknown ones among them, and bytes that are no field."""
    label = [b"".join(field_bytes(number, text) for number, text in one) for one in sent]
    labels = LabelBytes(pa.array([b"".join(field_bytes(1, one) for one in label), field_bytes(1, noise)], pa.binary()))
    together = labels.together(np.array([0, 1]))
    if together is not None:
        assert pairs_of(together) == [labels(0), labels(1)]
