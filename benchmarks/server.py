"""A node as a process of its own: started, asked, stopped or killed; its CPU time and memory as the kernel accounts for them."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from benchmarks.client import Client

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
UNLIMITED = {
    "limits.ingestion_rate_bytes": "0",
    "limits.ingestion_burst_bytes": "0",
    "limits.traces_rate_bytes": "0",
    "limits.metrics_rate_samples": "0",
}
"""Rate limits off: what is measured is what the node can do, not what a tenant may."""


class NodeDied(Exception):
    """The process ended although nobody asked it to."""


class NodeProcess:
    """`lgtm serve` on free ports of the loopback interface. Leaving the context kills it."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        """Returns once the node has said that it is ready. Raises NodeDied, with what it wrote to standard error."""
        self.data_dir = data_dir
        self.log_path = data_dir.with_name(f"{data_dir.name}.log")
        options = {"server.host": "127.0.0.1", **UNLIMITED, **(settings or {})}
        command = [sys.executable, "-m", "lgtm.cli.main", "serve", "--data-dir", str(data_dir)]
        command += [f"--{name}=0" for name in ("http-port", "otlp-http-port", "otlp-grpc-port")]
        command += [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
        self.client = Client("http://127.0.0.1")
        self.started_s = time.perf_counter()
        environ = {name: value for name, value in os.environ.items() if not name.startswith("LGTM_")}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environ)
        try:
            self.http, self.otlp_http, self.otlp_grpc = self._addresses()
        except BaseException:
            self.kill()
            raise
        self.ready_s = time.perf_counter()
        self.client = Client(self.http)

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self.process.pid

    def cpu_s(self) -> float:
        """User and system time since it started, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def rss_peak_bytes(self) -> int:
        return self._status_kb("VmHWM") * 1024

    def rss_bytes(self) -> int:
        return self._status_kb("VmRSS") * 1024

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name with labels, as it is written there."""
        lines = self.client.get("/metrics").body.decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line and line[0] != "#")}

    def metric(self, name: str) -> float:
        """Sum of all samples of the name, whatever their labels."""
        return sum(value for key, value in self.metrics().items() if key.split("{")[0] == name)

    def flush(self, timeout_s: float = 120.0) -> None:
        """Returns once everything is in blocks."""
        deadline = time.monotonic() + timeout_s
        self.client.post("/flush", b"")
        while self.metric("lgtm_ingester_head_rows"):
            if time.monotonic() > deadline:
                raise TimeoutError("rows are still in memory; see " + str(self.log_path))
            time.sleep(0.05)

    def stop(self) -> int:
        """Ends it as an orchestrator would, which flushes; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> None:
        """Ends it as a power cut of the process would: nothing of it runs any more."""
        if self.process.poll() is None:
            self.process.kill()
        self._ended()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _ended(self) -> int:
        code = self.process.wait(STOP_TIMEOUT_S)
        self.client.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def _addresses(self) -> tuple[str, str, str]:
        """From the lines that `lgtm serve` greets with; the last one says that all of them are there."""
        assert self.process.stdout is not None
        said, deadline = b"", time.monotonic() + START_TIMEOUT_S
        while b"The node itself" not in said:
            if not select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise NodeDied(f"not ready after {START_TIMEOUT_S:.0f} s\n{self.log()[-2_000:]}")
            if not (more := os.read(self.process.stdout.fileno(), 65_536)):
                raise NodeDied(f"ended with {self.process.wait()} while starting\n{self.log()[-2_000:]}")
            said += more
        found = dict(re.findall(r"(Loki push|OTLP/HTTP|OTLP/gRPC) +(http://[^/,\s]+)", said.decode()))
        return found["Loki push"], found["OTLP/HTTP"], found["OTLP/gRPC"]

    def _status_kb(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise NodeDied(f"no {name} of process {self.pid}")


def settle(node: NodeProcess, quiet_s: float = 1.0, timeout_s: float = 60.0) -> None:
    """Returns once the node uses less than a twentieth of a core: compaction and merging of what was pushed are over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        before = node.cpu_s()
        time.sleep(quiet_s)
        if node.cpu_s() - before <= quiet_s / 20:
            return
    raise TimeoutError("the node does not come to rest")


def disk_bytes(directory: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
