"""A loop that fails ends the process; one that is cancelled does not."""

from __future__ import annotations

import asyncio
import os

import pytest

from lgtm.app.background import EXIT_BUG, background


async def test_loops_run_until_the_context_ends() -> None:
    ended = []

    async def loop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with background(loop, loop):
        await asyncio.sleep(0)
        assert not ended
    assert ended == [True, True]


async def test_a_loop_that_fails_ends_the_process(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)

    async def loop() -> None:
        raise RuntimeError("a bug")

    async with background(loop):
        while not codes:  # noqa: ASYNC110 # the callback has no event
            await asyncio.sleep(0)
    assert codes == [EXIT_BUG]
    assert "a background task failed" in caplog.text
