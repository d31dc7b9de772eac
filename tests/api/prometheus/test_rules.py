"""Rules and alerts, of which there are none yet."""

from __future__ import annotations

import pytest

from api.prometheus.prometheus_server import PrometheusServer


@pytest.mark.parametrize("params", [{}, {"type": "Record"}, {"group_limit": "5", "group_next_token": "x"}, {"match[]": "{a='b'}"}])
async def test_there_are_no_groups(server: PrometheusServer, params: dict[str, str]) -> None:
    assert await server.data("/api/v1/rules", params) == {"groups": []}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"type": "x"}, 'invalid parameter "type": not supported value "x"'),
        ({"match[]": "{}"}, "match[] must contain at least one non-empty matcher"),
        ({"group_limit": "0"}, 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
        ({"group_limit": "x"}, 'invalid parameter "group_limit": strconv.Atoi: parsing "x": invalid syntax'),
        (
            {"group_next_token": "x"},
            'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
        ),
    ],
)
async def test_parameters_are_checked(server: PrometheusServer, params: dict[str, str], text: str) -> None:
    response = await server.get("/api/v1/rules", params)
    assert (response.status_code, response.json()["error"]) == (400, text)


async def test_nobody_is_alerted(server: PrometheusServer) -> None:
    assert await server.data("/api/v1/alerts") == {"alerts": []}
    assert await server.data("/api/v1/alertmanagers") == {"activeAlertmanagers": [], "droppedAlertmanagers": []}
