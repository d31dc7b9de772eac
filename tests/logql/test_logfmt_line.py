"""One line of logfmt, as the go-logfmt decoder reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.line_labels import LineError, LineLabels
from lgtm.logql.logfmt_line import pairs, read_logfmt, read_logfmt_keys


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("  \t", []),
        ("a=1", [("a", "1")]),
        ("a=1 b=2\tc=3\nd=4", [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]),
        ("a", [("a", "")]),
        ("a=", [("a", "")]),
        ("a= b", [("a", ""), ("b", "")]),
        ('a="x y"', [("a", "x y")]),
        ('a=""b=1', [("a", ""), ("b", "1")]),
        (r'a="\"x\"\n\u00e9\/\'"', [("a", '"x"\né/\'')]),
        (r'a="\ud83d"', [("a", "\ufffd")]),
        ('a="x\ny"', [("a", "x\ny")]),
        ("a-b.c/d=1", [("a-b.c/d", "1")]),
        ("ü=€", [("ü", "€")]),
        ("a={'x':1}", [("a", "{'x':1}")]),
        # Pairs that are none are skipped, up to the next blank.
        ("=x a=1", [("a", "1")]),
        ("a=b=c d=1", [("d", "1")]),
        ('a"b=1 c=2', [("c", "2")]),
        ('a=x"y" b=1', [("b", "1")]),
        ('a="open b=1', []),
        (r'a="\q" b=1', [("b", "1")]),
        ("\ufffd=1 b=2", [("b", "2")]),
    ],
)
def test_pairs_of_a_line(line: str, expected: list[tuple[str, str]]) -> None:
    assert list(pairs(line, strict=False)) == expected


@pytest.mark.parametrize(
    ("line", "before", "reason"),
    [
        ("=x", [], "at pos 1 : unexpected '='"),
        ("a=1 é=b=c", [("a", "1")], "at pos 9 : unexpected '='"),
        ('a"', [], "at pos 2 : unexpected '\"'"),
        ('a="x', [], "at pos 5 : unterminated quoted value"),
        (r'a="\q"', [], "at pos 7 : invalid quoted value"),
        ("\ufffd=1", [], "at pos 4 : invalid key"),
    ],
)
def test_strict_tells_the_byte_where_a_line_breaks(line: str, before: list[tuple[str, str]], reason: str) -> None:
    found: list[tuple[str, str]] = []
    with pytest.raises(LineError) as raised:
        found.extend(pairs(line, strict=True))
    assert (found, raised.value.details) == (before, f"logfmt syntax error {reason}")


def labels_of(line: str, *, keep_empty: bool = False, strict: bool = False, keys: dict[str, str] | None = None) -> dict[str, str]:
    labels = LineLabels()
    if keys is None:
        read_logfmt(line, labels, strict=strict, keep_empty=keep_empty)
    else:
        read_logfmt_keys(line, labels, keys, strict=strict, keep_empty=keep_empty)
    return labels.found


def test_keys_are_names_and_empty_values_none() -> None:
    assert labels_of("a-b=1 a_b=2 1=x c") == {"a_b": "1", "_1": "x"}
    assert labels_of("a= b", keep_empty=True) == {"a": "", "b": ""}


def test_wanted_keys_are_labels_and_those_that_are_missing_empty() -> None:
    assert labels_of("a-b=1 c=2", keys={"a_b": "x", "d": "y"}) == {"x": "1", "y": ""}
    labels = LineLabels()
    with pytest.raises(LineError):
        read_logfmt_keys("a=1 =", labels, {"a": "x", "b": "y"}, strict=True, keep_empty=False)
    assert labels.found == {"x": "1", "y": ""}


def test_a_line_is_read_no_further_than_needed() -> None:
    labels = LineLabels(wanted=frozenset({"a"}))
    read_logfmt("a=1 =broken", labels, strict=True, keep_empty=False)
    assert labels.found == {"a": "1"}


plain = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x2FF, exclude_characters='"=\\'), min_size=1, max_size=5)


@given(st.lists(st.tuples(plain, st.text(st.characters(codec="utf-8", min_codepoint=0x20, exclude_characters="\ufffd"), max_size=6)), max_size=5))
def test_what_was_written_as_logfmt_is_read_back(written: list[tuple[str, str]]) -> None:
    line = " ".join(key + '="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for key, value in written)
    assert list(pairs(line, strict=True)) == written


@given(st.text('ab="\\ \n', max_size=20))
def test_any_line_is_read_to_its_end(line: str) -> None:
    strict: list[tuple[str, str]] = []
    try:
        strict.extend(pairs(line, strict=True))
    except LineError:
        return
    assert strict == list(pairs(line, strict=False))
