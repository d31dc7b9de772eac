"""Names, values and series come from the labels of streams that match."""

from __future__ import annotations

import pytest

from api.loki.query_server import NOW_NS, QueryServer
from lgtm.api.loki.labels import matcher_groups
from lgtm.api.loki.params import InvalidParameter
from lgtm.logql.errors import ParseError, WrongKind
from lgtm.model.window import Window

S = 10**9
LABELS, VALUES, SERIES = "/loki/api/v1/labels", "/loki/api/v1/label/app/values", "/loki/api/v1/series"
A, B, C = (("app", "a"), ("env", "dev")), (("app", "b"), ("env", "dev")), (("job", "c"),)


@pytest.fixture
def filled(server: QueryServer) -> QueryServer:
    server.engine.series_of_all = [A, B, C]
    return server


@pytest.mark.parametrize(
    ("path", "query", "data"),
    [
        (LABELS, "", ["app", "env", "job"]),
        (LABELS, '{app=~".+"}', ["app", "env"]),
        (VALUES, "", ["a", "b"]),
        (VALUES, '{app="b"}', ["b"]),
        ("/loki/api/v1/label/a%20b/values", "", None),
        ("/loki/api/v1/label/%C3%BCn/values", "", None),
        (LABELS, '{app="z"}', None),
    ],
)
async def test_names_and_values_are_sorted_and_left_out_when_there_are_none(
    filled: QueryServer, path: str, query: str, data: list[str] | None
) -> None:
    response = await filled.get(path, {"query": query})
    assert response.json() == {"status": "success"} | ({"data": data} if data else {})


async def test_the_time_range_reaches_the_engine_and_is_never_empty(filled: QueryServer) -> None:
    await filled.get(LABELS)
    assert filled.engine.asked["window"] == Window(NOW_NS - 3_600 * S, NOW_NS)
    await filled.get(LABELS, {"start": "5", "end": "5"})
    assert filled.engine.asked["window"] == Window(5 * S, 5 * S + 1)


@pytest.mark.parametrize(
    ("params", "data"),
    [
        ({}, [A, B, C]),
        ({"match[]": "{}"}, [A, B, C]),
        ({"match[]": ['{app="a"}', '{env="dev"}']}, [A, B]),
        ({"match": '{job="c"}', "match[]": '{app="a"}'}, [A, C]),
        ({"match[]": '{app="z"}'}, []),
    ],
)
async def test_series_fit_any_of_the_selectors(filled: QueryServer, params: dict[str, str], data: list[tuple[tuple[str, str], ...]]) -> None:
    response = await filled.get(SERIES, params)
    assert response.json() == {"status": "success", "data": [dict(each) for each in data]}


@pytest.mark.parametrize(
    ("groups", "error", "text"),
    [
        (["{}", '{a="b"}'], InvalidParameter, "0 matchers in group: {}"),
        ([""], ParseError, "parse error : syntax error: unexpected $end"),
        (['{a=~".*"}'], ParseError, "parse error : queries require at least one regexp or equality matcher"),
        (['{a="b"} | json'], WrongKind, "only label matchers are supported"),
    ],
)
def test_other_selectors_are_refused(groups: list[str], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as refused:
        matcher_groups(groups)
    assert str(refused.value).startswith(text)
