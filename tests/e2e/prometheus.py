"""A stock Prometheus as a process of its own, scraping and writing to a node by remote write."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.client import Client
from e2e.asking import eventually

BINARY = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
"""The Debian package `prometheus` has one; any other is named by the variable PROMETHEUS."""
SCRAPE_S = 1


class StockPrometheus:
    """Scrapes itself (job `prometheus`) and the targets (job `nodes`) every second. Leaving the context kills it."""

    def __init__(self, directory: Path, *, targets: Sequence[str], remote_write: str) -> None:
        directory.mkdir()
        self.address = f"127.0.0.1:{_free_port()}"
        jobs = {"prometheus": [self.address], "nodes": list(targets)}
        settings = {
            "global": {"scrape_interval": f"{SCRAPE_S}s", "scrape_timeout": f"{SCRAPE_S}s"},
            "scrape_configs": [{"job_name": job, "static_configs": [{"targets": listed}]} for job, listed in jobs.items()],
            "remote_write": [{"url": remote_write, "queue_config": {"batch_send_deadline": "500ms"}}],
        }
        config = directory / "prometheus.yml"
        config.write_text(json.dumps(settings))  # JSON is YAML
        command = [str(BINARY), f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={self.address}"]
        with (directory / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self.client = Client(f"http://{self.address}")

    def __enter__(self) -> StockPrometheus:
        eventually(self._is_ready)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self.client.close()

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, "prometheus ended while starting"
        try:
            return self.client.get("/-/ready").status == 200
        except ConnectionError:
            return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
