"""A series that was seen before is found again, and what is remembered is bounded."""

from __future__ import annotations

import pytest

from lgtm.wire.bounds import BodyBounds, MetadataTooLarge
from lgtm.wire.decoded_samples import Dropped, Loss
from lgtm.wire.otlp_metric_names import InvalidName
from lgtm.wire.otlp_metric_series import Keys, Losses, Recent, RequestSeries


def unasked() -> Keys:
    raise AssertionError("the series is known")


def invalid() -> Keys:
    raise InvalidName("label", "__")


def test_keys_are_made_once_and_known_to_later_requests() -> None:
    recent = Recent(1 << 20)
    one, other = (RequestSeries(BodyBounds(), Losses(), recent) for _ in range(2))
    assert one.places((1, 1, b"a"), lambda: (b"x", b"y")) == (0, 1)
    assert one.places((1, 1, b"a"), unasked) == (0, 1)
    assert other.places((1, 1, b"a"), unasked) == (0, 1)


def test_equal_keys_have_one_place() -> None:
    series = RequestSeries(BodyBounds(), Losses(), Recent(1 << 20))
    assert series.places((1, 1, b"a"), lambda: (b"x",)) == series.places((2, 1, b"a"), lambda: (b"x",)) == (0,)
    assert series.keys().to_pylist() == [b"x"]


def test_points_with_invalid_names_are_counted_each_time() -> None:
    losses = Losses()
    series = RequestSeries(BodyBounds(), losses, Recent(1 << 20))
    assert [series.places((1, 1, b"a"), invalid) for _ in range(2)] == [(), ()]
    assert losses.all() == (Dropped(Loss.INVALID_NAME, 2, str(InvalidName("label", "__"))),)


def test_all_keys_of_a_request_have_a_bound() -> None:
    series = RequestSeries(BodyBounds(metadata_bytes_max=10), Losses(), Recent(1 << 20))
    series.place(b"123456")
    series.place(b"123456")
    with pytest.raises(MetadataTooLarge):
        series.place(b"abcdef")


def test_what_is_asked_for_stays_and_the_rest_is_forgotten() -> None:
    recent = Recent(64_000)
    recent.put((0, 0, b"kept"), (b"x",))
    for number in range(1, 1000):
        recent.put((number, 0, b""), (b"x",))
        assert recent.get((0, 0, b"kept")) == (b"x",)
    assert recent.get((1, 0, b"")) is None
    assert recent.get((999, 0, b"")) == (b"x",)


def test_what_is_very_long_is_not_remembered() -> None:
    recent = Recent(64_000)
    recent.put((0, 0, b"long"), (bytes(10_000),))
    assert recent.get((0, 0, b"long")) is None
