from __future__ import annotations

import pytest

from lgtm.logql.gotemplate.limits import VALUE_LENGTH_MAX
from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{trunc}}", "1:2: <trunc>: wrong number of args for trunc: want 2 got 0"),
        ("{{.level | trunc}}", "1:11: <trunc>: wrong number of args for trunc: want 2 got 1"),
        ("{{printf}}", "1:2: <printf>: wrong number of args for printf: want at least 1 got 0"),
        ("{{and}}", "1:2: <and>: wrong number of args for and: want at least 1 got 0"),
        ("{{__line__ 1}}", "1:2: <__line__>: wrong number of args for __line__: want 0 got 1"),
        ("{{upper 1}}", "1:8: <1>: expected string; found 1"),
        ("{{upper true}}", "1:8: <true>: expected string; found true"),
        ("{{upper nil}}", "1:8: <nil>: cannot assign nil to string"),
        ("{{upper .}}", "1:8: <.>: wrong type for value; expected string; got map[string]string"),
        ("{{upper (len .level)}}", "1:13: <.level>: wrong type for value; expected string; got int"),
        ('{{upper (fromJson "null")}}', '1:18: <"null">: invalid value; expected string'),
        ("{{upper (fromJson __line__).none}}", "1:18: <__line__>: wrong type for value; expected string; got interface {}"),
        ("{{1 | upper}}", "1:6: <upper>: wrong type for value; expected string; got int"),
        ('{{1 | trimAll "x"}}', '1:14: <"x">: wrong type for value; expected string; got int'),
        ("{{trunc 1.5 .level}}", "1:8: <1.5>: expected integer; found 1.5"),
        ("{{trunc `1` .level}}", "1:8: <`1`>: expected integer; found `1`"),
        ("{{trunc .status .level}}", "1:8: <.status>: wrong type for value; expected int; got string"),
        ("{{trunc (add 1 1) .level}}", "1:15: <1>: wrong type for value; expected int; got int64"),
        ("{{unixEpoch 1}}", "1:12: <1>: can't handle 1 for arg of type time.Time"),
        ("{{unixEpoch .level}}", "1:12: <.level>: wrong type for value; expected time.Time; got string"),
        ("{{round 1 1 `x`}}", "1:12: <`x`>: expected float; found `x`"),
        ("{{round 1 1 .status}}", "1:12: <.status>: wrong type for value; expected float64; got string"),
        ("{{__timestamp__.Add 1.5}}", "1:20: <1.5>: expected integer; found 1.5"),
    ],
)
def test_arguments_are_checked_as_go_checks_them(template: str, expected: str) -> None:
    assert failure(template) == expected


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("{{trunc 2.0 .level}}", "in"),
        ("{{trunc 'A' .level}}", "info"),
        ("{{round 1.26 1 0.7}}", "1.2"),
        ("{{__timestamp__.Add 1000000000 | unixEpoch}}", "1795172390"),
        ("{{print nil (fromJson `null`) (fromJson __line__).none}}", "<nil> <nil> <nil>"),
    ],
)
def test_literals_take_the_type_of_their_parameter(template: str, output: str) -> None:
    assert render(template) == output


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("{{and 1 0 (div 1 0)}}", "0"),
        ("{{or 0 `x` (div 1 0)}}", "x"),
        ("{{and 1 2}}{{or 0 false}}{{or 0 nil}}", "2false<no value>"),
        ("{{0 | and 1}}{{3 | and 2}}{{3 | or 0}}{{3 | or 2}}", "0332"),
    ],
)
def test_and_and_or_stop_at_the_argument_that_decides(template: str, output: str) -> None:
    assert render(template) == output


def test_an_argument_that_is_not_needed_is_still_checked_when_it_is_reached() -> None:
    assert failure("{{and 1 (div 1 0)}}") == "1:9: <div 1 0>: error calling div: runtime error: integer divide by zero"


def test_what_a_function_makes_is_bounded() -> None:
    assert failure("{{html __line__}}", line="<" * (VALUE_LENGTH_MAX // 2)) == f"1:7: <__line__>: text of more than {VALUE_LENGTH_MAX} characters"
