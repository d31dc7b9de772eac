"""`line_format`: what the line becomes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate import compile_template
from lgtm.logql.stages import InvalidStage, JsonParser, LineFormat
from lgtm.logql.stages.line_format import render
from support.logframes import frame_of, lines_of, shown, through


def formatted(template: str, labels: Mapping[str, str], line: str = "the line") -> str:
    (found,) = lines_of(through(frame_of((line, labels)), LineFormat(template)))
    return found


@pytest.mark.parametrize(
    ("template", "labels", "line"),
    [
        ("", {}, ""),
        ("text", {}, "text"),
        ("{{.a}}", {"a": "1"}, "1"),
        ("{{.a}}", {}, ""),
        ("[{{.a}}] {{.b}}", {"a": "1"}, "[1] "),
        ("{{.a}}{{.a}}", {"a": "ü"}, "üü"),
        ("{{__line__}}!", {}, "the line!"),
        ("{{ __line__ | upper }}", {}, "THE LINE"),
        ("{{.a | upper}}", {"a": "x"}, "X"),
        ("{{if .a}}yes{{else}}no{{end}}", {}, "no"),
        ("{{ __timestamp__ | unixEpochNanos }}", {}, "1"),
        ("{{ default `none` .a }}", {}, "none"),
    ],
)
def test_the_line_is_what_the_template_makes_of_the_labels(template: str, labels: Mapping[str, str], line: str) -> None:
    assert formatted(template, labels) == line


def test_a_template_that_fails_keeps_the_line_and_marks_the_row() -> None:
    frame = through(frame_of(("first", {"n": "0"}), ("second", {"n": "2"})), LineFormat("{{ div 4 (int .n) }}"))
    assert lines_of(frame) == ["first", "2"]
    first, second = shown(frame)
    assert first["failed"].startswith("TemplateFormatErr: template: line:1:3: executing ")
    assert first["failed"].endswith("error calling div: runtime error: integer divide by zero")
    assert second == {"n": "2"}


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{{.__error__}}", ""),
        ("{{.__error_details__}}", ""),
        ("got {{.__error__}}", "got JSONParserErr"),
        ("{{.__error__}}.", "JSONParserErr."),
    ],
)
def test_errors_are_labels_unless_the_template_is_nothing_else(template: str, line: str) -> None:
    assert lines_of(through(frame_of("no json"), JsonParser(), LineFormat(template))) == [line]


@given(
    parts=st.lists(st.sampled_from(["{{.a}}", "{{.b}}", "{{__line__}}", " ", "x", "é"]), max_size=5),
    rows=st.lists(st.tuples(st.text("xy", max_size=2), st.dictionaries(st.sampled_from("ab"), st.text("z", min_size=1, max_size=2))), min_size=1),
)
def test_columns_side_by_side_say_what_the_template_says_row_by_row(parts: list[str], rows: list[tuple[str, dict[str, str]]]) -> None:
    text, frame = "".join(parts), frame_of(*rows)
    assert (lines_of(through(frame, LineFormat(text))), [None] * len(rows)) == render(compile_template(text), frame)


def test_a_template_that_is_none_is_refused_with_the_stage() -> None:
    with pytest.raises(InvalidStage) as raised:
        LineFormat("{{.a")
    assert str(raised.value) == """stage '| line_format "{{.a"' : invalid line template: template: line:1: unclosed action"""


def test_it_prints_as_logql() -> None:
    assert str(LineFormat('{{.a}} "')) == '| line_format "{{.a}} \\""'
