from __future__ import annotations

from typing import Any

import pytest

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.gotime import Duration, Month, Time, Weekday
from lgtm.logql.gotemplate.kinds import NIL, Int64, LabelMap, Uint8
from lgtm.logql.gotemplate.limits import VALUE_DEPTH_MAX, VALUE_LENGTH_MAX
from lgtm.logql.gotemplate.printing import Flags, Output, sprint, sprintln, text, write


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("a\n", "a\n"),
        (True, "true"),
        (-7, "-7"),
        (Int64(7), "7"),
        (Uint8(65), "65"),
        (8080.0, "8080"),
        (1e6, "1e+06"),
        (1 - 2j, "(1-2i)"),
        (None, "<no value>"),
        ([], "[]"),
        ([1.0, None, "a", {"b": []}], "[1 <nil> a map[b:[]]]"),
        ({"b": 1.0, "a": "x"}, "map[a:x b:1]"),
        (LabelMap({"b": "1", "a": ""}), "map[a: b:1]"),
        (Time(1_795_172_389_529_029_670), "2026-11-20 10:59:49.52902967 +0000 UTC"),
        (Duration(90_000_000_000), "1m30s"),
        (Month(11), "November"),
        (Weekday(5), "Friday"),
    ],
)
def test_a_value_prints_as_in_an_action(value: Any, printed: str) -> None:
    assert text(value) == printed


@pytest.mark.parametrize(
    ("values", "printed"),
    [((), ""), (("a", "b"), "ab"), ((1, 2), "1 2"), ((1, "a", 2), "1a2"), ((None, NIL, True), "<nil> <nil> true"), (("a", 1, 2, "b"), "a1 2b")],
)
def test_print_puts_blanks_between_values_that_are_no_strings(values: tuple[Any, ...], printed: str) -> None:
    assert sprint(values) == printed


def test_println_puts_blanks_between_all() -> None:
    assert sprintln(("a", 1, "b")) == "a 1 b\n"


@pytest.mark.parametrize(
    ("value", "verb", "flags", "printed"),
    [
        ("é", "s", Flags(width=3), "  é"),
        ("ab", "s", Flags(width=4, zero=True), "00ab"),
        ("ab", "d", Flags(), "%!d(string=ab)"),
        ("ab`", "q", Flags(sharp=True), '"ab`"'),
        ("", "x", Flags(sharp=True), ""),
        ("hi", "x", Flags(space=True, sharp=True), "0x68 0x69"),
        ("hi", "x", Flags(precision=1), "68"),
        (5, "s", Flags(), "%!s(int=5)"),
        (-5, "d", Flags(width=5, zero=True), "-0005"),
        (5, "d", Flags(width=5, precision=3), "  005"),
        (0, "d", Flags(precision=0), ""),
        (8, "o", Flags(sharp=True), "010"),
        (-255, "x", Flags(sharp=True), "-0xff"),
        (-1, "c", Flags(), "\ufffd"),
        (0x1F680, "U", Flags(sharp=True), "U+1F680 '🚀'"),
        (1.0, "d", Flags(), "%!d(float64=1)"),
        (1.0, "g", Flags(sharp=True), "1.00000"),
        (1.5, "x", Flags(), "0x1.8p+00"),
        (float("inf"), "f", Flags(width=6, zero=True), "  +Inf"),
        (float("nan"), "f", Flags(plus=True), "+NaN"),
        (1.5, "f", Flags(width=8, precision=2, plus=True, zero=True), "+0001.50"),
        (True, "s", Flags(), "%!s(bool=true)"),
        ([1, "a"], "d", Flags(), "[1 %!d(string=a)]"),
        ({"a": 1.0}, "s", Flags(), "map[a:%!s(float64=1)]"),
        ([None], "v", Flags(sharp_v=True), "[]interface {}{interface {}(nil)}"),
        ({"a": "b"}, "v", Flags(sharp_v=True), 'map[string]interface {}{"a":"b"}'),
        (Duration(1_500), "s", Flags(), "1.5µs"),
        (Duration(1_500), "d", Flags(), "1500"),
        (Weekday(9), "v", Flags(), "%!Weekday(9)"),
        (Time(0), "q", Flags(), '"1970-01-01 00:00:00 +0000 UTC"'),
        (LabelMap({}), "T", Flags(), "map[string]string"),
        (None, "s", Flags(), "%!s(<nil>)"),
    ],
)
def test_verbs_and_flags(value: Any, verb: str, flags: Flags, printed: str) -> None:
    out = Output()
    write(out, value, verb, flags)
    assert out.text() == printed


def test_a_value_nested_too_deeply_does_not_print() -> None:
    value: list[Any] = []
    for _ in range(VALUE_DEPTH_MAX):
        value = [value]
    with pytest.raises(CallError, match="nested more than"):
        text(value)


def test_a_value_that_gets_too_long_does_not_print() -> None:
    with pytest.raises(CallError, match="text of more than"):
        sprint(("x" * VALUE_LENGTH_MAX, "y"))
