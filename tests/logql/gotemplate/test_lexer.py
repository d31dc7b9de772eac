from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.lexer import Kind, Token, tokens


def lexed(text: str) -> str:
    return " ".join(f"{token.kind.name}:{token.value}" for token in tokens(text) if token.kind not in (Kind.SPACE, Kind.END_OF_TEXT))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a}}b", "TEXT:a}}b"),
        ("a{{.b}}c", "TEXT:a LEFT_DELIM:{{ FIELD:.b RIGHT_DELIM:}} TEXT:c"),
        ("a  {{- .b -}}  c", "TEXT:a LEFT_DELIM:{{ FIELD:.b RIGHT_DELIM:}} TEXT:c"),
        ("{{-3}}", "LEFT_DELIM:{{ NUMBER:-3 RIGHT_DELIM:}}"),
        ("{{- 3 }}", "LEFT_DELIM:{{ NUMBER:3 RIGHT_DELIM:}}"),
        ("a {{- /* c */ -}} b", "TEXT:a TEXT:b"),
        ("{{.a.b $x nil true if f .}}", "LEFT_DELIM:{{ FIELD:.a FIELD:.b VARIABLE:$x NIL:nil BOOL:true KEYWORD:if IDENTIFIER:f DOT:. RIGHT_DELIM:}}"),
        ("{{$x:=1|$y=2,}}", "LEFT_DELIM:{{ VARIABLE:$x DECLARE::= NUMBER:1 PIPE:| ERROR:bad character U+003D '='"),
        ("{{$x := 1}}", "LEFT_DELIM:{{ VARIABLE:$x DECLARE::= NUMBER:1 RIGHT_DELIM:}}"),
        ("{{(.a),}}", "LEFT_DELIM:{{ LEFT_PAREN:( FIELD:.a RIGHT_PAREN:) CHAR:, RIGHT_DELIM:}}"),
        ('{{"a\\"}}" `}}` \'x\'}}', 'LEFT_DELIM:{{ STRING:"a\\"}}" RAW_STRING:`}}` CHARACTER:\'x\' RIGHT_DELIM:}}'),
        ("{{1_000 0x1F .5 1e3 1+2i 3i}}", "LEFT_DELIM:{{ NUMBER:1_000 NUMBER:0x1F NUMBER:.5 NUMBER:1e3 COMPLEX:1+2i NUMBER:3i RIGHT_DELIM:}}"),
        ("{{.ünï}}", "LEFT_DELIM:{{ FIELD:.ünï RIGHT_DELIM:}}"),
    ],
)
def test_tokens(text: str, expected: str) -> None:
    assert lexed(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{", "unclosed action"),
        ("{{.a", "unclosed action"),
        ("{{/* a", "unclosed comment"),
        ("{{/* a */ }}", "comment ends before closing delimiter"),
        ("{{(.a}}", "unclosed left paren"),
        ("{{.a)}}", "unexpected right paren"),
        ("{{:}}", "expected :="),
        ('{{"a}}', "unterminated quoted string"),
        ("{{`a}}", "unterminated raw quoted string"),
        ("{{'a}}", "unterminated character constant"),
        ("{{1x}}", 'bad number syntax: "1x"'),
        ("{{1+2}}", 'bad number syntax: "1+2"'),
        ("{{.a-b}}", "bad character U+002D '-'"),
        ("{{f²}}", "bad character U+00B2 '²'"),
        ("{{\x01}}", "unrecognized character in action: U+0001"),
        ("{{€}}", "unrecognized character in action: U+20AC '€'"),
    ],
)
def test_what_is_no_token_ends_the_tokens_with_a_complaint(text: str, complaint: str) -> None:
    *_, last = tokens(text)
    assert (last.kind, last.value) == (Kind.ERROR, complaint)


def test_tokens_know_their_line() -> None:
    assert [(token.value, token.line) for token in tokens("a\n{{.b\n}}\nc")] == [
        ("a\n", 1),
        ("{{", 2),
        (".b", 2),
        ("\n", 2),
        ("}}", 3),
        ("\nc", 3),
        ("", 4),
    ]


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (Token(Kind.END_OF_TEXT, 0, 1, ""), "EOF"),
        (Token(Kind.KEYWORD, 0, 1, "end"), "<end>"),
        (Token(Kind.DOT, 0, 1, "."), "<.>"),
        (Token(Kind.FIELD, 0, 1, ".abc"), '".abc"'),
        (Token(Kind.FIELD, 0, 1, ".abcdefghijk"), '".abcdefghi"...'),
        (Token(Kind.ERROR, 0, 1, "unclosed action"), "unclosed action"),
    ],
)
def test_a_token_shows_in_complaints(token: Token, shown: str) -> None:
    assert str(token) == shown


@given(st.text(alphabet="{}-/* .a\n()|$=:\"'`1+", max_size=40))
def test_the_text_of_every_token_stands_at_its_position(text: str) -> None:
    found = list(tokens(text))
    assert found[-1].kind in (Kind.END_OF_TEXT, Kind.ERROR)
    for token in found[:-1]:
        assert text.startswith(token.value, token.pos)
