"""Short texts are read at once; while a long one is read, the loop goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from lgtm.api.reader import INLINE_LENGTH_MAX, TextReader


@pytest.fixture
def reader() -> Iterator[TextReader]:
    reader = TextReader("read-test")
    yield reader
    reader.close()


async def test_a_short_text_is_read_at_once(reader: TextReader) -> None:
    assert await reader.read(INLINE_LENGTH_MAX, threading.current_thread) is threading.current_thread()


async def test_while_a_long_text_is_read_the_loop_goes_on(reader: TextReader) -> None:
    let_it_end = threading.Event()
    reading = asyncio.ensure_future(reader.read(INLINE_LENGTH_MAX + 1, let_it_end.wait))
    await asyncio.sleep(0)
    assert not reading.done()
    let_it_end.set()
    assert await reading


async def test_what_is_wrong_with_a_long_text_is_told(reader: TextReader) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await reader.read(INLINE_LENGTH_MAX + 1, lambda: int("x"))
