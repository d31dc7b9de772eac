"""Full disks, object stores that are away, and orders to stop: nothing acknowledged is lost, and the node comes back by itself."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from benchmarks.client import Answer
from benchmarks.datasets import LOKI, NS_PER_S, Shape, dataset
from benchmarks.server import NodeProcess
from e2e.asking import count, eventually, result
from e2e.conftest import Start
from e2e.pushing import Pushing
from support.s3 import CREDENTIALS

SHAPE = Shape(lines=2_000, lines_per_request=100, seconds=2_000)
START_NS = 1_790_000_000 * NS_PER_S + 1
LINE_BYTES = 100_000
MB = 1_000_000
SMALL_LOG = {
    "wal.segment_bytes_max": "4MiB",
    "wal.payload_bytes_max": "1MiB",
    "wal.quiet_s": "0.1",
    "wal.pending_bytes_max": "4MiB",
}
SMALL_HEAD = {"ingester.generation_bytes_max": "2MiB", "ingester.head_bytes_max": "6MiB", "ingester.flush_retry_s_max": "1"}


class Feeder:
    """Pushes lines that do not compress, one a request, and remembers how many were acknowledged."""

    def __init__(self, node: NodeProcess) -> None:
        self.acked = 0
        self._node, self._sent = node, 0

    def push(self) -> Answer:
        line = base64.b64encode(os.urandom(LINE_BYTES * 3 // 4)).decode()
        body = {"streams": [{"stream": {"app": "feed"}, "values": [[str(START_NS + self._sent), line]]}]}
        self._sent += 1
        answer = self._node.client.post("/loki/api/v1/push", json.dumps(body).encode(), {"Content-Type": "application/json"})
        self.acked += answer.status == 204
        return answer

    def push_until_refused(self, lines_max: int) -> Answer:
        for _ in range(lines_max):
            if (answer := self.push()).status != 204:
                return answer
        raise AssertionError(f"{lines_max} lines were accepted although there is no room for them")

    def counted(self) -> int:
        found = result(lambda: self._node.client.query('sum(count_over_time({app="feed"}[10s]))', time=START_NS + 5 * NS_PER_S))
        return int(found[0]["value"][1]) if found else 0


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """64 MB of their own."""
    path = tmp_path / "volume"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(path)], capture_output=True, check=False, text=True)
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: what a full disk does, because no tmpfs can be mounted here ({mounted.stderr.strip()})")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path: Path) -> None:
    """Takes all space of the volume but one MB. The node allocates segments meanwhile, so what is free is asked again until nothing is in between."""
    with path.open("wb") as file:
        for _ in range(100):
            volume = os.statvfs(path)
            free = volume.f_bavail * volume.f_frsize
            if free <= MB:
                return
            taken = os.fstat(file.fileno()).st_size
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), taken, free - MB)
    raise AssertionError("the volume does not fill up")


def test_a_full_disk_refuses_before_logging_and_recovers_by_itself(start: Start, small_volume: Path, tmp_path: Path) -> None:
    node = start(
        small_volume / "data", {**SMALL_LOG, "storage.directory": str(tmp_path / "blocks"), "storage.cache_directory": str(tmp_path / "cache")}
    )
    feeder = Feeder(node)
    for _ in range(10):
        assert feeder.push().status == 204
    fill(small_volume / "of somebody else")
    refused = eventually(feeder.push, is_right=lambda answer: answer.status == 503)
    assert b"no space" in refused.body or b"full" in refused.body
    logged = node.metric("lgtm_wal_frames_total")
    assert feeder.push().status == 503
    assert node.metric("lgtm_wal_frames_total") == logged, "refused before it was logged"
    assert feeder.counted() == feeder.acked, "reads go on"
    (small_volume / "of somebody else").unlink()
    eventually(feeder.push, is_right=lambda answer: answer.status == 204)
    assert feeder.counted() == feeder.acked
    node.kill()
    node = start(
        small_volume / "data", {**SMALL_LOG, "storage.directory": str(tmp_path / "blocks"), "storage.cache_directory": str(tmp_path / "cache")}
    )
    assert Feeder(node).counted() == feeder.acked


def test_acks_go_on_without_the_local_store_until_the_bound_and_it_catches_up(start: Start, tmp_path: Path) -> None:
    blocks = tmp_path / "blocks"
    node = start(settings={**SMALL_HEAD, "storage.directory": str(blocks)})

    @contextlib.contextmanager
    def away() -> Iterator[None]:
        moved = blocks.rename(tmp_path / "elsewhere") if blocks.exists() else None
        blocks.write_text("not a directory")
        yield
        blocks.unlink()
        if moved is not None:
            moved.rename(blocks)

    check_outage(node, away())


def test_acks_go_on_without_s3_until_the_bound_and_it_catches_up(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    boto3.client("s3", region_name="us-east-1", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="logs")
    s3 = {
        "bucket": "logs",
        "endpoint": f"http://{host}:{port}",
        "region": "us-east-1",
        "path_style": "true",
        "attempts_max": "2",
        "backoff_max_s": "0.1",
        "connect_timeout_s": "1",
    }
    node = start(settings={**SMALL_HEAD, "storage.store": "s3", **{f"storage.s3.{name}": value for name, value in s3.items()}})

    @contextlib.contextmanager
    def away() -> Iterator[None]:
        server.stop()
        yield
        again.start()

    again = ThreadedMotoServer(host, port, verbose=False)
    try:
        check_outage(node, away())
    finally:
        node.kill()
        again.stop()


def check_outage(node: NodeProcess, away: contextlib.AbstractContextManager[None]) -> None:
    feeder = Feeder(node)
    assert feeder.push().status == 204
    assert feeder.counted() == 1, "the list of blocks was read, so that later answers need the store no more"
    with away:
        refused = feeder.push_until_refused(lines_max=200)
        assert feeder.acked > 2 * 1024 * 1024 // LINE_BYTES, "acks went on beyond the generation that could not be flushed"
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) > 0
        assert b"object store" in refused.body
        assert feeder.counted() == feeder.acked, "reads go on"
    eventually(feeder.push, is_right=lambda answer: answer.status == 204)
    node.flush()
    assert feeder.counted() == feeder.acked


def test_told_to_stop_it_flushes_and_leaves_nothing_to_replay(start: Start, tmp_path: Path) -> None:
    data, place = dataset(LOKI, SHAPE, start_ns=START_NS), tmp_path / "data"
    node = start(place)
    with Pushing(node.http, data, range(len(data.requests))) as pushing:
        pass
    assert len(pushing.acked) == len(data.requests)
    assert node.stop() == 0
    assert sum(json.loads(meta.read_bytes())["row_count"] for meta in (place / "blocks").rglob("meta.json")) == SHAPE.lines
    node = start(place)
    assert node.metric("lgtm_ingester_replayed_rows_total") == 0
    assert count(node.client, data) == SHAPE.lines
