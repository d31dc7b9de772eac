"""Forms of several parts are read as Go reads them, and what is none is refused."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.loki.multipart import PARTS_MAX, InvalidMultipart, multipart_values

TYPE = "multipart/form-data; boundary=XX"


def part(headers: str, content: str) -> str:
    return f"--XX\r\n{headers}\r\n\r\n{content}\r\n"


def named(name: str, content: str) -> str:
    return part(f'Content-Disposition: form-data; name="{name}"', content)


def values(*parts: str) -> list[tuple[str, str]]:
    return multipart_values(("".join(parts) + "--XX--\r\n").encode(), TYPE)


@given(st.lists(st.tuples(st.text("abc[]é", min_size=1, max_size=5), st.text(max_size=8).map(lambda text: text.encode("utf-8", "replace").decode()))))
def test_what_a_client_encodes_is_read_back(pairs: list[tuple[str, str]]) -> None:
    files = [(name, (None, value.encode())) for name, value in pairs]
    request = httpx.Request("POST", "http://a", files=files)  # None: no file
    if pairs:
        assert multipart_values(request.read(), request.headers["content-type"]) == pairs


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ('Content-Disposition: form-data; name="query"', [("query", "1")]),
        ("content-disposition: FORM-DATA; name=query", [("query", "1")]),
        ('Content-Type: text/plain\r\nContent-Disposition: form-data; name="a\\"b"', [('a"b', "1")]),
        ('Content-Disposition: form-data; name="f"; filename="f.txt"', []),
        ('Content-Disposition: form-data; name="f"; filename=""', [("f", "1")]),
        ('Content-Disposition: attachment; name="query"', []),
        ("Content-Disposition: form-data", []),
        ("Content-Type: text/plain", []),
    ],
)
def test_only_named_parts_that_are_no_files_count(headers: str, found: list[tuple[str, str]]) -> None:
    assert values(part(headers, "1")) == found


def test_a_value_may_hold_anything_but_the_boundary() -> None:
    assert values(named("a", "--X\r\n\r\n--"), named("a", "")) == [("a", "--X\r\n\r\n--"), ("a", "")]


@pytest.mark.parametrize(
    ("body", "content_type", "complaint"),
    [
        (named("a", "1") + "--XX--", "multipart/form-data", "boundary"),
        (named("a", "1"), TYPE, "unexpected EOF"),
        ("", TYPE, "unexpected EOF"),
        ("--XX\r\nno header--XX\r\n--XX--", TYPE, "malformed MIME header"),
        ("--XX and more\r\n\r\n\r\n--XX--", TYPE, "malformed MIME header"),
        (named("a", "1") * (PARTS_MAX + 1) + "--XX--", TYPE, "parts"),
    ],
)
def test_what_is_no_such_form_is_refused(body: str, content_type: str, complaint: str) -> None:
    with pytest.raises(InvalidMultipart, match=complaint):
        multipart_values(body.encode(), content_type)
