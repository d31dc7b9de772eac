from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.prometheus.prometheus_server import PrometheusServer, recorded_engine


@pytest.fixture
def server() -> Iterator[PrometheusServer]:
    """Holds nothing yet."""
    server = PrometheusServer()
    yield server
    server.side.close()


@pytest.fixture
def recorded() -> Iterator[PrometheusServer]:
    """Holds the data set of the recorded requests."""
    server = PrometheusServer(recorded_engine())
    yield server
    server.side.close()
