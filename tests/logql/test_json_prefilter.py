"""The prefilter before `| json`, held against the filter itself: it may only drop what the filter drops."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.json_prefilter import JsonPrefilter
from lgtm.logql.parser import parse_log_selector
from lgtm.logql.stages import JsonParser, LabelFilterStage, StageContext
from support.logframes import frame_of, shown

ALL = StageContext(None)

FILTERS = [
    'a="x"', 'a="1"', 'a="a b"', 'a=""', 'a!="x"', 'a=~"x"', 'a_b="x"', 'a_b=""', 'a_extracted="x"', '__error__=""', '__error__="JSONParserErr"',
    "a>=500", "a>499.5", "a=500", "a==5", "a<500", "a!=5", "a>-3", "a>0.5", "a_b>=7", "a>1e300", "a>1KB", "a>=5B", "a<5B", "a>1s",
    'a=ip("10.0.0.1")', 'a!=ip("10.0.0.1")',
    'a="x" and a_b="x"', 'a>=500 and b="x"', 'b="x" and a>=500', 'a="x" or b="x"', 'a>=500 or b="x"', 'a>=500 or b!="x"',
]  # fmt: skip

keys = st.sampled_from(["a", "b", "a_b", "a-b", " a", "a ", r"\u0061", r"a\n", r"a\u005fb", "é", "", "A", "1", "aa", "b_a", "__error__"])
values = st.sampled_from(
    ['"x"', '"a b"', '"a\ufffdb"', r'"\u0078"', '"1"', '"10.0.0.1"', '"500"', '"5s"', '"2KB"', '""', "500", "499", "499.9", "500.5", "4999", "5000",
     "5e2", "5", "7", "07", "-5", "0.7", "1e400", "-", "5x", "true", "null", "[500]", '["x"]', "", "x"]
)  # fmt: skip


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    gap = draw(st.sampled_from(["", " ", "\n"]))
    return "{" + gap + ",".join(f'"{draw(keys)}"{gap}:{gap}{draw(inner)}' for _ in range(draw(st.integers(0, 3)))) + gap + "}"


lines = st.tuples(objects(values | objects(values)), st.sampled_from(["", "", "", "}", "x", '"'])).map("".join) | st.sampled_from(
    ["", "text", '{"a":500', '{"a":499', '{"a":"x"', '"a":500']
)
stored = st.dictionaries(st.sampled_from(["a", "b", "zone"]), st.sampled_from(["x", "500"]), max_size=1)


@given(st.lists(st.tuples(lines, stored), min_size=1, max_size=10), st.sampled_from(FILTERS))
def test_the_rows_and_their_labels_are_the_same_with_and_without_it(rows: list[tuple[str, Mapping[str, str]]], text: str) -> None:
    stage = _filter(text)
    frame = frame_of(*rows)
    ahead = JsonPrefilter(stage.filter).apply(frame, ALL)
    assert shown(stage.apply(JsonParser().apply(ahead, ALL), ALL)) == shown(stage.apply(JsonParser().apply(frame, ALL), ALL))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a="x"', '{"a":"y"}'),
        ('a="x"', '{"b":"x"}'),
        ('a="x"', "text"),
        ("a>=500", '{"a":499}'),
        ("a>=500", '{"a":99.5,"b":{"c":700}}'),
        ("a>=500", '{"b":700}'),
        ("a_b>=500", '{"a":{"b":12}}'),
        ('a="x" and b>=500', '{"a":"y","b":700}'),
        ('a="x" or b="x"', '{"a":"y","b":"y"}'),
    ],
)
def test_it_drops(text: str, line: str) -> None:
    assert not len(JsonPrefilter(_filter(text).filter).apply(frame_of(line), ALL))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a>=500", '{"a":499'),
        ("a>=500", "text"),
        ("a>=500", '{"a":"x"}'),
        ("a>=500", '{"a":1e3}'),
        ('a="é"', r'{"a":"\u00e9"}'),
        ('a="x"', r'{"\u0061":"x"}'),
        ('a!="x"', '{"a":"x"}'),
        ('a>=500 and b="x"', '{"a":"?","b":"x"}'),
    ],
)
def test_it_keeps_what_may_pass_or_be_marked(text: str, line: str) -> None:
    assert len(JsonPrefilter(_filter(text).filter).apply(frame_of(line), ALL)) == 1


def test_it_drops_nothing_by_a_label_that_rows_have_from_elsewhere() -> None:
    assert len(JsonPrefilter(_filter('zone="x"').filter).apply(frame_of(('{"a":1}', {"zone": "x"})), ALL)) == 1


def test_it_prints_the_stages_it_stands_for() -> None:
    assert str(JsonPrefilter(_filter('a="x"').filter)) == '| json | a="x"'


def _filter(text: str) -> LabelFilterStage:
    (stage,) = parse_log_selector('{app="x"} | ' + text).stages
    assert isinstance(stage, LabelFilterStage)
    return stage
