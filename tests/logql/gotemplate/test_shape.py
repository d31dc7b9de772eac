from __future__ import annotations

import pytest

from lgtm.logql.gotemplate.functions import FUNCTIONS
from lgtm.logql.gotemplate.parser import parse
from lgtm.logql.gotemplate.shape import fields, height, weight


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x{{__line__}}", set()),
        ("{{.a}}{{.b.c}}{{$.d}}", {"a", "b", "d"}),
        ("{{if .a}}{{.b}}{{else if .c}}{{else}}{{.d}}{{end}}", {"a", "b", "c", "d"}),
        ("{{print .a (len .b) (upper .c).d}}", {"a", "b", "c"}),
        ("{{$x := .a}}{{$x}}{{$x.b}}", {"a"}),
        ("{{with .a}}{{.b}}{{$.c}}{{else}}{{.d}}{{end}}", {"a", "c", "d"}),
        ("{{range .a}}{{.b}}{{.}}{{else}}{{.d}}{{end}}", {"a", "d"}),
        ('{{define "u"}}{{.a}}{{.}}{{end}}{{template "u" .b}}', {"b"}),
        ("{{.}}", None),
        ("{{$}}", None),
        ("{{range $}}{{end}}", None),
        ('{{template "t" .}}', None),
        ('{{index . "a"}}', None),
        ("{{if .a}}{{print .}}{{end}}", None),
        ("{{with .a}}{{$}}{{end}}", None),
        ("{{$ = .a}}", None),
    ],
)
def test_a_template_tells_which_labels_it_may_read(text: str, expected: set[str] | None) -> None:
    assert fields(parse(text, "t", FUNCTIONS)) == expected


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("x", 0),
        ("{{.a}}", 0),
        ("{{if .a}}x{{end}}", 1),
        ("{{range .a}}{{if .b}}{{else}}x{{end}}{{end}}", 2),
        ("{{len (len (len .a))}}", 2),
        ("{{(.a).b}}", 1),
    ],
)
def test_height_counts_levels(text: str, levels: int) -> None:
    assert height(parse(text, "t", FUNCTIONS).body) == levels


def test_weight_grows_with_what_may_execute_but_not_with_bodies_of_loops() -> None:
    def of(text: str) -> int:
        return weight(parse(text, "t", FUNCTIONS).body)

    assert of("") < of("x") < of("{{.a}}") < of("{{print .a}}") < of("{{print (len .a)}}")
    assert of("{{if .a}}{{print .a .b}}{{end}}") > of("{{if .a}}{{end}}")
    assert of("{{range .a}}{{print .a .b}}{{end}}") == of("{{range .a}}{{end}}")
