"""`label_format`: labels renamed and set."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lgtm.logql.parser import parse_log_selector
from lgtm.logql.stages import InvalidStage, JsonParser, LabelFormat, Rename, SetTemplate
from support.logframes import Row, frame_of, shown, through


def formatted(text: str, labels: Mapping[str, str], line: str = "line") -> Row:
    (stage,) = parse_log_selector('{a="b"} | label_format ' + text).stages
    (row,) = shown(through(frame_of((line, labels)), stage))
    return row


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("new=old", {"old": "1"}, {"new": "1"}),
        ("new=old", {"other": "1"}, {"other": "1"}),
        ("new=old", {"new": "2"}, {"new": "2"}),
        ("new=old", {"old": "1", "new": "2"}, {"new": "1"}),
        ("b=a,c=b", {"a": "1"}, {"c": "1"}),
        ("b=a,a=b", {"a": "1"}, {"a": "1"}),
        ('a="{{.b}}"', {"b": "1"}, {"a": "1", "b": "1"}),
        ('a="{{.a}}{{.a}}"', {"a": "1"}, {"a": "11"}),
        ('a="text"', {}, {"a": "text"}),
        ('a="{{.none}}"', {"a": "1"}, {"a": ""}),
        ('a="{{.b | upper}}",b="{{.a}}"', {"a": "x", "b": "y"}, {"a": "Y", "b": "x"}),
        ('b=a,c="{{.b}}"', {"a": "1"}, {"b": "1", "c": "1"}),
        ('a="{{__line__}}"', {}, {"a": "line"}),
    ],
)
def test_labels_are_renamed_and_set_from_left_to_right(text: str, labels: Mapping[str, str], expected: Row) -> None:
    assert formatted(text, labels) == expected


def test_metadata_and_parsed_labels_are_renamed_like_those_of_the_stream() -> None:
    frame = frame_of('{"p":"1"}', metadata={"m": "2"})
    assert shown(through(frame, JsonParser(), LabelFormat((Rename("x", "p"), Rename("y", "m"))))) == [{"x": "1", "y": "2"}]


def test_a_template_that_fails_marks_the_row_and_leaves_the_label() -> None:
    row = formatted('a="{{ div 1 0 }}"', {"a": "1"})
    assert row["a"] == "1"
    assert row["failed"].startswith("TemplateFormatErr: template: label:1:3: ")


def test_each_row_has_its_own_text() -> None:
    (stage,) = parse_log_selector('{a="b"} | label_format x=a').stages
    assert shown(through(frame_of(("", {"a": "1"}), ("", {"b": "2"})), stage)) == [{"x": "1"}, {"b": "2"}]


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ((Rename("__error__", "a"),), "stage '| label_format __error__=a' : __error__ cannot be formatted"),
        (
            (Rename("a", "b"), SetTemplate("a", "x")),
            """stage '| label_format a=b,a="x"' : multiple label name 'a' not allowed in a single format operation""",
        ),
        (
            (SetTemplate("a", "{{"),),
            """stage '| label_format a="{{"' : invalid template for label 'a': template: label:1: unclosed action""",
        ),
    ],
)
def test_an_item_that_is_none_is_refused_with_the_stage(items: tuple[Rename | SetTemplate, ...], reason: str) -> None:
    with pytest.raises(InvalidStage) as raised:
        LabelFormat(items)
    assert str(raised.value) == reason
