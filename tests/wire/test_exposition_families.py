"""Rows belong to the family that was typed last."""

from __future__ import annotations

from lgtm.wire.decoded_samples import Metadata
from lgtm.wire.exposition_families import Families


def test_rows_belong_to_the_family_that_was_typed_last() -> None:
    families = Families()
    a, b, c = families.of("a"), families.of("b"), families.of("c")
    a.type, b.type, c.type = "counter", "gauge", "summary"
    families.begin(a, 1)
    families.begin(b, 3)
    families.begin(c, 3)
    assert [families.type_at(row) for row in range(5)] == ["unknown", "counter", "counter", "summary", "summary"]
    assert families.at(0) is None
    assert families.runs(5) == [(a, 1, 3), (c, 3, 5)]


def test_metadata_has_every_family_once_in_the_order_of_the_page() -> None:
    families = Families()
    families.of("b").help = "B"
    families.of("a").unit = "seconds"
    families.of("b").type = "gauge"
    assert families.metadata() == (Metadata("b", "gauge", "B", ""), Metadata("a", "unknown", "", "seconds"))
