from __future__ import annotations

import pytest

from lgtm.logql.gotemplate import InvalidTemplate
from lgtm.logql.gotemplate.limits import NESTING_MAX, TEMPLATE_LENGTH_MAX
from lgtm.logql.gotemplate.parser import parse
from lgtm.logql.gotemplate.syntax import Action, Branch, Break, Continue, If, Invoke, Range, Text, With

FUNCTIONS = ("len", "print")


def complaint(text: str) -> str:
    with pytest.raises(InvalidTemplate) as refused:
        parse(text, "t", FUNCTIONS)
    return str(refused.value).removeprefix("template: t:")


def test_control_structures_become_nodes() -> None:
    tree = parse("a{{if .x}}b{{else if .y}}c{{else}}d{{end}}{{range .}}{{break}}{{else}}{{end}}{{with .z}}{{end}}", "t", FUNCTIONS)
    text, condition, loop, scope = tree.body
    assert text == Text("a")
    assert isinstance(condition, If)
    assert [(str(branch.pipe), branch.body) for branch in condition.branches] == [(".x", (Text("b"),)), (".y", (Text("c"),))]
    assert condition.otherwise == (Text("d"),)
    assert isinstance(loop, Range)
    assert loop.body == (Break(),)
    assert isinstance(scope, With)
    assert scope.branches == (Branch(scope.branches[0].pipe, ()),)


def test_continue_may_stand_in_a_condition_inside_a_loop() -> None:
    (loop,) = parse("{{range .}}{{if .}}{{continue}}{{end}}{{end}}", "t", FUNCTIONS).body
    assert isinstance(loop, Range)
    (condition,) = loop.body
    assert isinstance(condition, If)
    assert condition.branches[0].body == (Continue(),)


def test_named_templates_stand_beside_the_main_one() -> None:
    tree = parse('{{define "a"}}x{{end}}{{block "b" .c}}y{{end}}', "t", FUNCTIONS)
    assert {name: body for name, body in tree.defined.items() if name != "t"} == {"a": (Text("x"),), "b": (Text("y"),)}
    (invoke,) = tree.body
    assert isinstance(invoke, Invoke)
    assert str(invoke) == '{{template "b" .c}}'


def test_an_empty_definition_gives_way() -> None:
    assert parse('{{define "a"}} {{end}}{{define "a"}}x{{end}}{{define "a"}}{{end}}', "t", FUNCTIONS).defined["a"] == (Text("x"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{end}}", "1: unexpected {{end}}"),
        ("{{else}}", "1: unexpected {{else}}"),
        ("{{if .a}}", "1: unexpected EOF"),
        ("{{if .a}}{{else}}{{else}}{{end}}", "1: expected end; found {{else}}"),
        ("{{if .a}}{{else with .b}}{{end}}", "1: unexpected <with> in input"),
        ("{{if}}{{end}}", "1: missing value for if"),
        ("{{range}}{{end}}", "1: missing value for range"),
        ("{{with}}{{end}}", "1: missing value for with"),
        ("{{}}", "1: missing value for command"),
        ("{{template}}", '1: unexpected "}}" in template clause'),
        ("{{template .a}}", '1: unexpected ".a" in template clause'),
        ('{{block "a"}}{{end}}', "1: missing value for block clause"),
        ('{{define "a"}}', "1: unexpected EOF"),
        ('{{define "a"}}{{else}}{{end}}', "1: unexpected {{else}} in define clause"),
        ("{{define .a}}{{end}}", '1: unexpected ".a" in define clause'),
        ('{{if .a}}{{define "x"}}{{end}}{{end}}', "1: unexpected <define> in command"),
        ('{{define "a"}}x{{end}}{{define "a"}}y{{end}}', '1: template: multiple definition of template "a"'),
        ("{{break}}", "1: {{break}} outside {{range}}"),
        ('{{range .}}{{block "b" .}}{{continue}}{{end}}{{end}}', "1: {{continue}} outside {{range}}"),
        ("{{range .}}{{break 1}}{{end}}", '1: unexpected "1" in {{break}}'),
        ("a\nb\n{{.c", "3: unclosed action"),
        ("{{\n.a\n", "3: unclosed action started at t:1"),
        ("{{\n.a\n(", "3: unclosed action started at t:1"),
        ("{{\n\n:}}", "3: expected := in action started at t:1"),
        ("{{end 1}}", '1: unexpected "1" in end'),
        ("{{if .a}}{{else 1}}{{end}}", '1: unexpected "1" in else'),
    ],
)
def test_what_is_no_template_is_refused_in_gos_words(text: str, expected: str) -> None:
    assert complaint(text) == expected


@pytest.mark.parametrize("opening", ["{{if .a}}", "{{with .a}}", "{{range .a}}", "{{if .a}}x{{else}}{{if .b}}"])
def test_nesting_is_bounded(opening: str) -> None:
    assert complaint(opening * (NESTING_MAX + 1)).endswith(f"nested more than {NESTING_MAX} levels deep")


def test_parentheses_are_nesting_too() -> None:
    assert complaint("{{" + "(" * (NESTING_MAX + 1)).endswith(f"nested more than {NESTING_MAX} levels deep")


def test_length_is_bounded() -> None:
    assert complaint("x" * (TEMPLATE_LENGTH_MAX + 1)) == f" {TEMPLATE_LENGTH_MAX + 1} characters are more than {TEMPLATE_LENGTH_MAX}"


def test_a_long_chain_of_alternatives_is_no_nesting() -> None:
    (condition,) = parse("{{if .a}}" + "{{else if .b}}" * 1_000 + "{{end}}", "t", FUNCTIONS).body
    assert isinstance(condition, If)
    assert len(condition.branches) == 1_001


def test_an_action_holds_its_pipeline() -> None:
    (action,) = parse("{{ .a }}", "t", FUNCTIONS).body
    assert isinstance(action, Action)
    assert str(action.pipe) == ".a"
