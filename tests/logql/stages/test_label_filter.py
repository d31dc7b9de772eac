"""Label filters, one row and one filter at a time: which rows stay, and what is said of those that could not be read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.parser import parse_log_selector
from lgtm.logql.stages import AndFilter, InvalidStage, IpFilter, JsonParser, LabelFilter, LabelFilterStage, NumberFilter, OrFilter, StringFilter
from lgtm.logql.stages.label_filter import FILTER_DEPTH_MAX, leaves, loose_literals
from lgtm.model.matchers import Matcher, MatchOp
from support.logframes import frame_of, shown, through


def stage(text: str) -> LabelFilterStage:
    """The filter of `| text`."""
    (found,) = parse_log_selector('{a="b"} | ' + text).stages
    assert isinstance(found, LabelFilterStage)
    return found


def outcome(text: str, labels: Mapping[str, str], line: str = "") -> str:
    """`dropped`, `kept`, or what a row that is kept is marked with."""
    rows = shown(through(frame_of((line, labels)), stage(text)))
    return rows[0].get("failed", "kept") if rows else "dropped"


@pytest.mark.parametrize(
    ("text", "labels", "kept"),
    [
        ('x="v"', {"x": "v"}, True),
        ('x="v"', {"x": "V"}, False),
        ('x="v"', {}, False),
        ('x=""', {}, True),
        ('x=""', {"x": "v"}, False),
        ('x!="v"', {}, True),
        ('x!="v"', {"x": "v"}, False),
        ('x!=""', {"x": "v"}, True),
        ('x=~"v|w"', {"x": "w"}, True),
        ('x=~"v"', {"x": "vv"}, False),
        ('x=~"v+"', {"x": "vv"}, True),
        ('x=~".+"', {}, False),
        ('x=~"v?"', {}, True),
        ('x!~"v"', {"x": "vv"}, True),
        ('x!~"v+"', {"x": "vv"}, False),
        ('x!~".+"', {}, True),
        ('x=~"(?i)V"', {"x": "v"}, True),
        ('x=~"a.c"', {"x": "a\nc"}, False),
    ],
)
def test_strings_see_an_absent_label_as_empty_and_regexes_are_anchored(text: str, labels: Mapping[str, str], kept: bool) -> None:
    assert outcome(text, labels) == ("kept" if kept else "dropped")


@pytest.mark.parametrize(
    ("regex", "value", "kept"),
    [
        ("a.*", "xa", True),
        (".*a", "ax", True),
        (".*a.*", "xax", True),
        ("a.*", "b", False),
        ("a.*|.*b", "xbx", True),
        (".*a\\.b", "xa.bx", True),
        (".*a\\.b", "axb", False),
        ("a.*|b", "xb", False),
        ("a.+", "xab", False),
        ("a", "xa", False),
        (".*", "", True),
    ],
)
def test_regexes_that_are_a_literal_beside_anything_find_it_anywhere(regex: str, value: str, kept: bool) -> None:
    assert outcome(f"x=~`{regex}`", {"x": value}) == ("kept" if kept else "dropped")
    assert outcome(f"x!~`{regex}`", {"x": value}) == ("dropped" if kept else "kept")


@pytest.mark.parametrize(
    ("regex", "literals"),
    [
        ("a.*", ("a",)),
        (".*a.*|b.*", ("a", "b")),
        (r".*a\.b", ("a.b",)),
        ("a", None),
        ("a|b.*", None),
        (".*", None),
        ("a.+", None),
        ("(a.*)", None),
        ("", None),
        (r"\d.*", None),
    ],
)
def test_literals_of_loose_regexes(regex: str, literals: tuple[str, ...] | None) -> None:
    assert loose_literals(regex) == literals


NOT_A_NUMBER = 'LabelFilterErr: strconv.ParseFloat: parsing "{}": invalid syntax'


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("x>1", "2", "kept"),
        ("x>1", "1", "dropped"),
        ("x>=1", "1.0", "kept"),
        ("x<1", "-1e3", "kept"),
        ("x<=1", "1.5", "dropped"),
        ("x==1", "1.000", "kept"),
        ("x=1", "1", "kept"),
        ("x!=1", "2", "kept"),
        ("x!=1", "1", "dropped"),
        ("x>1", "Inf", "kept"),
        ("x>1", "NaN", "dropped"),
        ("x!=1", "NaN", "kept"),
        ("x>1", "0x1p4", "kept"),
        ("x>1", None, "dropped"),
        ("x!=1", None, "dropped"),
        ("x>1", "abc", NOT_A_NUMBER.format("abc")),
        ("x>1", " 2", NOT_A_NUMBER.format(" 2")),
        ("x>1", "", "dropped"),
        ("x>1s", "1500ms", "kept"),
        ("x>1s", "1s", "dropped"),
        ("x=1s", "1000ms", "kept"),
        ("x>1s", "-1h", "dropped"),
        ("x>1s", "5", 'LabelFilterErr: time: missing unit in duration "5"'),
        ("x>1s", "1d", 'LabelFilterErr: time: unknown unit "d" in duration "1d"'),
        ("x<1s", "fast", 'LabelFilterErr: time: invalid duration "fast"'),
        ("x>1s", None, "dropped"),
        ("x>1KB", "1001", "kept"),
        ("x>1KB", "1 KiB", "kept"),
        ("x>1KB", "1,000B", "dropped"),
        ("x<1KB", "999b", "kept"),
        ("x>1KB", "10XB", "LabelFilterErr: unhandled size name: xb"),
        ("x>1KB", None, "dropped"),
    ],
)
def test_typed_filters_drop_rows_without_the_label_and_mark_what_they_cannot_read(text: str, value: str | None, expected: str) -> None:
    got = outcome(text, {} if value is None else {"x": value})
    assert got == expected


def test_a_value_that_is_empty_marks_a_row_of_which_the_line_says_so() -> None:
    frame = through(frame_of('{"x":""}'), JsonParser(), stage("x>1"))
    assert [row["failed"] for row in shown(frame)] == [NOT_A_NUMBER.format("")]


@pytest.mark.parametrize(
    ("text", "value", "kept"),
    [
        ('x=ip("10.0.0.0/8")', "10.1.2.3", True),
        ('x=ip("10.0.0.0/8")', "10.1.2.3:443", True),
        ('x=ip("10.0.0.0/8")', "11.1.2.3", False),
        ('x=ip("10.0.0.0/8")', "no address", False),
        ('x=ip("10.0.0.0/8")', None, False),
        ('x!=ip("10.0.0.0/8")', "11.1.2.3", True),
        ('x!=ip("10.0.0.0/8")', "no address", True),
        ('x!=ip("10.0.0.0/8")', "10.1.2.3", False),
        ('x!=ip("10.0.0.0/8")', None, False),
    ],
)
def test_addresses_are_looked_for_in_a_label_that_is_there(text: str, value: str | None, kept: bool) -> None:
    assert outcome(text, {} if value is None else {"x": value}) == ("kept" if kept else "dropped")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('__error__=""', False),
        ('__error__!=""', True),
        ('__error__="JSONParserErr"', True),
        ('__error__=~"JSON.*"', True),
        ('__error_details__=""', True),
        ('__error_details__!=""', False),
        ('x=ip("10.0.0.1")', True),
        ('x="v"', False),
        ("x>1", False),
    ],
)
def test_a_row_that_failed_before_is_seen_by_its_error_but_not_by_its_details(text: str, kept: bool) -> None:
    assert len(through(frame_of("no json"), JsonParser(), stage(text))) == kept


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ('x="1" and y="2"', {"x": "1"}, "dropped"),
        ('x="1" or y="2"', {"x": "1"}, "kept"),
        ('x="1", y="2"', {"x": "1", "y": "2"}, "kept"),
        ('x="1" y="2"', {"x": "1"}, "dropped"),
        # `,` groups to the right, `and` binds tighter than `or`.
        ('x="1", y="2" or z="3"', {"z": "3"}, "dropped"),
        ('x="1" and y="2" or z="3"', {"z": "3"}, "kept"),
        ('(x="1" or y="2") and z="3"', {"x": "1", "z": "3"}, "kept"),
        # A filter that is not asked does not mark.
        ('y="2" and x>1', {"x": "abc"}, "dropped"),
        ('y="2" or x>1', {"x": "abc", "y": "2"}, "kept"),
        ('y="2" or x>1', {"x": "abc"}, NOT_A_NUMBER.format("abc")),
        ("x>1 or y>1", {"x": "abc", "y": "def"}, NOT_A_NUMBER.format("abc")),
        ("x>1 and y>1", {"x": "abc", "y": "0"}, "dropped"),
    ],
)
def test_filters_are_combined(text: str, labels: Mapping[str, str], expected: str) -> None:
    assert outcome(text, labels) == expected


@given(values=st.lists(st.none() | st.sampled_from(["1", "-2.50", "007", "1e2", "0x10", "Inf", "nan", "x", " 1", "1_0", "123456789012345678"])))
def test_a_column_of_numbers_is_read_as_its_values_are_one_by_one(values: list[str | None]) -> None:
    rows: list[tuple[str, dict[str, str]]] = [(str(i), {} if value is None else {"x": value}) for i, value in enumerate(values)]
    if not rows:
        return
    alone = [row for each in rows for row in shown(through(frame_of(each), stage("x>0")))]
    assert shown(through(frame_of(*rows), stage("x>0"))) == alone


def test_a_filter_tells_which_address_it_cannot_read() -> None:
    with pytest.raises(InvalidStage) as raised:
        LabelFilterStage(IpFilter("x", "=", "nowhere"))
    assert str(raised.value) == """stage '| x=ip("nowhere")' : ip: invalid pattern: "nowhere\""""


def nested(depth: int) -> LabelFilter:
    root: LabelFilter = NumberFilter("x", ">", 1.0)
    for i in range(depth - 1):
        root = (AndFilter if i % 2 else OrFilter)(root, NumberFilter("x", ">", 1.0))
    return root


def test_nesting_has_a_bound() -> None:
    assert len(leaves(LabelFilterStage(nested(FILTER_DEPTH_MAX)).filter)) == FILTER_DEPTH_MAX
    with pytest.raises(InvalidStage, match="nested deeper than 200"):
        LabelFilterStage(nested(FILTER_DEPTH_MAX + 1))


def test_leaves_come_from_left_to_right() -> None:
    a, b, c = (StringFilter(Matcher(name, MatchOp.EQ, "")) for name in "abc")
    assert leaves(AndFilter(OrFilter(a, b), c)) == [a, b, c]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("x>1.50", "| x>1.5"),
        ("x=1", "| x==1"),
        ("x>=90s", "| x>=1m30s"),
        ("x<20MB", "| x<20MB"),
        ('x!=ip("::1")', '| x!=ip("::1")'),
        ('x=~"a|b"', '| x=~"a|b"'),
        ('x="1" and y="2" or z="3"', '| ( ( x="1" , y="2" ) or z="3" )'),
    ],
)
def test_a_filter_prints_as_logql(text: str, printed: str) -> None:
    assert str(stage(text)) == printed
