"""The pipeline as a whole: the order of its steps, and kernels held against what reads single lines."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.columns import parse_lines
from lgtm.logql.json_line import read_json_paths
from lgtm.logql.line_labels import LineLabels
from lgtm.logql.parser import parse_log_selector
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.stages import Extraction, JsonParser, LineFilter, LineOperand, PatternParser, Stage, StageContext
from lgtm.logql.stages.ip_pattern import IpPattern
from lgtm.logql.stages.json_parser import JSON_ERROR
from lgtm.logql.stages.pattern_expression import parse_pattern
from lgtm.model.labels import labels_of
from support.logframes import frame_of, lines_of, shown
from support.rows import Entry, batch_of

ALL = StageContext(None)
stored = st.dictionaries(st.sampled_from(["x", "zone"]), st.just("stored"), max_size=1)


def stages(text: str) -> tuple[Stage, ...]:
    return parse_log_selector('{app="x"} ' + text).stages


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ('| logfmt |= "a"', ['|= "a"', "| logfmt"]),
        ('| decolorize |= "a"', ['|= "a"', "| decolorize"]),
        ('| line_format "x" |= "a"', ['| line_format "x"', '|= "a"']),
        ('| unpack |= "a"', ["| unpack", '|= "a"']),
        ('| json | a="x"', ['| json | a="x"', "| json", '| a="x"']),
        ('| json | a="x" | b>1', ['| json | ( a="x" , b>1 )', "| json", '| a="x"', "| b>1"]),
        ('| json a="b" | a="x"', ['| json a="b"', '| a="x"']),
    ],
)
def test_what_is_cheap_goes_first_where_that_changes_nothing(text: str, order: list[str]) -> None:
    assert [str(stage) for stage, _ in compile_pipeline(stages(text), None).steps] == order


def test_each_step_is_told_what_the_steps_behind_it_read() -> None:
    steps = compile_pipeline(stages('| logfmt | level="x" | line_format "{{.msg}}"'), frozenset({"pod"})).steps
    needed = [frozenset({"pod", "msg", "level"}), frozenset({"pod", "msg"}), frozenset({"pod"})]
    assert [context.needed for _, context in steps] == needed


PATTERNS = ["<x>", "<x>-<y>", "-<x>a", "a<x>a<y>", "<_>ab<x>", "<x>\n<_>-<y>é", "a<_>-<x>"]


@given(st.lists(st.tuples(st.text("ab-é\n\ufffd ", max_size=8), stored), min_size=1, max_size=8), st.sampled_from(PATTERNS))
def test_a_pattern_captures_in_columns_what_it_captures_in_lines(rows: list[tuple[str, Mapping[str, str]]], pattern: str) -> None:
    def read(line: str, labels: LineLabels) -> None:
        for name, value in parse_pattern(pattern).captures(line).items():
            labels.add(name, value)

    frame = frame_of(*rows)
    assert shown(PatternParser(pattern).apply(frame, ALL)) == shown(parse_lines(frame, read, "", None))


ADDRESSES = [
    "10.0.0.1", "10.0.0.0/8", "10.0.0.0/22", "10.0.0.5-10.0.1.9", "10.0.0.200-10.0.0.255", "10.1.0.0-10.3.255.255", "0.0.0.0/0", "::1",
]  # fmt: skip
pieces = st.sampled_from(
    ["10.0.0.1", "10.0.0.10", "10.0.1.9", "10.2.3.4", "10.0.0.256", "010.0.0.1", ":80", ".", "::1", "::ffff:", "f", "x", " ", "[", "]", "1.2.3"]
)


@given(st.lists(st.lists(pieces, max_size=5).map("".join), min_size=1, max_size=12), st.sampled_from(ADDRESSES))
def test_an_address_is_found_by_regexes_where_it_is_found_by_reading(lines: list[str], pattern: str) -> None:
    found = lines_of(LineFilter("|=", (LineOperand(pattern, is_ip=True),)).apply(frame_of(*lines), ALL))
    assert found == [line for line in lines if IpPattern.parse(pattern).occurs_in(line)]


fields = st.tuples(
    st.sampled_from(["a", "b", "a_b", r"\u0061", " a"]),
    st.sampled_from(['"x"', '"é"', r'"\n"', '"a"', '""', "1.50", "-", "true", "null", '{"a":1}', '{"a":1,"b":{"a":2}}', "[1]", '["a"]', '"x']),
)
objects = st.lists(fields, max_size=4).map(lambda pairs: "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}")
json_lines = objects | st.sampled_from(["", " {}", "text", "[1]", '"a"', '{"a":1', '{"a"', "{"])


@given(st.lists(st.tuples(json_lines, stored), min_size=1, max_size=8), st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]))
def test_a_json_path_finds_in_columns_what_it_finds_in_lines(rows: list[tuple[str, Mapping[str, str]]], key: str, name: str) -> None:
    def read(line: str, labels: LineLabels) -> None:
        read_json_paths(line, labels, {name: (key,)})

    frame, needed = frame_of(*rows), frozenset({name})
    found = JsonParser((Extraction(name, key),)).apply(frame, StageContext(needed))
    assert shown(found) == shown(parse_lines(frame, read, JSON_ERROR, needed))


LINES = [
    '{"a":"1","b":"x","c":2}',
    '{"b":"y","a":5',
    '{"a":{"b":1},"b":"x"}',
    '{"c":"x","a":"big","a":2}',
    '{"_entry":"a=3 b=x","b":"packed"}',
    "a=7 b=x c=9",
    'b="x y" a=1 a=2',
    'c=1 a="broken b=x',
    "x 2 \x1b[31my\x1b[0m",
    "",
]
STAGES = [
    "json",
    'json a="b", n="a.b"',
    "logfmt",
    "logfmt --strict",
    "logfmt b, d=`c`",
    "regexp `(?P<a>[0-9]) (?P<b>.)`",
    "pattern `<b> <a>`",
    "unpack",
    "decolorize",
    "a>1",
    'b="x"',
    'a!="" or c>1',
    '__error__=""',
    "line_format `{{.a}} {{.b}}`",
    "line_format `{{__line__}}{{.__error__}}`",
    "label_format b=a",
    "label_format c=`{{.b}}{{.a}}`",
    "drop a",
    'drop b="x"',
    "keep a, c",
    'keep b=~"x|y"',
]
LINE_FILTERS = ['|= "a"', '!= "y"', "|~ `[0-9]`"]


@given(
    rows=st.lists(st.tuples(st.sampled_from(LINES), stored), min_size=1, max_size=6),
    text=st.lists(st.sampled_from([f"| {stage}" for stage in STAGES] + LINE_FILTERS), max_size=5).map(" ".join),
    needed=st.frozensets(st.sampled_from(["a", "b", "c", "d", "n", "a_b", "a_extracted", "__error__"]), max_size=3),
)
def test_what_is_needed_comes_out_as_if_everything_was(rows: list[tuple[str, Mapping[str, str]]], text: str, needed: frozenset[str]) -> None:
    batch = batch_of(Entry(labels_of(labels), ts, line) for ts, (line, labels) in enumerate(rows))
    lazy, full = (compile_pipeline(stages(text), names).run(batch) for names in (needed, None))
    assert lazy.row_numbers.tolist() == full.row_numbers.tolist()
    assert lines_of(lazy) == lines_of(full)
    for name in needed:
        assert lazy.column(name).to_pylist() == full.column(name).to_pylist(), name
