"""`json`: labels from lines that are objects."""

from __future__ import annotations

import pytest

from lgtm.logql.parser import parse_log_selector
from lgtm.logql.stages import Extraction, InvalidStage, JsonParser
from support.logframes import Row, frame_of, shown, through


def parsed(text: str, line: str, **labels: str) -> Row:
    (row,) = shown(through(frame_of((line, labels)), *parse_log_selector('{a="b"} ' + text).stages))
    return row


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ('{"a":"x","b":1.50,"c":true,"d":false}', {"a": "x", "b": "1.50", "c": "true", "d": "false"}),
        ('{"a":{"b":1,"c":{"d":"x"}}}', {"a_b": "1", "a_c_d": "x"}),
        ('{"a":[1],"b":null,"c":{}}', {}),
        ('{"a-b":1,"1c":2,"é":3," d ":4}', {"a_b": "1", "_1c": "2", "_": "3", "d": "4"}),
        ('{"a":1,"a":2}', {"a": "1"}),
        ('{"a_b":1,"a":{"b":2}}', {"a_b": "1"}),
        ('{"a":"\\u00e9\\n"}', {"a": "é\n"}),
        ('{"a":""}', {"a": ""}),
        ("{}", {}),
    ],
)
def test_fields_are_labels(line: str, labels: Row) -> None:
    assert parsed("| json", line) == labels


@pytest.mark.parametrize("line", ["", "text", "[1]", '"a"', "5", '{"a":1', '{"b":1,"a"}'])
def test_a_line_that_is_no_object_or_breaks_is_marked(line: str) -> None:
    assert parsed("| json", line)["failed"].startswith("JSONParserErr: ")


def test_what_stands_before_the_break_is_kept() -> None:
    row = parsed("| json", '{"a":"x","b":{"c":1},"d')
    assert (row["a"], row["b_c"]) == ("x", "1")


def test_a_stored_label_keeps_its_name_and_an_earlier_parser_its_value() -> None:
    assert parsed("| json", '{"a":"1","b":{"c":2}}', a="s", b_c="s") == {"a": "s", "a_extracted": "1", "b_c": "s", "b_c_extracted": "2"}
    assert parsed('| json a="b" | json', '{"a":"1","b":"2"}') == {"a": "2", "b": "2"}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("| json a", {"a": "x"}),
        ('| json y="a"', {"y": "x"}),
        ('| json y="o.b"', {"y": "1"}),
        ('| json y="o.l[1]"', {"y": "3"}),
        ('| json y="o[\\"k-v\\"]"', {"y": "4"}),
        ('| json y="o.l", z="o"', {"y": "[2,3]", "z": '{"b":1,"l":[2,3],"k-v":4}'}),
        ('| json y="n", z="none"', {"y": "", "z": ""}),
        ('| json y="a.b"', {"y": ""}),
        ('| json y="o.l[9]"', {"y": ""}),
    ],
)
def test_paths_find_their_values_and_nothing_else(text: str, labels: Row) -> None:
    assert parsed(text, '{"a":"x","o":{"b":1,"l":[2,3],"k-v":4},"n":null}') == labels


def test_a_path_that_is_none_is_refused_with_the_stage() -> None:
    with pytest.raises(InvalidStage) as raised:
        JsonParser((Extraction("x", "["),))
    assert str(raised.value) == ("""stage '| json x="["' : cannot parse expression [[]: syntax error: unexpected $end, expecting STRING or INDEX""")


@pytest.mark.parametrize("text", ["| json", '| json a="a",b="c[0]"'])
def test_it_prints_as_logql(text: str) -> None:
    (stage,) = parse_log_selector('{a="b"} ' + text).stages
    assert str(stage) == text
