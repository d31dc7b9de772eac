from __future__ import annotations

import pytest

from lgtm.logql.gotemplate import InvalidTemplate
from lgtm.logql.gotemplate.parser import parse
from lgtm.logql.gotemplate.syntax import Action, Range


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        (".a", ".a"),
        (" .a.b.c ", ".a.b.c"),
        (".a|len|print 1", ".a | len | print 1"),
        ("print  .a (len   .b)", "print .a (len .b)"),
        ("(len .a).b.c", "(len .a).b.c"),
        ("len.a", "len.a"),
        ("$x := 1", "$x := 1"),
        ("$.a", "$.a"),
        ("print nil true 'c' 1_0 `r` \"q\\n\" .", "print nil true 'c' 1_0 `r` \"q\\n\" ."),
    ],
)
def test_a_pipeline_prints_as_go_prints_it(written: str, printed: str) -> None:
    (action,) = parse(f"{{{{{written}}}}}", "t", ("len", "print")).body
    assert isinstance(action, Action)
    assert str(action.pipe) == printed


def test_a_range_declares_up_to_two_variables() -> None:
    (loop,) = parse("{{range $i, $e := .}}{{$i}}{{$e}}{{end}}", "t", ()).body
    assert isinstance(loop, Range)
    assert str(loop.pipe) == "$i, $e := ."


def test_variables_are_known_until_the_end_of_their_structure() -> None:
    parse("{{$x := 1}}{{if $x}}{{$y := $x}}{{$y = 2}}{{end}}{{$x}}", "t", ())
    with pytest.raises(InvalidTemplate, match=r'undefined variable "\$y"'):
        parse("{{if true}}{{$y := 1}}{{end}}{{$y}}", "t", ())


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("f", 'function "f" not defined'),
        ("$x", 'undefined variable "$x"'),
        (".a | 1", "non executable command in pipeline stage 2"),
        (".a | .", "non executable command in pipeline stage 2"),
        ("|", 'unexpected "|" in command'),
        ("len,", 'unexpected "," in operand'),
        ("1.a", 'bad number syntax: "1.a"'),
        ("nil.a", 'unexpected . after term "nil"'),
        ('"s".a', 'unexpected . after term "\\"s\\""'),
        ("()", "missing value for parenthesized pipeline"),
        ("(.a", "unclosed left paren"),
        ("$a, $b := .", "too many declarations in command"),
        ('"\\q"', "invalid syntax"),
        ("''", "invalid syntax"),
        ("'ab'", "malformed character constant: 'ab'"),
        ("0x", 'illegal number syntax: "0x"'),
        ("99999999999999999999", 'integer overflow: "99999999999999999999"'),
        (".a.", "unexpected <.> in operand"),
    ],
)
def test_what_is_no_pipeline_is_refused_in_gos_words(written: str, complaint: str) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        parse(f"{{{{{written}}}}}", "t", ("len",))
    assert str(refused.value) == f"template: t:1: {complaint}"


@pytest.mark.parametrize(
    ("written", "complaint"), [("$a, 5", "range can only initialize variables"), ("$a, $b, $c := .", "too many declarations in range")]
)
def test_a_range_declares_nothing_else(written: str, complaint: str) -> None:
    with pytest.raises(InvalidTemplate, match=complaint):
        parse(f"{{{{range {written}}}}}{{{{end}}}}", "t", ())
