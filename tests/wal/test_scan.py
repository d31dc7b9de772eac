import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wal.errors import UnsupportedFormat
from lgtm.wal.frame import MAGIC, Kind, Secret, encode_header, padding
from lgtm.wal.scan import WINDOW_BYTES, BadRange, Frame, Window, scan

SECRET = Secret(b"8 bytes!")


def frame(lsn: int, payload: bytes, kind: int = Kind.DATA) -> bytes:
    return encode_header(SECRET, kind, lsn, lsn - 1, [payload]) + payload + padding(len(payload))  # type: ignore[arg-type]


def scanned(data: bytes, secret: Secret | None = SECRET) -> list[Frame | BadRange]:
    return list(scan(Window(lambda offset, size: data[offset : offset + size], len(data)), 0, secret, "here"))


def lsns(data: bytes) -> list[int]:
    return [item.lsn for item in scanned(data) if isinstance(item, Frame)]


@given(st.lists(st.binary(max_size=40) | st.binary(min_size=1, max_size=64).map(lambda b: b + bytes(-len(b) % 8)), max_size=12))
def test_frames_are_found_between_any_noise_and_the_rest_is_told(items: list[bytes]) -> None:
    data, expected = b"", []
    for lsn, item in enumerate(items, 1):
        if lsn % 3:
            data += frame(lsn, item)
            expected.append((lsn, item))
        else:
            data += item + bytes(-len(item) % 8)
    found = scanned(data)
    assert [(item.lsn, bytes(item.payload)) for item in found if isinstance(item, Frame)] == expected
    assert [item.offset for item in found] == [0, *(item.end for item in found)][: len(found)], "nothing is passed over in silence"


def test_zeros_and_noise_are_told_apart() -> None:
    assert scanned(bytes(100)) == [BadRange(0, 100, 0)]
    assert scanned(bytes(10) + b"x" + bytes(89)) == [BadRange(0, 100, 11)]
    assert scanned(bytes(16) + frame(1, b""))[0] == BadRange(0, 16, 0)
    assert scanned(b"x" * 9 + bytes(7) + frame(1, b""))[0] == BadRange(0, 16, 9)


def test_an_lsn_that_does_not_rise_is_stale() -> None:
    assert lsns(frame(5, b"") + frame(4, b"") + frame(5, b"") + frame(6, b"")) == [5, 6]


def test_without_a_secret_nothing_is_valid() -> None:
    assert scanned(frame(1, b""), secret=None) == [BadRange(0, 32, 32)]


@pytest.mark.parametrize("shift", range(-40, 48, 8))
def test_frames_and_noise_may_lie_across_windows(shift: int) -> None:
    rng = random.Random(shift)
    first = frame(1, bytes(WINDOW_BYTES - 64 + shift))
    noise = MAGIC * 2 + rng.randbytes(WINDOW_BYTES + 8) + bytes(WINDOW_BYTES)
    assert lsns(first + noise + frame(2, b"x" * 100) + frame(3, b"y")) == [1, 2, 3]


def test_payloads_start_on_eight_bytes_and_are_not_copied() -> None:
    found = [item for item in scanned(frame(1, b"a") + frame(2, b"b" * 9)) if isinstance(item, Frame)]
    assert found[0].payload.obj is found[1].payload.obj
    assert all(item.offset % 8 == 0 for item in found)


def test_a_valid_frame_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnsupportedFormat, match="here, offset 0: frame of kind 9"):
        lsns(frame(1, b"", kind=9))
