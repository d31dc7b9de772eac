import json
from typing import Any

from lgtm.cli.batches import BYTES_MAX, LINES_MAX, Batch
from lgtm.clock import ManualClock


def document(batch: Batch) -> Any:
    body = batch.take()
    assert body is not None
    return json.loads(body.data)


def test_lines_of_one_moment_keep_their_order_by_times_of_their_own() -> None:
    clock = ManualClock(now_ns=1_000)
    batch = Batch({"app": "a"}, clock)
    for line in (b"one", b"two"):
        batch.add(line)
    clock.jump(-1)
    batch.add(b"three")
    assert document(batch) == {"streams": [{"stream": {"app": "a"}, "values": [["1000", "one"], ["1001", "two"], ["1002", "three"]]}]}


def test_an_empty_batch_is_nothing_to_send() -> None:
    assert Batch({}, ManualClock()).take() is None


def test_a_batch_is_full_by_lines_or_by_bytes() -> None:
    many, large = Batch({}, ManualClock()), Batch({}, ManualClock())
    for _ in range(LINES_MAX):
        assert not many.is_full
        many.add(b"")
    large.add(b"x" * BYTES_MAX)
    assert many.is_full
    assert large.is_full
    assert (body := many.take()) is not None
    assert (body.line_count, body.line_bytes, many.is_full) == (LINES_MAX, 0, False)


def test_bytes_that_are_no_text_are_replaced() -> None:
    batch = Batch({}, ManualClock())
    batch.add(b"caf\xe9 \xc3\xa9")
    assert document(batch)["streams"][0]["values"][0][1] == "caf� é"
