from __future__ import annotations

from lgtm.clock import NS_PER_S
from lgtm.distributor.merge import Accepted
from lgtm.distributor.metric_metadata import AGAIN_NS, TEXT_CHARACTERS_MAX, MetadataSeen
from lgtm.wire.decoded_samples import Metadata

UP = Metadata("up", "gauge", "Whether it is up.", "")
DOWN = Metadata("down", "counter", "x" * 5_000, "s")


def families(accepted: Accepted | None) -> list[str]:
    return [] if accepted is None else [dict(one.labels or ())["family"] for one in accepted.series]


def test_what_was_said_is_stored_again_after_an_hour() -> None:
    seen = MetadataSeen()
    assert families(seen.fresh([UP, UP, Metadata("", "gauge", "", "")], 0)) == ["up"]
    assert families(seen.fresh([UP, DOWN], NS_PER_S)) == ["down"]
    assert families(seen.fresh([UP], AGAIN_NS - 1)) == []
    assert families(seen.fresh([UP], AGAIN_NS)) == ["up"]


def test_each_saying_is_a_series_with_one_row() -> None:
    accepted = MetadataSeen().fresh([UP, DOWN], 7)
    assert accepted is not None
    assert accepted.rows.to_pydict() == {"series": [0, 1], "ts": [7, 7]}
    assert dict(accepted.series[0].labels or ()) == {"family": "up", "type": "gauge", "help": "Whether it is up."}
    assert len(dict(accepted.series[1].labels or ())["help"]) == TEXT_CHARACTERS_MAX
