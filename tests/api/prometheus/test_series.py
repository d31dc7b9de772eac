"""Series, names of labels and their values."""

from __future__ import annotations

from urllib.parse import quote as url_quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.prometheus.params import TIME_MS_MAX
from lgtm.api.prometheus.series import label_name, unescaped


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("job", "job"),
        ("U__http_2e_status", "http.status"),
        ("U__a__b", "a_b"),
        ("U___2E__2e_", ".."),
        ("U__", ""),
        ("U___e9_t_e9_", "été"),
        ("U___1f600_", "😀"),
        ("U__a_b", "U__a_b"),
        ("U__a_", "U__a_"),
        ("U___d800_", "U___d800_"),
        ("U___110000_", "U___110000_"),
    ],
)
def test_names_may_be_escaped(name: str, plain: str) -> None:
    assert unescaped(name) == plain


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_escaped_name_reads_back(name: str) -> None:
    escaped = "U__" + "".join("__" if c == "_" else c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name)
    assert unescaped(escaped) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda name: not name.startswith("U__")))
def test_the_name_in_a_path_may_be_any_text(name: str) -> None:
    path = f"/prometheus/api/v1/label/{url_quote(name, safe='')}/values"
    assert label_name(path.encode()) == name
    assert label_name(path.encode() + b"?limit=1") == name


@pytest.mark.parametrize(("part", "told"), [(b"", '""'), (b"%FF", '"\\xff"'), (b"U__", '""')])
def test_what_is_no_name_is_refused(part: bytes, told: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        label_name(b"/api/v1/label/" + part + b"/values")
    assert str(refused.value) == f"invalid label name: {told}"


async def test_names_with_slashes_and_labels_called_values_are_found(recorded: PrometheusServer) -> None:
    for name in ("a%2Fb", "label", "values", "a/b"):
        assert await recorded.data(f"/api/v1/label/{name}/values") == []
    assert recorded.engine.asked["name"] == "a/b"


async def test_all_series_are_listed_unless_there_is_a_selector(recorded: PrometheusServer) -> None:
    await recorded.data("/api/v1/labels")
    assert recorded.engine.asked == {"tenant": "conf", "matchers": [], "start_ms": -TIME_MS_MAX, "end_ms": TIME_MS_MAX, "limit": 0}


async def test_one_more_than_the_limit_is_asked_for_and_not_told(recorded: PrometheusServer) -> None:
    for path, params in (("series", {"match[]": "up"}), ("labels", {}), ("label/job/values", {})):
        answer = (await recorded.get(f"/api/v1/{path}", {"limit": "2", **params})).json()
        assert recorded.engine.asked["limit"] == 3
        assert (len(answer["data"]), answer["warnings"]) == (2, ["results truncated due to limit"])
        exact = (await recorded.get(f"/api/v1/{path}", {"limit": "1000", **params})).json()
        assert "warnings" not in exact


async def test_a_selector_that_cannot_be_decoded_is_no_selector_less(recorded: PrometheusServer) -> None:
    response = await recorded.get("/api/v1/labels?match[]=%zz")
    assert (response.status_code, response.json()["error"]) == (400, 'error parsing form values: invalid URL escape "%zz"')
