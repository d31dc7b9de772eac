from hypothesis import given
from hypothesis import strategies as st

from lgtm.wal.frame import frame_bytes
from lgtm.wal.placement import Placement
from lgtm.wal.segment import SEGMENT_HEADER_BYTES

END = 4096


def placement(offset: int = SEGMENT_HEADER_BYTES) -> Placement:
    return Placement(1, offset, frames_end=END, age_ns_max=100, now_ns=0)


@given(st.lists(st.integers(0, 1024) | st.just("cut"), max_size=60))
def test_no_segment_overflows_and_every_cut_separates(actions: list[int | str]) -> None:
    place = placement()
    used: dict[int, int] = {}
    boundary = 0
    for action in actions:
        if isinstance(action, int):
            segment = place.place(action, 0)
            assert segment >= boundary
            used[segment] = used.get(segment, SEGMENT_HEADER_BYTES) + frame_bytes(action)
        else:
            boundary = place.cut()
            assert all(segment < boundary for segment in used)
    assert all(end <= END for end in used.values())
    assert sorted(used) == list(range(1, len(used) + 1)), "no number is skipped"


def test_a_segment_ends_at_its_age_counted_from_its_first_frame() -> None:
    place = placement()
    assert not place.is_old(1_000), "an empty one has no age"
    assert [place.place(10, now_ns) for now_ns in (1_000, 1_099, 1_100, 1_199, 1_200)] == [1, 1, 2, 2, 3]


def test_the_first_segment_is_not_empty_because_its_recovery_record_is_there() -> None:
    assert placement(160).cut() == 2
    assert placement().cut() == 1
