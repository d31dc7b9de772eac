"""Label names and values as Prometheus takes them."""

from __future__ import annotations

import pytest

from lgtm.spanmetrics.names import KIND_NAMES, LEAST, STATUS_NAMES, LabelNamesCollide, check_distinct, cut, label_name, plain_float, sanitize


@pytest.mark.parametrize(("name", "expected"), [("http.method", "http_method"), ("a-b c", "a_b_c"), ("é", "_"), ("9x", "9x"), ("A_z", "A_z")])
def test_whatever_is_no_letter_digit_or_underscore_is_an_underscore(name: str, expected: str) -> None:
    assert sanitize(name) == expected


def test_a_reserved_name_gets_a_prefix() -> None:
    assert [label_name("span.kind"), label_name("kind"), label_name("x", frozenset("x"))] == ["__span_kind", "kind", "__x"]


def test_kinds_and_statuses_are_named_as_in_otlp() -> None:
    assert [KIND_NAMES[kind - LEAST] for kind in (0, 5, 6, -1)] == ["SPAN_KIND_UNSPECIFIED", "SPAN_KIND_CONSUMER", "6", "-1"]
    assert [STATUS_NAMES[status - LEAST] for status in (0, 1, 2, 3)] == ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR", "3"]


def test_names_that_are_there_twice_are_refused() -> None:
    check_distinct(["a", "b"])
    with pytest.raises(LabelNamesCollide, match="two dimensions have the label name a"):
        check_distinct(["a", "b", "a"])


@pytest.mark.parametrize(("text", "most", "expected"), [("abc", 3, "abc"), ("abcd", 3, "abc"), ("éé", 3, "é"), ("", 0, "")])
def test_a_text_is_cut_between_characters(text: str, most: int, expected: str) -> None:
    assert cut(text, most) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.002, "0.002"), (1.0, "1"), (1e21, "1" + "0" * 21), (1e-7, "0.0000001"), (float("inf"), "+Inf"), (float("nan"), "NaN"), (-2.5, "-2.5")],
)
def test_numbers_have_no_exponent(value: float, expected: str) -> None:
    assert plain_float(value) == expected
