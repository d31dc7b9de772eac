from __future__ import annotations

import pytest

from lgtm.logql.gotemplate.limits import INVOCATION_DEPTH_MAX, VALUE_LENGTH_MAX, WORK_MAX
from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("{{if .level}}a{{else}}b{{end}}{{if .empty}}a{{else}}b{{end}}{{if .nosuch}}a{{end}}", "ab"),
        ("{{if .empty}}a{{else if .level}}b{{else}}c{{end}}", "b"),
        ("{{if $x := .empty}}a{{else if $y := .level}}{{$x}}{{$y}}{{end}}", "info"),
        ("{{with .level}}{{.}}{{$.status}}{{else}}b{{end}}", "info200"),
        ("{{with .empty}}a{{else}}{{.level}}{{end}}", "info"),
        ("{{with .empty}}a{{else with .level}}{{.}}{{else}}c{{end}}", "info"),
        ("{{with $x := .level}}{{$x}}{{end}}", "info"),
        ("{{range (fromJson __line__).list}}[{{.}}]{{end}}", "[1][<no value>][map[b:c]]"),
        ("{{range $i, $e := (fromJson __line__).list}}{{$i}}:{{$e}};{{end}}", "0:1;1:<no value>;2:map[b:c];"),
        ("{{range $e := (fromJson __line__).map}}{{$e}}{{end}}", "v"),
        ("{{range $k, $v := .}}{{$k}}={{$v}};{{end}}", "empty=;han=日本語;level=info;path=/api/v1/users;status=200;user=zoë;"),
        ("{{range 3}}{{.}}{{end}}{{range $i := 2}}{{$i}}{{end}}", "01201"),
        ("{{range 0}}a{{else}}b{{end}}{{range -1}}a{{else}}b{{end}}", "bb"),
        ("{{range fromJson `[]`}}a{{else}}b{{end}}{{range fromJson `null`}}a{{else}}b{{end}}", "bb"),
        ("{{range 5}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{else}}none{{end}}", "02"),
        ("{{range 2}}{{range 3}}{{if eq . 1}}{{break}}{{end}}{{.}}{{end}};{{end}}", "0;0;"),
        ("{{$x := 0}}{{range $x = 3}}{{end}}{{$x}}", "2"),
        ("{{$x := 0}}{{range 3}}{{$x = add $x .}}{{end}}{{$x}}", "3"),
        ("{{$x := 1}}{{range 2}}{{$x := 5}}{{$x}}{{end}}{{$x}}", "551"),
        ('{{define "t"}}<{{.}}>{{end}}{{template "t" .level}}{{template "t"}}', "<info><<no value>>"),
        ('{{define "t"}}{{$x := 5}}{{$.level}}{{end}}{{$x := 1}}{{template "t" .}}{{$x}}', "info1"),
        ('{{block "b" .status}}[{{.}}]{{end}}{{template "b" 1}}', "[200][1]"),
        ('{{define "down"}}{{.}}{{if gt . 0}}{{template "down" int (sub . 1)}}{{end}}{{end}}{{template "down" 3}}', "3210"),
        ('{{define "line"}}itself{{end}}', "itself"),
        ("a{{/* nothing */}}b", "ab"),
    ],
)
def test_control_structures(template: str, output: str) -> None:
    assert render(template) == output


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{range .level}}{{end}}", "1:8: <.level>: range can't iterate over info"),
        ("{{range 1.5}}{{end}}", "1:8: <1.5>: range can't iterate over 1.5"),
        ("{{range true}}{{end}}", "1:8: <true>: range can't iterate over true"),
        ("{{range $i, $e := 3}}{{end}}", "1:18: <3>: can't use 3 to iterate over more than one variable"),
        ('{{template "x"}}', '1:11: <{{template "x"}}>: template "x" not defined'),
        ('{{define "t"}}{{.a.b}}{{end}}{{template "t" .}}', '1:18: "t" <.a.b>: can\'t evaluate field b in type string'),
    ],
)
def test_what_control_structures_fail_with(template: str, expected: str) -> None:
    assert failure(template) == expected


STEPS = f"more than {WORK_MAX} steps of work"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{range 1000000000}}{{end}}", STEPS),
        ("{{range 9000}}{{range 9000}}{{end}}{{end}}", STEPS),
        ("{{range 1000000}}{{$x := upper `" + "x" * 300 + "`}}{{end}}", STEPS),
        ('{{define "t"}}{{range 1000}}{{template "u"}}{{end}}{{end}}{{define "u"}}{{range 1000}}{{end}}{{end}}{{template "t"}}', STEPS),
        ("{{$j := fromJson `{}`}}{{range 200000}}{{range $j}}{{end}}{{end}}", STEPS),
        ('{{define "t"}}{{template "t" .}}{{end}}{{template "t" .}}', f"exceeded maximum template depth ({INVOCATION_DEPTH_MAX})"),
        ("{{$x := `ab`}}{{range 100}}{{$x = print $x $x}}{{end}}", f"error calling print: text of more than {VALUE_LENGTH_MAX} characters"),
        ("{{range 1000}}{{repeat 9000 `x`}}{{end}}", f"output of more than {VALUE_LENGTH_MAX} characters"),
    ],
)
def test_an_execution_is_bounded(template: str, reason: str) -> None:
    assert failure(template).endswith(": " + reason)


def test_deep_nesting_within_the_bounds_executes() -> None:
    assert render("{{if true}}" * 49 + "x" + "{{end}}" * 49) == "x"
    assert render("{{" + "(" * 49 + "len `a`" + ")" * 49 + "}}") == "1"


def test_bytes_that_are_no_character_leave_as_replacement_characters() -> None:
    assert render("{{trunc 4 .han}}") == "日\ufffd"
    assert render("{{trunc 4 .han}}{{substr 4 6 .han}}") == "日本"
