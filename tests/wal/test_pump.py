import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lgtm.wal.config import WalConfig
from lgtm.wal.disk import OsDisk
from lgtm.wal.log import Log


async def test_one_sync_wakes_the_loop_once_however_many_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = await Log.open(OsDisk(), tmp_path, WalConfig(reserve_file=False))
    loop = asyncio.get_running_loop()
    wakeups: list[str] = []
    original = loop.call_soon_threadsafe

    def counted(callback: Callable[..., object], *arguments: object) -> asyncio.Handle:
        wakeups.append(threading.current_thread().name)
        return original(callback, *arguments)

    gate = threading.Event()
    log._pump.call(gate.wait)  # the thread is busy while the appends collect
    tasks = [asyncio.ensure_future(log.append(b"x" * 100)) for _ in range(500)]
    await asyncio.sleep(0)
    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    gate.set()
    await asyncio.gather(*tasks)
    monkeypatch.undo()
    assert len(wakeups) <= 4, "one for the call, one for all appends, and what the housekeeping asks meanwhile"
    assert set(wakeups) == {"wal_0"}
    await log.close()


async def test_calls_keep_their_order_among_the_appends(tmp_path: Path) -> None:
    log, _ = await Log.open(OsDisk(), tmp_path, WalConfig(reserve_file=False))
    first = asyncio.ensure_future(log.append(b"x"))
    await asyncio.sleep(0)
    seen = log._pump.call(lambda: log._writer.last_lsn)
    second = asyncio.ensure_future(log.append(b"y"))
    assert (await first, await seen, await second) == (2, 2, 3)
    await log.close()
