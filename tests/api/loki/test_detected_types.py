"""The type of a value is the first that it can be."""

from __future__ import annotations

import pytest

from lgtm.api.loki.detected_types import are_ids, value_type


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1", "int"), ("-12", "int"), ("9223372036854775807", "int"), ("9223372036854775808", "float"), ("1.5", "float"), ("1e3", "float"),
        ("NaN", "float"), ("true", "boolean"), ("F", "boolean"), ("True", "boolean"), ("yes", "string"), ("1.5s", "duration"), ("100ms", "duration"),
        ("5d", "string"), ("10KB", "bytes"), ("1.5 MiB", "bytes"), ("", "string"), ("64%", "string"), ("GET", "string"),
    ],
)  # fmt: skip
def test_the_type_is_the_first_that_fits(value: str, kind: str) -> None:
    assert value_type(value) == kind


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        (["12345"], True), (["1", "7"], True), (["0", "1"], False), (["1"], False), (["1.5", "2"], True), (["a", "1"], False),
        (["6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"], True), (["6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9", "x"], False), (["prod"], False),
    ],
)  # fmt: skip
def test_numbers_and_uuids_are_ids(values: list[str], ids: bool) -> None:
    assert are_ids(values) is ids
