"""Names and values of tags: what is asked of the engine, and bounds of the answer. Answers are held in test_routes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.tempo.tempo_server import TempoServer
from lgtm.api.incomplete import WARNING_HEADER
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.api.tempo.tags import within
from lgtm.traceql.field_syntax import Attribute
from lgtm.wire.tempo_messages import read_message


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("span.a.b", "a.b"),
        ("span.a%2Fb", "a/b"),
        ("span.a/b", "a/b"),
        ("span.%22a%20b%22", "a b"),
        ("span.values", "values"),
        ("span.%D0%BA%D0%BB%D1%8E%D1%87", "ключ"),
    ],
)
async def test_a_name_may_have_dots_slashes_and_quotes(server: TempoServer, path: str, key: str) -> None:
    assert (await server.get(f"/api/v2/search/tag/{path}/values")).status_code == 200
    assert server.engine.asked["field"] == Attribute("span", key)


async def test_a_bare_name_is_a_key_as_it_stands(server: TempoServer) -> None:
    await server.get("/api/search/tag/span.a%2F%22b%22/values")
    assert server.engine.asked["key"] == 'span.a/"b"'


@pytest.mark.parametrize("path", ["/api/search/tag/service.name/values", "/api/v2/search/tag/resource.service.name/values"])
async def test_values_are_bounded_together_and_that_is_told(path: str) -> None:
    server = TempoServer(TempoApiConfig(tag_values_bytes_max=30))
    response = await server.get(path)
    values = response.json()["tagValues"]
    assert 0 < len(values) < 10
    assert response.headers[WARNING_HEADER].endswith(" values are left out: together they are larger than an answer may be")
    server.side.close()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/search/tags", "SearchTagsResponse"),
        ("/api/v2/search/tags", "SearchTagsV2Response"),
        ("/api/search/tag/service.name/values", "SearchTagValuesResponse"),
        ("/api/v2/search/tag/name/values", "SearchTagValuesV2Response"),
    ],
)
async def test_tags_may_be_had_as_protobuf(server: TempoServer, path: str, message: str) -> None:
    response = await server.get(path, headers={"Accept": "application/protobuf"})
    assert response.headers["content-type"] == "application/protobuf"
    assert len(read_message(message, response.content).metrics.ListFields()) == 4


@given(st.lists(st.text(max_size=4)), st.integers(0, 40))
def test_as_many_are_kept_as_fit(values: list[str], most: int) -> None:
    kept = within(most, values, list(map(len, values)))
    assert kept == values[: len(kept)]
    if most:
        assert sum(map(len, kept)) <= most
        assert len(kept) == len(values) or sum(map(len, values[: len(kept) + 1])) > most
    else:
        assert kept == values
