"""Kernels for JSON lines, held against the line reader: whatever they take on has to come out as if they were not there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.columns import parse_lines
from lgtm.logql.fast_json import NAMES_MAX, fast_json
from lgtm.logql.frame import LogFrame
from lgtm.logql.json_line import read_json
from lgtm.logql.stages import JsonParser, StageContext
from lgtm.logql.stages.json_parser import JSON_ERROR
from support.logframes import frame_of, shown

NAMES = ["a", "b", "a_b", "_a", "a__b", "_", "__b", "_1", "a_1", "a_extracted", "__error__", "__error_details__"]

keys = st.sampled_from(
    [*NAMES, "error__", "__error", "A", "", " a", "a ", "a-b", "a.b", "1", "é", "_é", r"\u0061", r"a\"b", r"a\\", r"\x", "{", "}", "a:", ","]
)
gaps = st.sampled_from(["", "", "", "", " ", " ", "  ", "\t", "\n"])
strings = st.sampled_from(
    [
        "",
        " ",
        "x",
        "1",
        "a",
        "ü€",
        "{",
        "}",
        '{\\"a\\":1}',
        '\\"',
        "\\\\",
        "\\n",
        "\\u00e9",
        "\\ud83d",
        "\\q",
        "\ufffd",
        "\x01",
        "\x7f",
        ": ",
        ",",
        "a:1",
    ]
).map(lambda text: f'"{text}"')
scalars = strings | st.sampled_from(["0", "1", "-1", "1.50", "1e5", "01", "-", "true", "false", "null", "tru", "NaN", "", "1 ", "x", "'a'"])


@st.composite
def objects(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    gap = draw(gaps)
    fields = [f'"{draw(keys)}"{draw(gaps) if gap else ""}:{draw(gaps)}{draw(values)}' for _ in range(draw(st.integers(0, 5)))]
    return "{" + gap + draw(st.sampled_from([",", ", ", ",", ",,", " ,"])).join(fields) + gap + "}"


nested = st.recursive(scalars, lambda inner: objects(inner) | st.lists(inner, max_size=2).map(lambda items: f"[{','.join(items)}]"), max_leaves=6)
near_json = st.tuples(gaps, objects(nested), st.sampled_from(["", "", "", "", " ", "\n", "x", "{}"])).map("".join)

plain_keys = st.sampled_from(["a", "b", "a_b", "_a", "_", "__b", "A", "__error__"]).map(lambda key: f'"{key}"')
plain_scalars = st.sampled_from(['""', '"x"', '"a"', '" y "', "0", "-1.5e3", "true", "false", "null"])


@st.composite
def plain_objects(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    gap = draw(st.sampled_from(["", " "]))
    fields = draw(st.lists(st.tuples(plain_keys, values), min_size=1, max_size=5))
    return "{" + f",{gap}".join(f"{key}:{gap}{value}" for key, value in fields) + gap + "}"


@st.composite
def broken(draw: st.DrawFn) -> str:
    line = draw(plain_objects(plain_scalars) | near_json)
    at = draw(st.integers(0, len(line)))
    return line[:at] + draw(st.sampled_from(["", "}", "{", '"', ",", "\\", " ", "é"])) + line[at + draw(st.integers(0, 2)) :]


lines = plain_objects(plain_scalars | plain_objects(plain_scalars)) | near_json | broken() | st.sampled_from(["", "text", "[1]", '"a":1', "null"])
stored = st.dictionaries(st.sampled_from(["a", "a_b", "a_extracted", "__error__", "zone"]), st.just("stored"), max_size=2)


def by_line_reader(frame: LogFrame, wanted: frozenset[str]) -> LogFrame:
    return parse_lines(frame, read_json, JSON_ERROR, wanted)


@given(
    rows=st.lists(st.tuples(lines, stored), min_size=1, max_size=12),
    metadata=stored,
    wanted=st.frozensets(st.sampled_from(NAMES), max_size=NAMES_MAX + 1),
)
def test_kernels_and_line_reader_find_what_the_line_reader_finds_alone(
    rows: list[tuple[str, Mapping[str, str]]], metadata: Mapping[str, str], wanted: frozenset[str]
) -> None:
    frame = frame_of(*rows, metadata=metadata)
    assert shown(JsonParser().apply(frame, StageContext(wanted))) == shown(by_line_reader(frame, wanted))


@pytest.mark.parametrize(
    ("line", "wanted", "found"),
    [
        ('{"a":"x"}', "a", "x"),
        ('{"a": "x", "b": 1}', "b", "1"),
        ('{"a":""}', "a", ""),
        ('{"a":-1.50e3 }', "a", "-1.50e3"),
        ('{"a":true,"b":false}', "b", "false"),
        ('{"a":null}', "a", None),
        ('{"a":null,"a":1}', "a", "1"),
        ('{"a":1,"a":2}', "a", "1"),
        ('{"b":1}', "a", None),
        ('{"b":{"c":1},"a":2}', "a", "2"),
        ('{"b":{"a":1}}', "a", None),
        ('{"c":{"d":1},"b":{"a":1}}', "a", None),
        ('{"b":{"a":1},"a":2}', "a", "2"),
        ('{"a":{"b":1},"a_b":2}', "a_b", "1"),
        ('{"b":"{","a":"}"}', "a", "}"),
        ('{"b":"a:1, {"}', "a", None),
        ('{"a":"\\n"}', "a", "\n"),
        ('{"a-b":1}', "a_b", "1"),
        ('{"a":1,"b"', "a", "1"),
        ("text", "a", None),
    ],
)
def test_a_wanted_label_is_found_in(line: str, wanted: str, found: str | None) -> None:
    frame = JsonParser().apply(frame_of(line), StageContext(frozenset({wanted})))
    assert frame.column(wanted)[0].as_py() == found


@pytest.mark.parametrize("line", ['{"a":1}', '{"b": "x", "a": "y"}', '{"b":{"c":1},"a":true }', '{"b":{"c":1},"d":null}'])
def test_plain_lines_are_not_left_to_the_line_reader(line: str) -> None:
    assert not fast_json(frame_of(line), frozenset({"a"}))[1].any()


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
    assert fast_json(frame_of(('{"a":1}', labels)), frozenset(wanted))[1].tolist() == [slow]


def test_a_label_that_some_rows_were_stored_with_is_left_to_the_line_reader() -> None:
    assert fast_json(frame_of(('{"a":1}', {"a": "x"}), ('{"a":1}', {})), frozenset({"a"}))[1].tolist() == [True, True]
