"""Parameters of the URL and of a form body are one set."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.loki.query_server import QueryServer
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.form import INLINE_BYTES_MAX, PAIRS_MAX, InvalidForm, parse_form

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PATH = "/loki/api/v1/query_range"


@given(st.lists(st.tuples(st.text(max_size=5).filter(bool), st.text(max_size=8))))
def test_what_was_encoded_is_read_back(pairs: list[tuple[str, str]]) -> None:
    pairs = [(n.encode("utf-8", "replace").decode(), v.encode("utf-8", "replace").decode()) for n, v in pairs]
    form = parse_form(urlencode(pairs))
    for name in {name for name, _ in pairs}:
        assert form.all(name) == [value for other, value in pairs if other == name]


def test_earlier_texts_win() -> None:
    form = parse_form("limit=2", "limit=4&query=x")
    assert (form.get("limit"), form.get("query"), form.get("none")) == ("2", "x", "")
    assert form.all("limit") == ["2", "4"]


@pytest.mark.parametrize(
    ("text", "problem"), [("a=%zz", 'invalid URL escape "%zz"'), ("%=1", 'invalid URL escape "%"'), ("a=%f", 'invalid URL escape "%f"')]
)
def test_a_broken_escape_is_named(text: str, problem: str) -> None:
    with pytest.raises(InvalidForm) as refused:
        parse_form(text)
    assert str(refused.value) == problem


def test_a_lenient_reader_goes_on_behind_what_cannot_be_read() -> None:
    form = parse_form("a=%zz&b=1;c=2&d=4", "a=5", lenient=True)
    assert (dict(form.values), str(form.error)) == ({"d": ["4"], "a": ["5"]}, 'invalid URL escape "%zz"')
    assert parse_form("a=1", lenient=True).error is None


def test_a_flood_of_parameters_is_refused() -> None:
    with pytest.raises(InvalidForm, match=f"more than {PAIRS_MAX} parameters"):
        parse_form("a&" * (PAIRS_MAX + 1))


def test_bytes_that_are_no_text_do_not_break_it() -> None:
    assert parse_form("a=%ff").get("a") == "\ufffd"


async def test_a_form_body_is_merged_with_the_url_and_comes_first(server: QueryServer) -> None:
    response = await server.ask("POST", PATH, {"query": '{app="a"}', "limit": "4"}, FORM, "limit=2&start=10&end=20")
    assert response.status_code == 200
    assert (server.engine.asked["expr"], server.engine.asked["limit"]) == ('{app="a"}', 2)


async def test_other_bodies_are_not_read(server: QueryServer) -> None:
    response = await server.ask("POST", PATH, {"query": '{app="a"}'}, {"Content-Type": "application/json"}, "limit=2")
    assert response.status_code == 200
    assert server.engine.asked["limit"] == 100


async def test_a_large_form_is_refused() -> None:
    server = QueryServer(QueryApiConfig(form_bytes_max=100))
    response = await server.ask("POST", PATH, None, FORM, "query=" + "x" * 100)
    server.side.close()
    assert (response.status_code, response.text) == (413, "request body too large: a form has at most 100 bytes\n")


async def test_parameters_of_a_url_are_bounded_like_a_form() -> None:
    server = QueryServer(QueryApiConfig(form_bytes_max=100))
    assert (await server.get(PATH, {"query": "x" * 100})).status_code == 413
    server.side.close()


async def test_long_queries_are_read_like_short_ones(server: QueryServer) -> None:
    query = '{app="a"}' + ' |= "x"' * 6_000
    assert len(query) > INLINE_BYTES_MAX
    response = await server.ask("POST", PATH, None, FORM, urlencode({"query": query, "limit": 3}))
    assert response.status_code == 200, response.text
    assert (server.engine.asked["limit"], server.engine.asked["expr"]) == (3, query)
