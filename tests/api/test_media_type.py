"""Content types are told apart as Go's mime package does."""

from __future__ import annotations

import pytest

from lgtm.api.media_type import media_type
from lgtm.wire.bounds import MalformedBody


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("application/json;charset=UTF-8;x=y", "application/json"),
        ('application/json; charset="a;b\\"c"', "application/json"),
        ("application/x-protobuf ; proto=x ; ", "application/x-protobuf"),
        ("text", "text"),
    ],
)
def test_parameters_are_left_out(header: str, kind: str) -> None:
    assert media_type(header) == kind


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "mime: no media type"),
        ("", "mime: no media type"),
        ("; charset=utf-8", "mime: no media type"),
        ("application/json; charset", "mime: invalid media parameter"),
        ("application/json; a=1; a=2", "mime: duplicate parameter name"),
        ("application/", "mime: expected token after slash"),
        ("two words", "mime: expected slash after first token"),
        ("application/json x", "mime: unexpected content after media subtype"),
    ],
)
def test_anything_else_is_refused_in_gos_words(header: str | None, text: str) -> None:
    with pytest.raises(MalformedBody) as caught:
        media_type(header)
    assert str(caught.value) == text


def test_endless_headers_take_linear_time() -> None:
    with pytest.raises(MalformedBody):
        media_type("application/json" + ';a="' + "\\" * 100_000)
