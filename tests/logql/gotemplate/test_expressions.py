from __future__ import annotations

import pytest

from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("{{.level}}|{{.nosuch}}|{{$.level}}", "info||info"),
        ("{{ . | len }}", "6"),
        ("{{ (fromJson __line__).map.k }} {{ (fromJson __line__).text }}", "v x"),
        ("{{ $j := fromJson __line__ }}{{ $j.map.k }}{{ $j.none }}{{ $j.nosuch }}", "v<no value><no value>"),
        ('{{ (fromJson "null").a.b }}', "<no value>"),
        ('{{ __timestamp__.UTC.Format "15:04" }}', "10:59"),
        ("{{ __timestamp__.UTC.Unix }}", "1795172389"),
        ('{{ "15:04" | __timestamp__.Format }}', "10:59"),
        ("{{ (__timestamp__.Sub (unixToTime `1795172389`)).Milliseconds }}", "529"),
        ("{{ (len .level) }}{{ ((len .level)) }}", "44"),
        ("{{ true }} {{ 1 }} {{ 1.0 }} {{ 1e3 }} {{ 0x1F }} {{ 'a' }} {{ `r` }} {{ \"\\t\" }}|{{ 1i }}", "true 1 1 1000 31 97 r \t|(0+1i)"),
        ("{{ -0x1e }}", "-30"),
        ("{{ $x := 1 }}{{ $y := print $x 2 }}{{ $x = 3 }}{{ $x }}{{ $y }}", "31 2"),
        ("{{ $ = 1 }}{{ $ }}", "1"),
        ('{{ "a" | printf "%s%s" "b" | upper | len }}', "2"),
    ],
)
def test_what_a_pipeline_gives(template: str, output: str) -> None:
    assert render(template) == output


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{.level.x}}", "1:8: <.level.x>: can't evaluate field x in type string"),
        ("{{.nosuch.x}}", "1:9: <.nosuch.x>: can't evaluate field x in type string"),
        ("{{.level 1}}", "1:2: <.level>: level is not a method but has arguments"),
        ("{{1 | .level}}", "1:6: <.level>: level is not a method but has arguments"),
        ("{{nil}}", "1:2: <nil>: nil is not a command"),
        ("{{1 2}}", "1:2: <1>: can't give argument to non-function 1"),
        ("{{. 2}}", "1:2: <.>: can't give argument to non-function ."),
        ('{{"a" "b"}}', '1:2: <"a">: can\'t give argument to non-function "a"'),
        ("{{(len .level) 2}}", "1:2: <(len .level) 2>: can't give argument to non-function len .level"),
        ("{{$x := 1}}{{$x 2}}", "1:13: <$x>: can't give argument to non-function $x"),
        ("{{$x := 1}}{{2 | $x}}", "1:17: <$x>: can't give argument to non-function $x"),
        ("{{$x := 1}}{{$x.y}}", "1:15: <$x.y>: can't evaluate field y in type int"),
        ("{{$x = 1}}", "1:7: <1>: undefined variable: $x"),
        ("{{if false}}{{$x := 1}}{{else}}{{$x}}{{end}}", "1:33: <$x>: undefined variable: $x"),
        ("{{(fromJson __line__).none.x}}", "1:12: <__line__>: nil pointer evaluating interface {}.x"),
        ("{{(fromJson __line__).text.x}}", "1:12: <__line__>: can't evaluate field x in type interface {}"),
        ("{{(fromJson __line__).list.x}}", "1:12: <__line__>: can't evaluate field x in type interface {}"),
        ("{{(fromJson `5`).x}}", "1:12: <`5`>: can't evaluate field x in type float64"),
        ("{{(fromJson __line__).map 1}}", "1:12: <__line__>: map is not a method but has arguments"),
        ("{{__timestamp__.Nope}}", "1:2: <__timestamp__>: can't evaluate field Nope in type time.Time"),
        ("{{__timestamp__.Unix 1}}", "1:2: <__timestamp__>: wrong number of args for Unix: want 0 got 1"),
        ("{{__timestamp__.Format}}", "1:2: <__timestamp__>: wrong number of args for Format: want 1 got 0"),
        ("{{__timestamp__.Format 1}}", "1:23: <1>: expected string; found 1"),
        ("{{9223372036854775808}}", "1:2: <9223372036854775808>: 9223372036854775808 overflows int"),
        ("{{call .level}}", "1:2: <call .level>: error calling call: non-function .level of type string"),
        ("{{.level | call}}", "1:11: <call>: error calling call: non-function info of type string"),
        ("{{1 | call}}", "1:6: <call>: error calling call: non-function <int Value> of type int"),
        ("{{call nil}}", "1:2: <call nil>: error calling call: call of nil"),
        ("a\n  {{.level.x}}", "2:10: <.level.x>: can't evaluate field x in type string"),
        ("日本{{.level.x}}", "1:14: <.level.x>: can't evaluate field x in type string"),
    ],
)
def test_what_a_pipeline_fails_with(template: str, expected: str) -> None:
    assert failure(template) == expected
