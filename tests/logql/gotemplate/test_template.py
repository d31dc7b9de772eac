from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.errors import BadRequest
from lgtm.logql.gotemplate import Field, InvalidTemplate, TemplateError, compile_template
from lgtm.logql.gotemplate.functions import FUNCTIONS
from logql.gotemplate.rendering import LABELS

RECORDED = [json.loads(line) for line in (Path(__file__).parent / "data" / "recorded.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("case", [case for case in RECORDED if "invalid" not in case], ids=lambda case: case["template"][:40])
def test_a_recorded_template_makes_what_was_recorded(case: dict[str, Any]) -> None:
    template = compile_template(case["template"], name=case["name"])
    try:
        made = {"output": template.execute(case["labels"], line=case["line"], ts_ns=case["ts_ns"])}
    except TemplateError as error:
        made = {"error": str(error)}
    assert made == {key: case[key] for key in ("output", "error") if key in case}


@pytest.mark.parametrize("case", [case for case in RECORDED if "invalid" in case], ids=lambda case: case["template"])
def test_a_recorded_text_that_is_no_template_is_refused_in_the_recorded_words(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        compile_template(case["template"], name=case["name"])
    assert str(refused.value) == case["invalid"]
    assert isinstance(refused.value, BadRequest)


@pytest.mark.parametrize(
    ("text", "parts", "literal"),
    [
        ("", (), ""),
        ("text", ("text",), "text"),
        ("a {{- /* no more */ -}} b", ("a", "b"), "ab"),
        ("{{.a}}", (Field("a"),), None),
        ("{{.a}}-{{ .b_c }}!", (Field("a"), "-", Field("b_c"), "!"), None),
        ("{{__line__}}", (Field("__line__", is_line=True),), None),
        ("{{.__line__}}", (Field("__line__"),), None),
        ("{{.a.b}}", None, None),
        ("{{.a | upper}}", None, None),
        ("{{$x := .a}}", None, None),
        ("{{.}}", None, None),
        ('{{"a"}}', None, None),
        ("{{if .a}}b{{end}}", None, None),
    ],
)
def test_a_template_tells_when_it_is_only_text_labels_and_the_line(text: str, parts: tuple[str | Field, ...] | None, literal: str | None) -> None:
    template = compile_template(text)
    assert (template.simple_parts, template.literal) == (parts, literal)


@pytest.mark.parametrize("text", ["", "x", "{{.level}}", "{{.nosuch}} {{.level}}|{{__line__}}|{{.user}}"])
def test_simple_parts_joined_are_the_output(text: str) -> None:
    template = compile_template(text)
    assert template.simple_parts is not None
    joined = "".join(part if isinstance(part, str) else "the line" if part.is_line else LABELS.get(part.name, "") for part in template.simple_parts)
    assert template.execute(LABELS, line="the line", ts_ns=0) == joined


def test_an_execution_leaves_nothing_behind() -> None:
    template = compile_template("{{$x := .a}}{{if .a}}{{$x = print $x 1}}{{end}}{{$x}}")
    outputs = [template.execute({"a": value}, line="", ts_ns=0) for value in ("p", "", "p")]
    assert outputs == ["p1", "", "p1"]


def test_errors_name_the_template() -> None:
    with pytest.raises(TemplateError, match=r'^template: label:1:4: executing "label" at <\.a\.b>: '):
        compile_template("{{.a.b}}", name="label").execute({"a": "x"}, line="", ts_ns=0)


WORDS = st.sampled_from(
    [
        *("{{", "}}", "{{- ", " -}}", "{{end}}", "{{else}}", "{{if ", "{{range ", "{{with ", "{{else if ", '{{define "x"}}', '{{template "x" .}}'),
        *("(", ")", "|", ",", ":=", "=", ".", "$", "$x", ".a", ".a.b", "nil", "true", "1", "-1.5", "0x1F", "1e400", "'c'", '"s"', '"%s%[9]d"', "`r`"),
        *("{{break}}", "{{continue}}", "/*", "*/", " ", "\n", "text", "é", "\\", '"', "fromJson __line__", "3000000000"),
        *sorted(FUNCTIONS),
    ]
)
TEMPLATES = st.one_of(
    st.text(max_size=60),
    st.lists(WORDS, max_size=25).map(" ".join),
    st.lists(WORDS, max_size=8).map(lambda words: f"{{{{ {' '.join(words)} }}}}"),
    st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.lists(WORDS, max_size=4)).map(lambda call: f"{{{{ {call[0]} {' '.join(call[1])} }}}}"),
)


@settings(max_examples=400, deadline=None)
@given(TEMPLATES, st.dictionaries(st.sampled_from("abx"), st.text(max_size=12)), st.text(max_size=40) | st.just('{"a": [1, null, {"b": 2}]}'))
def test_any_text_compiles_or_is_refused_and_then_makes_text_or_a_template_error(text: str, labels: dict[str, str], line: str) -> None:
    def outcome() -> str:
        try:
            return "template: line:" + compile_template(text).execute(labels, line=line, ts_ns=1_700_000_000_123_456_789)
        except (InvalidTemplate, TemplateError) as error:
            return str(error)

    assert outcome().startswith("template: line:")
    assert outcome().encode()


@settings(max_examples=200, deadline=None)
@given(TEMPLATES)
def test_labels_that_a_template_does_not_name_change_nothing(text: str) -> None:
    try:
        template = compile_template(text, now_ns=lambda: 0)
    except InvalidTemplate:
        return
    if template.fields is None:
        return

    def outcome(labels: dict[str, str]) -> str:
        try:
            return template.execute(labels, line="{}", ts_ns=0)
        except TemplateError as error:
            return str(error)

    named = dict.fromkeys(template.fields, "v")
    assert outcome(named) == outcome({**named, "unnamed": "w"})
