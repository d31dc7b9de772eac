from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from lgtm.storage.local import LocalStore
from lgtm.storage.objects import StoreUnavailable


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """System calls that make an object durable, in order, by what they touch."""
    seen: list[str] = []
    fsync, link, replace = os.fsync, os.link, Path.replace

    def noted_fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        seen.append(f"sync {path.parent.name}/" if path.is_file() else "sync directory")
        fsync(descriptor)

    def noted_link(source: Any, target: Any) -> None:
        seen.append("link")
        link(source, target)

    def noted_replace(path: Path, target: Path) -> Path:
        seen.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "link", noted_link)
    monkeypatch.setattr(Path, "replace", noted_replace)
    return seen


@pytest.mark.parametrize(("if_absent", "placing"), [(False, "rename"), (True, "link")])
async def test_an_object_is_synced_before_it_has_its_name_and_the_name_before_the_put_returns(
    tmp_path: Path, calls: list[str], if_absent: bool, placing: str
) -> None:
    store = LocalStore(tmp_path)
    await store.put("a/b", b"data", if_absent=if_absent)
    assert calls == ["sync .tmp/", "sync directory", placing, "sync directory"]  # the directory `a` is new and synced into its parent first
    await store.close()


@pytest.mark.parametrize("failing", ["write_bytes", "replace"])
async def test_a_full_disk_leaves_nothing_and_is_not_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    store = LocalStore(tmp_path)
    await store.put("a/b", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(Path, failing, full)
        with pytest.raises(StoreUnavailable, match="no space left"):
            await store.put("a/b", b"new")
    assert await store.get("a/b") == b"old"
    assert os.listdir(tmp_path / ".tmp") == []
    await store.close()


async def test_a_failed_sync_is_not_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    store = LocalStore(tmp_path)
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StoreUnavailable, match="input/output"):
        await store.put("a/b", b"data")
    await store.close()


async def test_what_a_crashed_put_left_behind_is_invisible_and_removed_a_day_later(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    for name, mtime in (("old", 1), ("new", None)):
        descriptor = os.open(tmp_path / ".tmp" / name, os.O_CREAT | os.O_WRONLY)
        os.close(descriptor)
        if mtime:
            os.utime(tmp_path / ".tmp" / name, (mtime, mtime))
    assert [info async for info in store.list()] == []
    await store.close()
    again = LocalStore(tmp_path)
    assert os.listdir(tmp_path / ".tmp") == ["new"]
    await again.close()


async def test_two_stores_on_one_directory_see_the_same(tmp_path: Path) -> None:
    one, other = LocalStore(tmp_path), LocalStore(tmp_path)
    await one.put("k", b"data", if_absent=True)
    assert await other.get("k") == b"data"
    await one.close()
    await other.close()
