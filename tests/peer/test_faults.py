"""Errors arrive as the kind that they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, Corruption, LgtmError, LimitExceeded, NotFound, Unavailable
from lgtm.model.part import UnknownSeries
from lgtm.peer.faults import PeerUnknown, decode_fault, encode_fault


@pytest.mark.parametrize("kind", [BadRequest, LimitExceeded, NotFound, Corruption, Unavailable])
def test_a_kind_arrives_with_its_text(kind: type[LgtmError]) -> None:
    again = decode_fault(encode_fault(kind("what happened")), "b:1")
    assert isinstance(again, kind)
    assert str(again) == "what happened"
    assert not isinstance(again, PeerUnknown)


def test_unknown_series_arrive_whole() -> None:
    again = decode_fault(encode_fault(UnknownSeries((b"a" * 16, b"b" * 16), 9)), "b:1")
    assert isinstance(again, UnknownSeries)
    assert (again.fingerprints, again.generation) == ((b"a" * 16, b"b" * 16), 9)


def test_an_unknown_outcome_stays_unknown() -> None:
    assert isinstance(decode_fault(encode_fault(PeerUnknown("c:1", "silent")), "b:1"), PeerUnknown)


@given(st.binary(max_size=50))
def test_bytes_that_are_no_error_leave_the_outcome_unknown(data: bytes) -> None:
    assert isinstance(decode_fault(data, "b:1"), PeerUnknown)
