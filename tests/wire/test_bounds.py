"""Bounds are positive, and their errors are for who must act: a malformed body is a bad request, a large one a limit."""

from __future__ import annotations

import dataclasses

import pytest

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire import bounds
from lgtm.wire.bounds import BOUNDS, BodyBounds


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(BodyBounds)])
@pytest.mark.parametrize("value", [0, -1])
def test_a_bound_is_positive(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive"):
        BodyBounds(**{name: value})


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (bounds.CompressedTooLarge(5, 4), "request body too large: message size too large than max (5 vs 4)"),
        (bounds.DecompressedTooLarge(5, 4), "request body too large: decompressed message size too large than max (5 vs 4)"),
        (bounds.TooManyRows(4), "request body too large: more than 4 entries; send them in several requests"),
        (bounds.TooManyStreams(4), "request body too large: more than 4 streams or resources; send them in several requests"),
        (bounds.MetadataTooLarge(4), "request body too large: its metadata, repeated for each entry, needs more than 4 bytes"),
    ],
)
def test_large_bodies_are_limits_that_waiting_does_not_help_against(error: LimitExceeded, text: str) -> None:
    assert str(error) == text
    assert error.retry_after_s is None


def test_malformed_bodies_are_bad_requests() -> None:
    assert issubclass(bounds.MalformedBody, BadRequest)
    assert str(bounds.TruncatedBody()) == "unexpected EOF"
    assert isinstance(bounds.NoStreams(), BadRequest)
    assert BodyBounds() == BOUNDS
