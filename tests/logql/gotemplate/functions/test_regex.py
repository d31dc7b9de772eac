from __future__ import annotations

import pytest

from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("call", "output"),
    [
        (r'regexReplaceAll "(\\d)(\\d)" "12345" "$2$1"', "21435"),
        (r"regexReplaceAll `/(v\d)/` .path `/${1}x/`", "/api/v1x/users"),
        (r"regexReplaceAll `/(v\d)/` .path `/$1x/`", "/api//users"),
        (r"regexReplaceAll `(?P<n>v\d)` .path `<$n>$$`", "/api/<v1>$/users"),
        (r"regexReplaceAll `v` .path `$9 $ ${ $(`", "/api/ $ ${ $(1/users"),
        (r"regexReplaceAll `(x)?v` .path `[$1]`", "/api/[]1/users"),
        (r"regexReplaceAll `a*` `baaac` `x`", "xbxcx"),
        (r"regexReplaceAll `` .han `-`", "-日-本-語-"),
        (r"regexReplaceAll `.` .han `x`", "xxx"),
        (r"regexReplaceAll `^a` `aaa` `b`", "baa"),
        (r"regexReplaceAll `\bx` `x xx` `y`", "y yx"),
        (r"regexReplaceAllLiteral `/(v\d)/` .path `/${1}x/`", "/api/${1}x/users"),
        (r"count `/` .path", "3"),
        (r"count `a|` `aab`", "3"),
        (r"count `` .han", "4"),
    ],
)
def test_matches_and_replacements_are_gos(call: str, output: str) -> None:
    assert render(f"{{{{{call}}}}}") == output


@pytest.mark.parametrize("name", ["regexReplaceAll", "regexReplaceAllLiteral", "count"])
def test_a_pattern_that_is_none_fails_in_gos_words(name: str) -> None:
    args = '"(" __line__' + (' "x"' if name != "count" else "")
    assert failure(f"{{{{{name} {args}}}}}").endswith(f"error calling {name}: error parsing regexp: missing closing ): `(`")


@pytest.mark.parametrize(
    "template",
    [
        "{{range 100000}}{{$x := count `a.*b|a` __line__}}{{end}}",
        "{{range $i := 100000}}{{$x := count (print $i `(x{100}){9}`) `a`}}{{end}}",
        "{{regexReplaceAll `` __line__ `x`}}",
    ],
)
def test_searching_is_work(template: str) -> None:
    assert failure(template, line="a" * 100_001).endswith("more than 100000 steps of work")


def test_a_replacement_is_bounded() -> None:
    template = "{{regexReplaceAll `a` __line__ `" + "x" * 1_000 + "`}}"
    assert failure(template, line="a" * 2_000).endswith("text of more than 1048576 characters")
