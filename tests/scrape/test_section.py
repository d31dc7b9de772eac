"""Values are read with their type, and what is wrong is named with its path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lgtm.clock import NS_PER_S
from lgtm.scrape.section import InvalidScrapeConfig, Section


def test_absent_keys_have_their_default() -> None:
    section = Section({"a": None}, "")
    assert (section.text("a", "x"), section.count("b", 3), section.switch("c", True), section.texts("d"), section.pairs("e")) == (
        "x",
        3,
        True,
        (),
        (),
    )
    assert (section.duration_ns("f", 5), section.size("g", 7), list(section.sections("h"))) == (5, 7, [])
    section.end()


def test_values_are_read_with_their_type() -> None:
    section = Section({"a": "5", "b": "1m30s", "c": "2KiB", "d": ["x", "1"], "e": {"n": "v"}, "f": [{"x": "y"}], "g": "pw"}, "")
    assert section.given("a")
    assert section.has("a")
    assert (section.text("a"), section.duration_ns("b", 0), section.size("c"), section.texts("d")) == ("5", 90 * NS_PER_S, 2048, ("x", "1"))
    assert section.pairs("e") == (("n", "v"),)
    assert [one.text("x") for one in section.sections("f")] == ["y"]
    assert section.secret("g").reveal() == "pw"
    assert section.given("a")
    assert not section.has("a")
    section.end()


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("5", 5), ("5B", 5), ("1KB", 1024), ("3mib", 3 * 1024**2), ("1G", 1024**3)])
def test_sizes_have_units(text: str, size: int) -> None:
    assert Section({"a": text}, "").size("a") == size


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("10", 10), ("1_000", 1000), ("010", 8), ("0x10", 16), ("0o10", 8), ("1e3", 1000), ("080", 80), ("2.0", 2)]
)
def test_counts_are_written_as_go_reads_them(text: str, number: int) -> None:
    assert Section({"a": text}, "").count("a") == number


@pytest.mark.parametrize(
    ("texts", "value"),
    [("y Y yes Yes YES true True TRUE on On ON", True), ("n N no No NO false False FALSE off Off OFF", False)],
)
def test_switches_have_the_words_of_yaml_1_1(texts: str, value: bool) -> None:
    assert {Section({"a": text}, "").switch("a", not value) for text in texts.split()} == {value}


def test_a_number_may_have_a_fraction() -> None:
    assert (Section({"a": "1.1"}, "").number("a"), Section({}, "").number("a", 2.5)) == (1.1, 2.5)


@pytest.mark.parametrize(
    ("value", "read", "message"),
    [
        ({"a": [1]}, lambda s: s.text("a"), 'x.a: "[1]" is not a text'),
        ({"a": 5}, lambda s: s.text("a"), 'x.a: "5" is not a text'),
        ({"a": True}, lambda s: s.text("a"), 'x.a: "True" is not a text'),
        ({"a": "maybe"}, lambda s: s.switch("a", True), 'x.a: "maybe" is not true or false'),
        ({"a": "tRuE"}, lambda s: s.switch("a", True), 'x.a: "tRuE" is not true or false'),
        ({"a": "-1"}, lambda s: s.count("a"), 'x.a: "-1" is not a whole number from 0 up'),
        ({"a": "true"}, lambda s: s.count("a"), 'x.a: "true" is not a whole number from 0 up'),
        ({"a": "1.5"}, lambda s: s.count("a"), 'x.a: "1.5" is not a whole number from 0 up'),
        ({"a": "1e999"}, lambda s: s.count("a"), 'x.a: "1e999" is not a whole number from 0 up'),
        ({"a": "nan"}, lambda s: s.number("a"), 'x.a: "nan" is not a number'),
        ({"a": "9223372036854775808"}, lambda s: s.count("a"), 'x.a: "9223372036854775808" is not a whole number from 0 up'),
        ({"a": "5x"}, lambda s: s.duration_ns("a", 0), 'x.a: unknown unit "x" in duration "5x"'),
        ({"a": "big"}, lambda s: s.size("a"), 'x.a: "big" is not a size such as 512KB, 10MB or 1GiB'),
        ({"a": "z"}, lambda s: s.choice("a", "b", ("b", "c")), 'x.a: "z" is none of b, c'),
        ({"a": "t"}, lambda s: s.texts("a"), 'x.a: "t" is not a list of texts'),
        ({"a": 1}, lambda s: s.section("a"), "x.a: is no mapping of names to values"),
        ({"a": {None: "2"}}, lambda s: s.section("a"), "x.a: is no mapping of names to values"),
        ({"a": 1}, lambda s: list(s.sections("a")), "x.a: is no list"),
        ({"a": [{}, 1]}, lambda s: list(s.sections("a")), "x.a[1]: is no mapping of names to values"),
        ({"wrod": 1}, lambda s: (s.text("word"), s.end()), "x.wrod: is no setting; did you mean word?"),
        ({"b": 1}, lambda s: s.end(), "x.b: is no setting"),
        ({"b": []}, lambda s: s.left_out({"b": "for a reason"}, harmless={"b": ("0",)}), "x.b: is not supported: for a reason"),
        ({"b": "1"}, lambda s: s.left_out({"b": "for a reason"}, harmless={"b": ("0",)}), "x.b: is not supported: for a reason"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(value: dict[str, Any], read: Callable[[Section], object], message: str) -> None:
    with pytest.raises(InvalidScrapeConfig) as raised:
        read(Section(value, "x"))
    assert str(raised.value) == message


def test_what_is_left_out_may_stand_there_where_it_changes_nothing() -> None:
    section = Section({"b": "0"}, "")
    section.left_out({"b": "for a reason"}, harmless={"b": ("0",)})
    section.end()
