from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.tempo.tempo_server import TempoServer


@pytest.fixture
def server() -> Iterator[TempoServer]:
    server = TempoServer()
    yield server
    server.side.close()
