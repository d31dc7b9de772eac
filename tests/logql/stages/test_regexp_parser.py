"""`regexp`: labels from the named groups of the first match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.stages import InvalidStage, RegexpParser
from support.logframes import Row, frame_of, shown, through


def found(pattern: str, line: str, **labels: str) -> Row:
    (row,) = shown(through(frame_of((line, labels)), RegexpParser(pattern)))
    return row


@pytest.mark.parametrize(
    ("pattern", "line", "labels"),
    [
        (r"(?P<n>\d+)", "a 12 b 34", {"n": "12"}),
        (r"(?P<n>\d+)", "none", {}),
        (r"^(?P<a>\w+) (?P<b>.*)$", "x y z", {"a": "x", "b": "y z"}),
        (r"(?P<a>a)|(?P<b>b)", "b", {"a": "", "b": "b"}),
        (r"(?P<a>x*)", "y", {"a": ""}),
        (r"(x)(?P<a>y)(z)?", "xy", {"a": "y"}),
        (r"(x)(?P<a>y)?", "x", {"a": ""}),
        (r"(?P<a>.*)", "", {"a": ""}),
        (r"(?i)(?P<a>ERROR)", "an error", {"a": "error"}),
        (r"(?P<a>.)€", "ü€", {"a": "ü"}),
        (r"(?P<a>.+)", "x\ufffdy", {"a": "x y"}),
    ],
)
def test_named_groups_are_labels(pattern: str, line: str, labels: Row) -> None:
    assert found(pattern, line) == labels


@pytest.mark.parametrize("pattern", [r"app=(?P<app>\w+)", r"app(=)(?P<app>\w+)"])
def test_a_stored_label_keeps_its_name(pattern: str) -> None:
    assert found(pattern, "app=x", app="stored") == {"app": "stored", "app_extracted": "x"}


@pytest.mark.parametrize("pattern", [r"a=(?P<a>\w+)", r"a(=)(?P<a>\w+)"])
def test_the_first_value_of_a_name_stays(pattern: str) -> None:
    frame = through(frame_of("a=x"), RegexpParser("(?P<a>.)=x"), RegexpParser(pattern))
    assert shown(frame) == [{"a": "a"}]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("no groups", "at least one named capture must be supplied"),
        ("(unnamed)", "at least one named capture must be supplied"),
        ("(?P<a>.)(?P<a>.)", "duplicate extracted label name 'a'"),
        ("(?P<a>", "missing closing )"),
    ],
)
def test_a_pattern_that_is_none_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidStage, match=r"^invalid regexp parser: ") as raised:
        RegexpParser(pattern)
    assert reason in str(raised.value)


@given(lines=st.lists(st.text("ab= ", max_size=6), min_size=1))
def test_the_kernel_and_the_reader_of_single_lines_agree(lines: list[str]) -> None:
    by_kernel = through(frame_of(*lines), RegexpParser("(?P<x>a+)=(?P<y>b*)"))
    by_line = through(frame_of(*lines), RegexpParser("(?P<x>a+)(=)(?P<y>b*)"))
    assert shown(by_kernel) == shown(by_line)


def test_it_prints_as_logql() -> None:
    assert str(RegexpParser(r"(?P<a>\w)")) == r'| regexp "(?P<a>\\w)"'
