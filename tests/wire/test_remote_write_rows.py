"""Samples in the form that senders write, and in any other, are the same rows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lgtm.wire.bounds import BOUNDS, BodyBounds, MalformedBody, TooManyRows
from lgtm.wire.fields import NOWHERE, Places
from lgtm.wire.protobuf import Buffer
from lgtm.wire.remote_write_rows import sample_rows
from wire.test_remote_write import CUSTOM, HISTOGRAM, bits
from wire.write_messages import histogram

VALUE, TIME, START = b"\x09" + bits(2.5), b"\x10\x87\x01", b"\x18\x05"
USUAL = [time_and_value + start for time_and_value in (VALUE + TIME, TIME) for start in (b"", START)]


def places_of(messages: list[bytes]) -> tuple[Buffer, Places]:
    ends = np.cumsum([len(message) for message in messages])
    return Buffer(b"".join(messages)), Places(np.arange(len(messages)), ends - [len(message) for message in messages], ends)


def rows_of(messages: list[bytes]) -> list[tuple[int, float, int]]:
    rows = sample_rows(*places_of(messages), NOWHERE, BOUNDS)[0].to_pylist()
    return [(row["ts"], row["value"], row.get("start_ns") or 0) for row in rows]


@pytest.mark.parametrize("odd", [[], [b""], [START + TIME], [VALUE + TIME + b"\x20\x01"], [TIME + b"\x10\x80\x00"]])
def test_one_odd_sample_changes_nothing_for_the_others(odd: list[bytes]) -> None:
    for messages in itertools.permutations(USUAL, 3):
        expected = [(135 * 10**6, 2.5 * message.startswith(VALUE), 5 * 10**6 * message.endswith(START)) for message in messages]
        assert rows_of([*messages, *odd])[:3] == expected
        assert rows_of([*odd, *messages])[len(odd) :] == expected


@pytest.mark.parametrize("bad", [b"\x10", b"\x09\x00", VALUE + b"\x10\x80", VALUE + TIME + b"\x18", VALUE + TIME + b"\x07"])
def test_a_sample_that_reaches_into_the_next_is_refused(bad: bytes) -> None:
    for messages in ([bad], [bad, VALUE + TIME], [VALUE + TIME, bad]):
        with pytest.raises(MalformedBody):
            rows_of(messages)


def test_histograms_stand_among_samples_in_the_order_of_the_body() -> None:
    messages = [VALUE + TIME, histogram({**HISTOGRAM, "timestamp": 7}).SerializeToString(), TIME, histogram(CUSTOM).SerializeToString()]
    buffer, places = places_of(messages)
    floats, histograms = (Places(places.row[some], places.start[some], places.end[some]) for some in ([0, 2], [1, 3]))
    rows, _ = sample_rows(buffer, floats, histograms, BOUNDS)
    assert rows.column("series").to_pylist() == [0, 1, 2, 3]
    assert rows.column("ts").to_pylist() == [135 * 10**6, 7 * 10**6, 135 * 10**6, 0]
    assert rows.column("histogram").is_valid().to_pylist() == [False, True, False, True]
    with pytest.raises(TooManyRows):
        sample_rows(buffer, floats, histograms, BodyBounds(rows_max=3))


@pytest.mark.parametrize("late", [[0], [1], [0, 1]])
def test_histograms_whose_times_are_out_of_range_are_left_out(late: list[int]) -> None:
    times = [2**62 if at in late else at for at in range(2)]
    buffer, places = places_of([VALUE + TIME, *(histogram({**HISTOGRAM, "timestamp": ts}).SerializeToString() for ts in times)])
    floats, histograms = (Places(places.row[some], places.start[some], places.end[some]) for some in ([0], [1, 2]))
    rows, (dropped,) = sample_rows(buffer, floats, histograms, BOUNDS)
    rows.validate(full=True)
    assert rows.column("ts").to_pylist() == [135 * 10**6, *(ts * 10**6 for ts in times if ts < 2)]
    assert ("histogram" in rows.schema.names) == (len(late) < 2)
    assert (dropped.points, dropped.message) == (len(late), f"timestamp in series {late[0] + 1} is out of range: {2**62} milliseconds")


def test_the_tag_of_a_time_of_a_histogram_may_not_be_padded() -> None:
    buffer, places = places_of([b"\xf8\x80\x00\x05"])
    with pytest.raises(MalformedBody, match="tag of a time"):
        sample_rows(buffer, NOWHERE, places, BOUNDS)
