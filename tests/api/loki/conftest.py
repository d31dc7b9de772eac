from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.loki.query_server import QueryServer


@pytest.fixture
def server() -> Iterator[QueryServer]:
    server = QueryServer()
    yield server
    server.side.close()
