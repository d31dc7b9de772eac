"""Tags become labels."""

from __future__ import annotations

from lgtm.scrape.aws import tag_labels


def test_tags_become_labels_of_the_old_kind() -> None:
    tags = [{"Key": "a:b-c", "Value": "x"}, {"Key": "", "Value": "y"}]
    assert tag_labels("p_", tags) == {"p_a_b_c": "x"}
    assert tag_labels("p_", [{"key": "k", "value": "v"}], "key", "value") == {"p_k": "v"}
