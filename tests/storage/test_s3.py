from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, NoCredentialsError, ReadTimeoutError
from prometheus_client import CollectorRegistry

from lgtm.clock import ManualClock
from lgtm.storage.config import MIB, S3Config
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import AlreadyExists, ObjectNotFound, StoreUnavailable
from lgtm.storage.s3 import S3Store, make_client
from support.s3 import CREDENTIALS, ScriptedClient, after, new_bucket, s3_server


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def config(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Config:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return new_bucket(endpoint)


def answer(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")


SLOW_DOWN = answer("SlowDown", 503)
COLLISION = answer("ConditionalRequestConflict", 409)
TIMEOUT = ReadTimeoutError(endpoint_url="test")
RESET = ConnectionClosedError(endpoint_url="test")


class Waits(ManualClock):
    """Sleeps take no time and are written down."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def store_of(config: S3Config, client: Any = None, clock: Waits | None = None, metrics: StorageMetrics | None = None) -> S3Store:
    return S3Store(config, metrics or StorageMetrics(CollectorRegistry()), clock=clock or Waits(), rng=random.Random(1), client=client)


@pytest.mark.parametrize("error", [SLOW_DOWN, TIMEOUT, RESET, COLLISION, answer("InternalError", 500), answer("ExpiredToken", 400)])
async def test_what_passes_by_itself_is_tried_again(config: S3Config, error: Exception) -> None:
    client, clock = ScriptedClient(config, "put_object", [error, error]), Waits()
    store = store_of(config, client, clock)
    await store.put("k", b"data")
    assert await store.get("k") == b"data"
    assert len(client.calls) == 3
    assert [0 < wait <= bound for wait, bound in zip(clock.waits, (0.1, 0.2), strict=True)] == [True, True]


@pytest.mark.parametrize("error", [answer("AccessDenied", 403), answer("NoSuchBucket", 404), answer("InvalidArgument", 400), NoCredentialsError()])
async def test_what_needs_a_person_is_not_tried_again(config: S3Config, error: Exception) -> None:
    client = ScriptedClient(config, "put_object", [error])
    with pytest.raises(StoreUnavailable):
        await store_of(config, client).put("k", b"data")
    assert len(client.calls) == 1


async def test_tries_end(config: S3Config) -> None:
    client, clock = ScriptedClient(config, "put_object", [SLOW_DOWN] * 99), Waits()
    with pytest.raises(StoreUnavailable, match="SlowDown"):
        await store_of(config, client, clock).put("k", b"data")
    assert (len(client.calls), len(clock.waits)) == (6, 5)


async def test_a_store_in_trouble_is_not_asked_six_times_as_often(config: S3Config) -> None:
    client = ScriptedClient(config, "put_object", [SLOW_DOWN] * 9_999)
    store = store_of(config, client)
    outcomes = await asyncio.gather(*(store.put(f"k{n}", b"") for n in range(200)), return_exceptions=True)
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert len(client.calls) == 200 + 100  # ten retries a second, ten seconds' worth at once


PROBE: list[Any] = [None, None]


@pytest.mark.parametrize("lost", [TIMEOUT, RESET])
async def test_a_conditional_put_whose_answer_was_lost_meets_itself(config: S3Config, lost: Exception) -> None:
    store = store_of(config, ScriptedClient(config, "put_object", [*PROBE, after(lost)]))
    with pytest.raises(AlreadyExists):
        await store.put("k", b"mine", if_absent=True)
    assert await store.get("k") == b"mine"


async def test_two_conditional_puts_that_collide_are_settled(config: S3Config) -> None:
    store = store_of(config, ScriptedClient(config, "put_object", [*PROBE, COLLISION]))
    await store.put("k", b"mine", if_absent=True)
    assert await store.get("k") == b"mine"


class IgnoresConditions(ScriptedClient):
    def __getattr__(self, name: str) -> Any:
        call = super().__getattr__(name)
        if name != "put_object":
            return call
        return lambda **arguments: call(**{key: value for key, value in arguments.items() if key != "IfNoneMatch"})


async def test_a_store_that_ignores_conditions_is_found_out_and_looked_at_instead(config: S3Config, caplog: pytest.LogCaptureFixture) -> None:
    store = store_of(config, IgnoresConditions(config, "put_object", []))
    assert not await store.puts_conditionally()
    assert "ignores conditional puts" in caplog.text
    await store.put("k", b"first", if_absent=True)
    with pytest.raises(AlreadyExists):
        await store.put("k", b"second", if_absent=True)
    assert await store.get("k") == b"first"


async def test_a_store_that_refuses_conditions_is_looked_at_instead(config: S3Config) -> None:
    assert not await store_of(
        config, ScriptedClient(config, "put_object", [None, answer("NotImplemented", 501)] + [answer("NotImplemented", 501)] * 5)
    ).puts_conditionally()


@pytest.mark.parametrize("script", [[], [after(TIMEOUT)], [TIMEOUT], [None, after(TIMEOUT)], [None, SLOW_DOWN]])
async def test_the_probe_is_right_whatever_happens_to_its_answers_and_leaves_nothing(config: S3Config, script: list[Any]) -> None:
    store = store_of(config, ScriptedClient(config, "put_object", script))
    assert await store.puts_conditionally()
    assert [info async for info in store.list()] == []


async def test_the_probe_is_made_once(config: S3Config) -> None:
    client = ScriptedClient(config, "put_object", [])
    store = store_of(config, client)
    for n in range(3):
        await store.put(f"k{n}", b"", if_absent=True)
    assert len(client.calls) == 2 + 3


async def test_a_body_that_breaks_off_is_fetched_again(config: S3Config, tmp_path: Path) -> None:
    await store_of(config).put("k", b"data")
    client = ScriptedClient(config, "get_object", [after(RESET), after(TIMEOUT)])
    await store_of(config, client).get_file("k", tmp_path / "f")
    assert await asyncio.to_thread((tmp_path / "f").read_bytes) == b"data"
    assert len(client.calls) == 3


async def test_bodies_are_sent_with_a_digest_that_the_store_checks(config: S3Config, tmp_path: Path) -> None:
    client = ScriptedClient(config, "put_object", [])
    store = store_of(config, client)
    await store.put("k", b"data")
    await asyncio.to_thread((tmp_path / "f").write_bytes, b"data")
    await store.put_file("f", tmp_path / "f")
    assert [call["ChecksumSHA256"] for call in client.calls] == ["Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc="] * 2


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_large_file_whose_part_fails_leaves_no_unfinished_upload(config: S3Config, tmp_path: Path, part: int) -> None:
    await asyncio.to_thread((tmp_path / "f").write_bytes, bytes(11 * MIB))
    script = [None] * part + [answer("AccessDenied", 403)]
    client = ScriptedClient(config, "upload_part", script)
    store = store_of(config, client)
    with pytest.raises(StoreUnavailable):
        await store.put_file("k", tmp_path / "f")
    assert "Uploads" not in make_client(config).list_multipart_uploads(Bucket=config.bucket)
    with pytest.raises(ObjectNotFound):
        await store.head("k")
    await store.put_file("k", tmp_path / "f", if_absent=True)
    assert (await store.head("k")).nbytes == 11 * MIB


async def test_operations_and_retries_are_counted(config: S3Config) -> None:
    registry = CollectorRegistry()
    store = store_of(config, ScriptedClient(config, "put_object", [SLOW_DOWN]), metrics=StorageMetrics(registry))
    await store.put("k", b"data")
    with pytest.raises(ObjectNotFound):
        await store.get("absent")
    assert registry.get_sample_value("lgtm_storage_retries_total", {"operation": "put"}) == 1
    assert registry.get_sample_value("lgtm_storage_sent_bytes_total") == 4
    assert registry.get_sample_value("lgtm_storage_operation_seconds_count", {"operation": "get", "outcome": "absent"}) == 1


async def test_an_unreachable_store_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    config = S3Config(bucket="b", endpoint="http://127.0.0.1:1", region="us-east-1", path_style=True, attempts_max=2, connect_timeout_s=1)
    store = store_of(config)
    with pytest.raises(StoreUnavailable):
        await store.get("k")
    await store.close()
