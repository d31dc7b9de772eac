"""What every object store promises, so that tests with one of them speak for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.storage.config import MIB
from lgtm.storage.local import LocalStore
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import AlreadyExists, InvalidKey, ObjectNotFound, ObjectStore
from lgtm.storage.s3 import S3Store
from support.s3 import CREDENTIALS, new_bucket, s3_server


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(params=["memory", "local", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ObjectStore]:
    made: ObjectStore
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "local":
        made = LocalStore(tmp_path / "objects")
    else:
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        made = S3Store(new_bucket(request.getfixturevalue("s3_endpoint")), StorageMetrics(CollectorRegistry()))
    yield made
    await made.close()


async def keys(store: ObjectStore, prefix: str = "", start_after: str = "") -> list[str]:
    return [info.key async for info in store.list(prefix, start_after=start_after)]


def files_of(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir() if path.is_file()}


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 100_000])
async def test_what_was_put_is_what_one_gets(store: ObjectStore, data: bytes) -> None:
    await store.put("a/b", data)
    assert await store.get("a/b") == data
    assert (await store.head("a/b")).nbytes == len(data)


async def test_a_put_replaces_what_was_there(store: ObjectStore) -> None:
    await store.put("k", b"old, and longer")
    await store.put("k", b"new")
    assert await store.get("k") == b"new"


async def test_only_the_first_put_if_absent_succeeds(store: ObjectStore) -> None:
    await store.put("k", b"first", if_absent=True)
    with pytest.raises(AlreadyExists):
        await store.put("k", b"second", if_absent=True)
    assert await store.get("k") == b"first"


async def test_of_many_racing_writers_one_succeeds(store: ObjectStore) -> None:
    outcomes = await asyncio.gather(*(store.put("k", b"%d" % n, if_absent=True) for n in range(8)), return_exceptions=True)
    winners = [n for n, outcome in enumerate(outcomes) if outcome is None]
    assert len(winners) == 1
    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 7
    assert await store.get("k") == b"%d" % winners[0]


@pytest.mark.parametrize("nbytes", [0, 10, 11 * MIB])
async def test_files_go_in_and_out(store: ObjectStore, tmp_path: Path, nbytes: int) -> None:
    sent, received = tmp_path / "sent", tmp_path / "received"
    data = (b"0123456789abcde\n" * (nbytes // 16 + 1))[:nbytes]
    sent.write_bytes(data)
    await store.put_file("d/f", sent)
    await store.get_file("d/f", received)
    assert received.read_bytes() == await store.get("d/f") == data
    with pytest.raises(AlreadyExists):
        await store.put_file("d/f", sent, if_absent=True)
    assert files_of(tmp_path) >= {"received", "sent"}
    assert not any(name.endswith(".part") for name in files_of(tmp_path))


async def test_an_object_stays_when_the_file_it_came_from_goes(store: ObjectStore, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(b"data")
    await store.put_file("k", sent)
    sent.unlink()
    sent.write_bytes(b"other")
    assert await store.get("k") == b"data"


@pytest.mark.parametrize(("start", "length", "expected"), [(0, 3, b"012"), (8, 5, b"89"), (10, 1, b""), (99, 1, b""), (2, 0, b"")])
async def test_a_range_ends_where_the_object_does(store: ObjectStore, start: int, length: int, expected: bytes) -> None:
    await store.put("k", b"0123456789")
    assert await store.get_range("k", start, length) == expected


async def test_what_is_not_there_is_not_found(store: ObjectStore, tmp_path: Path) -> None:
    await store.put("a/b", b"")
    for key in ("x", "a/x", "a", "a/b/c"):
        for reading in (store.get(key), store.get_range(key, 0, 1), store.head(key), store.get_file(key, tmp_path / "f")):
            with pytest.raises(ObjectNotFound):
                await reading
    assert files_of(tmp_path) == set()


async def test_deleting_is_done_when_nothing_is_left(store: ObjectStore) -> None:
    await store.put("a/b", b"")
    await store.delete("a/b")
    await store.delete("a/b")
    await store.delete("never/was")
    assert await keys(store) == []
    await store.put("a/b", b"", if_absent=True)


async def test_a_listing_is_sorted_by_key_as_bytes(store: ObjectStore) -> None:
    there = ["a!b", "a-b/c", "a/b!", "a/b/c", "a0", "a=1/x", "b"]
    for name in reversed(there):
        await store.put(name, name.encode())
    assert await keys(store) == there
    assert [info.nbytes async for info in store.list()] == [len(name) for name in there]


@pytest.mark.parametrize(
    ("prefix", "start_after", "expected"),
    [
        ("t=a/", "", ["t=a/1", "t=a/2", "t=a/sub/3"]),
        ("t=a", "", ["t=a!/0", "t=a/1", "t=a/2", "t=a/sub/3", "t=ab/4"]),
        ("t=a/s", "", ["t=a/sub/3"]),
        ("t=a/sub/3", "", ["t=a/sub/3"]),
        ("t=", "t=a/1", ["t=a/2", "t=a/sub/3", "t=ab/4"]),
        ("t=", "t=a0", ["t=ab/4"]),
        ("t=a/", "t=a/sub/3", []),
        ("t=a/", "t=a/sub", ["t=a/sub/3"]),
        ("x", "", []),
    ],
)
async def test_a_listing_has_what_the_prefix_says_after_the_start(store: ObjectStore, prefix: str, start_after: str, expected: list[str]) -> None:
    for name in ("t=a!/0", "t=a/1", "t=a/2", "t=a/sub/3", "t=ab/4"):
        await store.put(name, b"")
    assert await keys(store, prefix, start_after) == expected


async def test_a_listing_goes_on_past_a_page(store: ObjectStore) -> None:
    names = [f"k/{n:05d}" for n in range(1_050)]
    for start in range(0, len(names), 50):
        await asyncio.gather(*(store.put(name, b"") for name in names[start : start + 50]))
    assert await keys(store, "k/") == names


@pytest.mark.parametrize(
    "key", ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", ".hidden", "a\\b", "a\0b", "a\nb", "ü", "a b", "%2e%2e/a", "a" * 901]
)
async def test_what_is_no_key_reaches_no_store(store: ObjectStore, key: str, tmp_path: Path) -> None:
    for attempt in (store.put(key, b""), store.get(key), store.head(key), store.delete(key), store.get_file(key, tmp_path / "f")):
        with pytest.raises(InvalidKey):
            await attempt
    with pytest.raises(InvalidKey):
        store.local_path(key)


async def test_a_local_path_holds_the_object(store: ObjectStore) -> None:
    await store.put("a/b", b"data")
    path = store.local_path("a/b")
    assert path is None or path.read_bytes() == b"data"
