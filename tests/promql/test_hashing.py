from __future__ import annotations

import numpy as np

from lgtm.promql.hashing import hash_fractions
from lgtm.vectors.label_table import LabelTable


def test_fractions_are_spread_evenly_and_depend_on_the_labels_alone() -> None:
    labels = [(("a", str(place % 50)), ("b", str(place // 50))) for place in range(2_000)]
    places = hash_fractions(LabelTable.of(labels))
    assert ((places >= 0) & (places < 1)).all()
    assert len(np.unique(places)) == len(labels)
    counts, _ = np.histogram(places, bins=10, range=(0, 1))
    assert counts.min() > 140
    assert hash_fractions(LabelTable.of(labels[7:8])) == places[7:8]


def test_the_same_values_under_other_names_are_other_labels() -> None:
    places = hash_fractions(LabelTable.of([(("a", "1"), ("b", "2")), (("a", "2"), ("b", "1")), (("a", "12"),), ()]))
    assert len(np.unique(places)) == 4
