from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.push_server import PushServer


@pytest.fixture
def server() -> Iterator[PushServer]:
    server = PushServer()
    yield server
    server.bodies.close()
