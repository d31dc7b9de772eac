from __future__ import annotations

from lgtm.clock import NS_PER_S
from lgtm.distributor.metric_metadata import AGAIN_NS, SEEN_MAX, TEXT_CHARACTERS_MAX, MetadataSeen, metadata_at
from lgtm.wire.decoded_samples import Metadata

UP = Metadata("up", "gauge", "Whether it is up.", "")
DOWN = Metadata("down", "counter", "x" * 5_000, "s")


def test_what_was_said_is_stored_again_after_an_hour() -> None:
    seen = MetadataSeen()
    for said, now_ns, fresh in (
        ([UP, UP, Metadata("", "gauge", "", "")], 0, (UP,)),
        ([UP, DOWN], NS_PER_S, (DOWN,)),
        ([UP], AGAIN_NS - 1, ()),
        ([UP], AGAIN_NS, (UP,)),
    ):
        assert seen.fresh(said, now_ns) == fresh
        seen.stored(fresh, now_ns)


def test_what_could_not_be_stored_is_heard_when_it_is_said_again() -> None:
    seen = MetadataSeen()
    assert seen.fresh([UP], 0) == seen.fresh([UP], 1) == (UP,)


def test_no_more_is_remembered_than_so_much() -> None:
    seen, many = MetadataSeen(), tuple(Metadata(f"m{number}", "gauge", "", "s") for number in range(SEEN_MAX))
    seen.stored(many, 0)
    assert seen.fresh(many[:2], 1) == ()
    seen.stored((UP,), 1)
    assert seen.fresh([many[0], UP], 2) == (many[0],)


def test_each_saying_is_a_series_with_one_row() -> None:
    assert metadata_at((), 7) is None
    accepted = metadata_at((UP, DOWN), 7)
    assert accepted is not None
    assert accepted.rows.to_pydict() == {"series": [0, 1], "ts": [7, 7]}
    assert dict(accepted.series[0].labels or ()) == {"family": "up", "type": "gauge", "help": "Whether it is up."}
    assert len(dict(accepted.series[1].labels or ())["help"]) == TEXT_CHARACTERS_MAX
