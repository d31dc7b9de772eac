"""Kernels for logfmt lines, held against the line reader: whatever they take on has to come out as if they were not there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.columns import parse_lines
from lgtm.logql.fast_logfmt import NAMES_MAX, fast_logfmt
from lgtm.logql.frame import LogFrame
from lgtm.logql.logfmt_line import read_logfmt
from lgtm.logql.stages import LogfmtParser, StageContext
from lgtm.logql.stages.logfmt_parser import LOGFMT_ERROR
from support.logframes import frame_of, shown

NAMES = ["a", "b", "a_b", "_a", "_", "__", "_1", "_1a", "a_extracted", "__error__", "__error_details__"]

KEYS = [*NAMES, "A", "1", "1a", "a-b", "a.b", "é", "aé", "a\xa0", "\x85a", "\xa01a", "--error--", "x\ufffd", "ab", "ba", "{a", ""]
VALUES = ["", "x", "1.5", "a", "é", "a\xa0", "\ufffd", "x\ufffd", "{", "a=b", "a=", "=", "x\x7f", "\\n", "'"]
QUOTED = ["", "x", " ", "a=1 ", " a=1", " b=2 ", '\\"', "\\\\", "\\n", "\\u00e9", "\\ud800", "\\q", "\x01", "\ufffd", "x\ny", "=", " a_b=x "]
BROKEN = ['a="x', 'a=x"y', '"a"=1', "a==1", "=", '"', 'a"=1', 'a="x"b=2', '"a=1 b=2', "a = 1", '="x', 'b=" a=1', "x=\ty"]

keys = st.sampled_from(KEYS)
quoted = st.sampled_from(QUOTED).map(lambda text: f'"{text}"')
pairs = st.one_of(
    st.builds("{}={}".format, keys, st.sampled_from(VALUES)), st.builds("{}={}".format, keys, quoted), keys, st.sampled_from(BROKEN), quoted
)
gaps = st.sampled_from([" ", " ", " ", " ", "  ", "\t", "\n", "\x00", "\xa0", ""])
near_logfmt = st.lists(st.tuples(pairs, gaps).map("".join), max_size=6).map("".join)
plain_pairs = st.builds("{}={}".format, st.sampled_from(["a", "b", "a_b", "_a", "c", "_1a"]), st.sampled_from(["", "x", "1", '"x y"', '""']))
lines = near_logfmt | st.lists(plain_pairs, max_size=5).map(" ".join)
stored = st.dictionaries(st.sampled_from(["a", "a_b", "a_extracted", "__error__", "zone"]), st.just("stored"), max_size=2)


def by_line_reader(frame: LogFrame, wanted: frozenset[str]) -> LogFrame:
    return parse_lines(frame, partial(read_logfmt, strict=False, keep_empty=False), LOGFMT_ERROR, wanted)


@given(
    rows=st.lists(st.tuples(lines, stored), min_size=1, max_size=12),
    metadata=stored,
    wanted=st.frozensets(st.sampled_from(NAMES), max_size=NAMES_MAX + 1),
)
def test_kernels_and_line_reader_find_what_the_line_reader_finds_alone(
    rows: list[tuple[str, Mapping[str, str]]], metadata: Mapping[str, str], wanted: frozenset[str]
) -> None:
    frame = frame_of(*rows, metadata=metadata)
    assert shown(LogfmtParser().apply(frame, StageContext(wanted))) == shown(by_line_reader(frame, wanted))


@pytest.mark.parametrize(
    ("line", "wanted", "found"),
    [
        ("a=x", "a", "x"),
        ("b=1 a=x c=2", "a", "x"),
        ("a=first a=second", "a", "first"),
        ("a= a=second", "a", "second"),
        ("b=x", "a", None),
        ("ba=x", "a", None),
        ("", "a", None),
        ("no pairs at all", "a", None),
        ("é=x a=y", "a", "y"),
        ("a=é", "a", "é"),
        ("a-b=x", "a_b", "x"),
        ("1=x", "_1", "x"),
        ("a\xa0=x", "a", "x"),
        ('b="a=1" a=2', "a", "2"),
        ('a="x\\ny"', "a", "x\ny"),
        ("a=x=y a=z", "a", "z"),
        ('a="x', "a", None),
    ],
)
def test_a_wanted_label_is_found_in(line: str, wanted: str, found: str | None) -> None:
    frame = LogfmtParser().apply(frame_of(line), StageContext(frozenset({wanted})))
    assert frame.column(wanted)[0].as_py() == found


@pytest.mark.parametrize("line", ["a=x", "b=1 a=x c=2", "c=1 b=2"])
def test_plain_lines_are_not_left_to_the_line_reader(line: str) -> None:
    assert not fast_logfmt(frame_of(line), frozenset({"a"}))[1].any()


@pytest.mark.parametrize(
    ("wanted", "labels", "slow"),
    [
        ({"a"}, {"zone": "x"}, False),
        ({"zone"}, {"zone": "x"}, False),
        ({"a_extracted"}, {"zone": "x"}, True),
        ({"a_extracted"}, {"a": "x", "a_extracted": "x"}, True),
        ({"a", "b", "c", "d", "e"}, {}, True),
        ({"a", "b", "c", "d", "zone"}, {"zone": "x"}, False),
    ],
)
def test_kernels_are_used_where_no_label_makes_way_and_few_are_wanted(wanted: set[str], labels: Mapping[str, str], slow: bool) -> None:
    assert fast_logfmt(frame_of(("a=1", labels)), frozenset(wanted))[1].tolist() == [slow]


def test_a_label_that_some_rows_were_stored_with_is_left_to_the_line_reader() -> None:
    assert fast_logfmt(frame_of(("a=1", {"a": "x"}), ("a=1", {})), frozenset({"a"}))[1].tolist() == [True, True]
