from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.functions.strings import b64dec, b64enc, title, trunc, urldecode, urlencode
from lgtm.model.letter_case import lower, upper
from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("call", "output"),
    [
        ("upper `aß`", "Aß"),
        ("lower `ΣAΣ İ`", "σaσ i"),
        ("title `hello wOrld-foo_bar 1a été`", "Hello WOrld-Foo_bar 1a Été"),
        ("trim ` \\u00a0x\\t`", "\\u00a0x\\t"),
        ('trim " \\u00a0x\\t\\x1c"', "x\t\x1c"),
        ("trimAll `$` `$$5$`", "5"),
        ("trimAll `` `a`", "a"),
        ("trimPrefix `a` `aab`", "ab"),
        ("trimSuffix `b` `abb`", "ab"),
        ("trunc 5 .path", "/api/"),
        ("trunc -3 .path", "ers"),
        ("trunc 100 .path", "/api/v1/users"),
        ("trunc -100 .path", "/api/v1/users"),
        ("trunc 0 .path", ""),
        ("trunc 3 .han", "日"),
        ("trunc -3 .han", "語"),
        ("substr 0 3 .han", "日"),
        ("substr 2 99 `abcdef`", "cdef"),
        ("substr 2 -1 `abcdef`", "cdef"),
        ("substr -1 3 `abcdef`", "abc"),
        ("contains `api` .path", "true"),
        ("hasPrefix `/api` .path", "true"),
        ("hasSuffix `x` .path", "false"),
        ("replace `/` `.` .path", ".api.v1.users"),
        ("replace `` `-` `ab`", "-a-b-"),
        ("repeat 3 `ab`", "ababab"),
        ("repeat 0 `ab`", ""),
        ('indent 2 "a\\nb"', "  a\n  b"),
        ('nindent 1 "a"', "\n a"),
        ("alignLeft 3 `日本語x`", "日本語"),
        ("alignLeft 6 `ab`", "ab    "),
        ("alignLeft -1 `ab`", "ab"),
        ("alignRight 3 `日本語x`", "本語x"),
        ("alignRight 6 `ab`", "    ab"),
        ("alignRight 0 `ab`", ""),
        ("b64enc `héé`", "aMOpw6k="),
        ("b64dec `aMOpw6k=`", "héé"),
        ("b64dec `aMOpw6k`", "héé"),
        ("b64dec `a`", "illegal base64 data at input byte 1"),
        ("b64dec `ab!d`", "illegal base64 data at input byte 2"),
        ("urlencode `a b&c=d/é+~*`", "a+b%26c%3Dd%2F%C3%A9%2B~%2A"),
        ("urldecode `caf%C3%A9+x`", "café x"),
        ("ToLower `AB`", "ab"),
        ("ToUpper `ab`", "AB"),
        ("Replace .path `/` `:` 1", ":api/v1/users"),
        ("Replace .path `/` `:` -1", ":api:v1:users"),
        ("Trim `xax` `x`", "a"),
        ("TrimLeft `xax` `x`", "ax"),
        ("TrimRight `xax` `x`", "xa"),
        ("TrimPrefix `xxa` `x`", "xa"),
        ("TrimSuffix `axx` `x`", "ax"),
        ("TrimSpace ` a `", "a"),
    ],
)
def test_functions_on_text(call: str, output: str) -> None:
    assert render(f"{{{{{call}}}}}") == output


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("substr 9 99 `abcdef`", "runtime error: slice bounds out of range [9:6]"),
        ("substr 4 2 `abcdef`", "runtime error: slice bounds out of range [4:2]"),
        ("substr -1 9 `abcdef`", "runtime error: slice bounds out of range [:9] with length 6"),
        ("substr -1 -1 `abcdef`", "runtime error: slice bounds out of range [:-1]"),
        ("repeat -1 `ab`", "strings: negative Repeat count"),
        ("indent -1 `ab`", "strings: negative Repeat count"),
        ("repeat 1000000000 `ab`", "text of more than 1048576 characters"),
        ("indent 1000000000 `ab`", "text of more than 1048576 characters"),
        ("alignLeft 1000000000 `ab`", "text of more than 1048576 characters"),
        ("alignRight 1000000000 `ab`", "text of more than 1048576 characters"),
        ("urldecode `%zz`", 'invalid URL escape "%zz"'),
        ("urldecode `a%4`", 'invalid URL escape "%4"'),
    ],
)
def test_what_functions_on_text_fail_with(call: str, reason: str) -> None:
    assert failure(f"{{{{{call}}}}}") == f"1:2: <{call}>: error calling {call.split()[0]}: {reason}"


def test_a_replacement_is_bounded_before_it_is_made() -> None:
    assert failure("{{replace `` __line__ __line__}}", line="x" * 100_000).endswith("text of more than 1048576 characters")


@given(st.text())
def test_what_is_encoded_decodes(text: str) -> None:
    assert b64dec(b64enc(text)) == text
    assert b64dec(b64enc(text).rstrip("=")) == text
    assert urldecode(urlencode(text)) == text


@given(st.text())
def test_case_changes_no_count_of_characters(text: str) -> None:
    assert len(upper(text)) == len(lower(text)) == len(title(text)) == len(text)


@given(st.integers(-12, 12), st.text(max_size=8))
def test_trunc_counts_bytes(count: int, text: str) -> None:
    data = text.encode()
    expected = data[:count] if count >= 0 else data[max(len(data) + count, 0) :]
    assert trunc(count, text).encode("utf-8", "surrogateescape") == expected
