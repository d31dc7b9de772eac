from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.printf import sprintf


@pytest.mark.parametrize(
    ("template", "args", "expected"),
    [
        ("plain", (), "plain"),
        ("100%%", (), "100%"),
        ("%s-%d", ("a", 1), "a-1"),
        ("%5s|%-5s|%05d|%+d|% d", ("a", "b", 42, 42, 42), "    a|b    |00042|+42| 42"),
        ("%-05d|", (42,), "42   |"),
        ("%8.3f|%.1f|%6.2f%%", (3.14159, 2.25, 99.5), "   3.142|2.2| 99.50%"),
        ("%e %E %g %G", (123456.789, 0.5, 1e-7, 1e-7), "1.234568e+05 5.000000E-01 1e-07 1E-07"),
        ("%x %X %#x %o %O %b %c %q %U", (255, 255, 255, 8, 8, 5, 65, 65, 65), "ff FF 0xff 10 0o10 101 A 'A' U+0041"),
        ("%q %+q %#q %x % X", ("é\n", "é", "raw", "hi", "hi"), '"é\\n" "\\u00e9" `raw` 6869 68 69'),
        ("%t %v", (True, False), "true false"),
        ("%T %T", (1, "a"), "int string"),
        ("%+v %#v %#v", (5, "a", 1.0), '5 "a" 1'),
        ("%*d|%-*d|%.*f", (5, 42, 4, 42, 2, 3.14159), "   42|42  |3.14"),
        ("%*d|", (-5, 42), "42   |"),
        ("%[2]s %[1]s %s", ("a", "b"), "b a b"),
        ("%[3]*.[2]*[1]f", (12.0, 2, 6), " 12.00"),
        ("%d", (), "%!d(MISSING)"),
        ("%d", ("x",), "%!d(string=x)"),
        ("a", (1, "x", None), "a%!(EXTRA int=1, string=x, <nil>)"),
        ("%", (), "%!(NOVERB)"),
        ("%z", (1,), "%!z(int=1)"),
        ("%[5]d", (1,), "%!d(BADINDEX)"),
        ("%[x]d", (1,), "%!d(BADINDEX)"),
        ("%[1", (1,), "%!(NOVERB)"),
        ("%[1]2d", (1,), "%!d(BADINDEX)"),
        ("%*d", ("x", 1), "%!(BADWIDTH)1"),
        ("%.*d", ("x", 1), "%!(BADPREC)1"),
        ("%9999999d", (1,), "%!(NOVERB)%!(EXTRA int=1)"),
        ("%v", (None,), "<nil>"),
        ("%.d|", (0,), "|"),
    ],
)
def test_formats_as_gos_sprintf(template: str, args: tuple[Any, ...], expected: str) -> None:
    assert sprintf(template, args) == expected


@given(
    st.text(alphabet="%[]*.+-# 0123456789svdqxXtTgefbcoOU", max_size=20),
    st.lists(st.one_of(st.integers(-5, 5), st.floats(), st.text(max_size=3), st.none())),
)
def test_any_format_makes_text(template: str, args: list[Any]) -> None:
    assert isinstance(sprintf(template, tuple(args)), str)


def test_the_text_is_bounded() -> None:
    with pytest.raises(CallError, match="text of more than"):
        sprintf("%999999d%999999d", (1, 1))
