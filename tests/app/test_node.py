"""The process: what it prints, how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TIMEOUT_S = 30


@contextmanager
def serve(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    ports = [f"--{name}=0" for name in ("http-port", "otlp-http-port", "otlp-grpc-port")]
    command = [sys.executable, "-m", "lgtm.cli.main", "serve", "--data-dir", str(directory), *ports, "--set", "server.host=127.0.0.1", *arguments]
    with (
        (directory.parent / "stderr").open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def wait_until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("The node itself"):
            break
    return "".join(lines)


def stderr_of(directory: Path) -> str:
    return (directory.parent / "stderr").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_with_0(tmp_path: Path, number: signal.Signals) -> None:
    with serve(tmp_path / "data") as process:
        text = wait_until_ready(process)
        assert text.startswith(f"lgtm is ready. Data is in {tmp_path / 'data'}.\nSend logs, traces and metrics to\n")
        process.send_signal(number)
        assert process.wait(TIMEOUT_S) == 0
    assert "Traceback" not in stderr_of(tmp_path / "data")


def test_a_port_that_is_taken_ends_the_start_by_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve(tmp_path / "data", "--http-port", str(port)) as process:
            assert process.wait(TIMEOUT_S) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in stderr_of(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_directory_that_is_taken_ends_the_start(tmp_path: Path) -> None:
    with serve(tmp_path / "data") as first:
        wait_until_ready(first)
        with serve(tmp_path / "data") as second:
            assert second.wait(TIMEOUT_S) == 1
    assert "Traceback" not in stderr_of(tmp_path / "data")


def test_a_wrong_file_of_what_is_scraped_ends_the_start_before_anything_is_touched(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text("scrape_configs: [{job_name: j, scheme: gopher}]")
    with serve(tmp_path / "data", "--set", f"scrape.config_file={file}") as process:
        assert process.wait(TIMEOUT_S) == 1
    assert stderr_of(tmp_path / "data") == f'lgtm: {file}: scrape_configs[0].scheme: "gopher" is none of http, https\n'
    assert not (tmp_path / "data").exists()
