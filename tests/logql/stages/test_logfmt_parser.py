"""`logfmt`: labels from pairs."""

from __future__ import annotations

import pytest

from lgtm.logql.parser import parse_log_selector
from lgtm.logql.stages import Extraction, InvalidStage, LogfmtParser
from support.logframes import Row, frame_of, shown, through


def parsed(text: str, line: str, **labels: str) -> Row:
    (row,) = shown(through(frame_of((line, labels)), *parse_log_selector('{a="b"} ' + text).stages))
    return row


@pytest.mark.parametrize(
    ("text", "line", "labels"),
    [
        ("| logfmt", 'a=x b="y z" c', {"a": "x", "b": "y z"}),
        ("| logfmt", 'a= b="" c=1', {"c": "1"}),
        ("| logfmt", "a=1 a=2", {"a": "1"}),
        ("| logfmt", "a-b=1 1c=2", {"a_b": "1", "_1c": "2"}),
        ("| logfmt", 'a="\\"q\\"\\n"', {"a": '"q"\n'}),
        ("| logfmt", 'a=1 =x b"c=2 d=3', {"a": "1", "d": "3"}),
        ("| logfmt", 'a=1 b="open c=2', {"a": "1"}),
        ("| logfmt", "", {}),
        ("| logfmt --keep-empty", 'a= b c="" d=1', {"a": "", "b": "", "c": "", "d": "1"}),
        ("| logfmt --strict", "a=1 b=2", {"a": "1", "b": "2"}),
        ("| logfmt a", "a=1 b=2", {"a": "1"}),
        ('| logfmt x="a", y="none"', "a=1 b=2", {"x": "1", "y": ""}),
        ('| logfmt x="a_b"', "a-b=1", {"x": "1"}),
        ('| logfmt x="a"', "a= a=2", {"x": "2"}),
        ('| logfmt --keep-empty x="a"', "a= a=2", {"x": ""}),
    ],
)
def test_pairs_are_labels(text: str, line: str, labels: Row) -> None:
    assert parsed(text, line) == labels


@pytest.mark.parametrize(
    ("line", "labels", "reason"),
    [
        ('a=1 b"=2 c=3', {"a": "1"}, """at pos 6 : unexpected '"'"""),
        ("a=1 =2", {"a": "1"}, "at pos 5 : unexpected '='"),
        ('a=1 b="open', {"a": "1"}, "at pos 12 : unterminated quoted value"),
        ("é=1 b\ufffd=2", {"_": "1"}, "at pos 10 : invalid key"),
    ],
)
def test_strict_stops_at_the_first_pair_that_is_none(line: str, labels: Row, reason: str) -> None:
    row = parsed("| logfmt --strict", line)
    assert row.pop("failed") == f"LogfmtParserErr: logfmt syntax error {reason}"
    assert row.keys() - labels.keys() == {"__error__", "__error_details__"}
    assert row.items() >= labels.items()


def test_a_stored_label_keeps_its_name_and_an_earlier_parser_its_value() -> None:
    assert parsed("| logfmt", "a=1", a="s") == {"a": "s", "a_extracted": "1"}
    assert parsed('| logfmt a="b" | logfmt', "a=1 b=2") == {"a": "2", "b": "2"}


def test_a_path_that_is_none_is_refused_with_the_stage() -> None:
    with pytest.raises(InvalidStage) as raised:
        LogfmtParser((Extraction("x", "a.b"),))
    assert str(raised.value) == """stage '| logfmt x="a.b"' : cannot parse expression [a.b]: unexpected char ."""


@pytest.mark.parametrize("text", ["| logfmt", "| logfmt --strict --keep-empty", '| logfmt --strict a="a",b="c"'])
def test_it_prints_as_logql(text: str) -> None:
    (stage,) = parse_log_selector('{a="b"} ' + text).stages
    assert str(stage) == text
