from __future__ import annotations

import pytest

from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("{{index .level 0}}{{index .han 0}}", "105230"),
        ('{{index . "level"}}|{{index . "nosuch"}}', "info|"),
        ('{{index (fromJson __line__) "list" 2 "b"}}', "c"),
        ('{{index (fromJson __line__) "nosuch"}}{{index (fromJson __line__) "list" 1}}', "<no value><no value>"),
        ("{{index .level}}", "info"),
        ("{{slice .level}}|{{slice .level 1}}|{{slice .level 1 3}}|{{slice .level 4}}", "info|nfo|nf|"),
        ("{{slice .han 3 6}}", "本"),
        ("{{slice (fromJson __line__).list 0 1}}{{slice (fromJson __line__).list 0 1 3}}", "[1][1]"),
        ("{{len .level}} {{len .han}} {{len .}} {{len (fromJson __line__).list}} {{len (fromJson __line__).map}}", "4 9 6 3 1"),
        ("{{not .empty}} {{not 1}}", "true false"),
        ("{{print 1 2 `a`}}|{{println 1 `a`}}", "1 2a|1 a\n"),
        ("{{html `<a href='x'>&\"</a>`}}", "&lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt;"),
        ("{{html 1 2 nil}}", "1 2&lt;no value&gt;"),
        ('{{js `it\'s <b> "=&\\`}}{{js "\\n日\\u200b"}}', "it\\'s \\u003Cb\\u003E \\\"\\u003D\\u0026\\\\\\u000A日\\u200B"),
        ("{{urlquery `a b&c=d/é~` 1}}", "a+b%26c%3Dd%2F%C3%A9~1"),
    ],
)
def test_builtins(template: str, output: str) -> None:
    assert render(template) == output


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("index .level 99", "index out of range: 99"),
        ("index .level -1", "index out of range: -1"),
        ("index .level 4", "reflect: string index out of range"),
        ("index (fromJson __line__).list 3", "reflect: slice index out of range"),
        ("index .level `a`", "cannot index slice/array with type string"),
        ("index .level nil", "cannot index slice/array with nil"),
        ("index . 1", "value has type int; should be string"),
        ("index . nil", "value is nil; should be of type string"),
        ("index 1 1", "can't index item of type int"),
        ("index nil 1", "index of untyped nil"),
        ('index (fromJson __line__) "none" "x"', "index of nil pointer"),
        ("slice nil", "slice of untyped nil"),
        ("slice 1", "can't slice item of type int"),
        ("slice .level 1 2 3", "cannot 3-index slice a string"),
        ("slice .level 1 2 3 4", "too many slice indexes: 4"),
        ("slice .level 3 1", "invalid slice index: 3 > 1"),
        ("slice .level 5", "index out of range: 5"),
        ("slice (fromJson __line__).list 0 2 1", "invalid slice index: 2 > 1"),
        ("len 3", "len of type int"),
        ("len nil", "reflect: call of reflect.Value.Type on zero Value"),
        ("len (fromJson __line__).none", "len of nil pointer"),
    ],
)
def test_what_builtins_fail_with(call: str, reason: str) -> None:
    name = call.split()[0]
    assert failure(f"{{{{{call}}}}}") == f"1:2: <{call}>: error calling {name}: {reason}"
