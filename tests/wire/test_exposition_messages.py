"""Messages have the bytes that their descriptions say."""

from __future__ import annotations

from lgtm.wire.exposition_messages import LabelPair, MetricFamily, Span, StoredHistogram


def test_counts_of_a_stored_histogram_are_written_even_where_they_are_zero() -> None:
    assert StoredHistogram().SerializeToString() == b""
    assert StoredHistogram(count_int=0, zero_count_float=0).SerializeToString() == b"\x08\x00" + b"\x39" + bytes(8)


def test_spans_and_labels_have_the_numbers_of_prometheus() -> None:
    assert Span(offset=-1, length=2).SerializeToString() == b"\x08\x01\x10\x02"
    assert LabelPair(name=b"a", value=b"b").SerializeToString() == b"\x0a\x01a\x12\x01b"


def test_a_family_holds_metrics_with_labels_as_they_came() -> None:
    family = MetricFamily.FromString(b"\x0a\x01m\x18\x01\x22\x11" + b"\x0a\x04\x0a\x02ab" + b"\x12\x09\x09" + bytes(6) + b"\xf0\x3f")
    assert (family.name, family.type, list(family.metric[0].label), family.metric[0].gauge.value) == (b"m", 1, [b"\x0a\x02ab"], 1.0)
