"""The language of patterns: what its texts mean, and what stands for its captures in a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.stages.pattern_expression import Capture, parse_pattern


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<a>", (Capture("a"),)),
        ("x <a> y", ("x ", Capture("a"), " y")),
        ("<_>-<b_1>", (Capture("_"), "-", Capture("b_1"))),
        ("<1>", ("<1>",)),
        ("<a b>", ("<a b>",)),
        ("<<a>>", ("<", Capture("a"), ">")),
        ("literal", ("literal",)),
        ("<a><b>", (Capture("a"), Capture("b"))),
    ],
)
def test_captures_are_identifiers_in_angle_brackets_and_the_rest_is_text(text: str, parts: tuple[str | Capture, ...]) -> None:
    assert parse_pattern(text).parts == parts


@pytest.mark.parametrize(
    ("text", "for_parsers", "for_filters"),
    [
        ("<a>", None, "named captures are not allowed"),
        ("<_>", "at least one capture is required", None),
        ("text", "at least one capture is required", None),
        ("<a> <_> <b>", None, "named captures are not allowed"),
        ("<a> <a>", "duplicate capture name (a): invalid expression", "named captures are not allowed"),
        ("<a><_>", "found consecutive capture '<a><_>': invalid expression", "named captures are not allowed"),
        ("<_><_>x", "at least one capture is required", "found consecutive capture '<_><_>': invalid expression"),
    ],
)
def test_parsers_and_filters_take_different_patterns(text: str, for_parsers: str | None, for_filters: str | None) -> None:
    pattern = parse_pattern(text)
    for check, reason in ((pattern.check_parser, for_parsers), (pattern.check_filter, for_filters)):
        if reason is None:
            check()
        else:
            with pytest.raises(ValueError) as raised:
                check()
            assert str(raised.value) == reason


def test_the_empty_text_is_no_pattern() -> None:
    with pytest.raises(ValueError, match="unexpected \\$end, expecting IDENTIFIER or LITERAL"):
        parse_pattern("")


@pytest.mark.parametrize(
    ("text", "line", "captures"),
    [
        ("<a> <b>", "x y", {"a": "x", "b": "y"}),
        ("<a> <b>", "x y z", {"a": "x", "b": "y z"}),
        ("<a> <b>", "x", {"a": "x"}),
        ("<a> - <b> - <c>", "x - y", {"a": "x", "b": "y"}),
        ("<a>, <b>", "", {}),
        ("[<a>]", "[x]", {"a": "x"}),
        ("[<a>]", " [x]", {}),
        ("[<a>]", "[x] tail", {"a": "x"}),
        ("[<a>]", "[x", {"a": "x"}),
        ("[<a>]", "[]", {"a": ""}),
        ("<_> <b>", "x y", {"b": "y"}),
        ("<a> <_> <c>", "x y z", {"a": "x", "c": "z"}),
        ('<ip> - <_> "<method> <_>', '1.2.3.4 - [t] "GET /x', {"ip": "1.2.3.4", "method": "GET"}),
        ("<a>→<b>", "ü→€", {"a": "ü", "b": "€"}),
    ],
)
def test_a_capture_runs_to_the_literal_behind_it_or_takes_the_rest(text: str, line: str, captures: dict[str, str]) -> None:
    assert parse_pattern(text).captures(line) == captures


@given(values=st.lists(st.text("abc", max_size=4), min_size=1, max_size=4))
def test_what_was_written_into_a_pattern_is_read_out_of_it(values: list[str]) -> None:
    pattern = parse_pattern(" ".join(f"<v{i}>" for i in range(len(values))))
    line = " ".join(values)
    assert pattern.captures(line) == ({f"v{i}": value for i, value in enumerate(values)} if line else {})


@given(pieces=st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_line_with_something_for_each_capture_fits(pieces: list[str]) -> None:
    pattern = parse_pattern("<_>".join(["", *(["-"] * (len(pieces) - 1)), ""]) if len(pieces) > 1 else "<_>")
    assert pattern.fits("-".join(pieces))
    assert not pattern.fits("-".join(["", *pieces[1:]]))
